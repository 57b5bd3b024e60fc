package cluster

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
)

// maxNames limits the names in a server's certificates. They stay in memory for as
// long as the connection does, and a URI of four bytes becomes a url.URL there.
const maxNames = 1000

var errManyNames = fmt.Errorf("the server's certificates have more than %d names", maxNames)

// limitNames refuses a connection whose certificates have too many names, or other parts.
func limitNames(state tls.ConnectionState) error {
	names := 0
	for _, c := range state.PeerCertificates {
		names += len(c.URIs) + len(c.DNSNames) + len(c.IPAddresses) + len(c.EmailAddresses) +
			len(c.Subject.Names) + len(c.Issuer.Names) + len(c.Extensions) + len(c.Policies) + len(c.UnknownExtKeyUsage) +
			len(c.CRLDistributionPoints) + len(c.OCSPServer) + len(c.IssuingCertificateURL) + constraints(c)
	}
	if names > maxNames {
		return errManyNames
	}
	return nil
}

// constraints returns how many names a certificate authority may, and may not, vouch for.
func constraints(c *x509.Certificate) int {
	return len(c.PermittedDNSDomains) + len(c.ExcludedDNSDomains) + len(c.PermittedIPRanges) + len(c.ExcludedIPRanges) +
		len(c.PermittedEmailAddresses) + len(c.ExcludedEmailAddresses) + len(c.PermittedURIDomains) + len(c.ExcludedURIDomains)
}
