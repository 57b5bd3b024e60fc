package cluster

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
)

// What a server's certificates may have together. They stay in memory for as long as the
// connection does, and a server may send new ones for each.
const (
	// maxCertificateBytes: crypto/tls keeps them several times. A long chain of a public
	// authority has 12 KB, one of ML-DSA 17.
	maxCertificateBytes = 20 << 10
	// maxProofBytes limits what a server adds to say that they are valid: an OCSP response
	// has up to 5 KB, a signed certificate timestamp (SCT) some 120 bytes.
	maxProofBytes = 8 << 10
	// maxURIs limits those and e-mail addresses, of which servers have one or none. A URI
	// of four bytes becomes a url.URL.
	maxURIs = 50
	// maxHosts limits DNS names and IP addresses.
	maxHosts = 1000
	// maxParts limits the rest, of which each certificate has some 25.
	maxParts = 250
)

// limitCertificates refuses a connection whose certificates are too long, or have too many
// names or other parts.
func limitCertificates(state tls.ConnectionState) error {
	length, uris, hosts := 0, 0, 0
	proof, parts := len(state.OCSPResponse), len(state.SignedCertificateTimestamps)
	for _, stamp := range state.SignedCertificateTimestamps {
		proof += len(stamp)
	}
	for _, c := range state.PeerCertificates {
		length += len(c.Raw)
		uris += len(c.URIs) + len(c.EmailAddresses)
		hosts += len(c.DNSNames) + len(c.IPAddresses)
		parts += len(c.Subject.Names) + len(c.Issuer.Names) + len(c.Extensions) + len(c.Policies) + len(c.UnknownExtKeyUsage) +
			len(c.CRLDistributionPoints) + len(c.OCSPServer) + len(c.IssuingCertificateURL) + constraints(c)
	}
	for _, of := range []struct {
		has, limit int
		what       string
	}{
		{length, maxCertificateBytes, "bytes"},
		{proof, maxProofBytes, "bytes of OCSP and SCTs"},
		{uris, maxURIs, "URIs and e-mail addresses"},
		{hosts, maxHosts, "DNS names and IP addresses"},
		{parts, maxParts, "other parts, such as names of their owners and extensions"},
	} {
		if of.has > of.limit {
			return &limitError{fmt.Sprintf("the server's certificates have %d %s, more than %d", of.has, of.what, of.limit)}
		}
	}
	return nil
}

// constraints returns how many names a certificate authority may, and may not, vouch for.
func constraints(c *x509.Certificate) int {
	return len(c.PermittedDNSDomains) + len(c.ExcludedDNSDomains) + len(c.PermittedIPRanges) + len(c.ExcludedIPRanges) +
		len(c.PermittedEmailAddresses) + len(c.ExcludedEmailAddresses) + len(c.PermittedURIDomains) + len(c.ExcludedURIDomains)
}
