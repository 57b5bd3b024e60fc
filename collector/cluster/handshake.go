package cluster

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"
)

const (
	// maxHandshakeBytes limits what a server sends of a TLS handshake. Go takes 256 KiB
	// of certificates, before it trusts any; a long chain of a public authority has 8 KiB,
	// one of ML-DSA some 20.
	maxHandshakeBytes = 32 << 10
	// maxNames limits the names in a server's certificates. They stay in memory for as
	// long as the connection does, and a URI of four bytes becomes a url.URL there.
	maxNames = 1000
)

var (
	errLongHandshake = fmt.Errorf("the TLS handshake is longer than %d bytes", maxHandshakeBytes)
	errManyNames     = fmt.Errorf("the server's certificates have more than %d names", maxNames)
)

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

// handshake finds the connection that is dialed for a request, to limit what is read of
// its TLS handshake.
type handshake struct{ conn atomic.Pointer[limitedConn] }

type handshakeKey struct{}

// limitHandshake has what a server sends in a handshake limited, if the request needs a
// new connection, and dial makes it.
func limitHandshake(req *http.Request) *http.Request {
	h := &handshake{}
	set := func(limit int64) {
		if conn := h.conn.Load(); conn != nil {
			conn.left.Store(limit)
		}
	}
	ctx := context.WithValue(req.Context(), handshakeKey{}, h)
	return req.WithContext(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		TLSHandshakeStart: func() { set(maxHandshakeBytes) },
		TLSHandshakeDone:  func(tls.ConnectionState, error) { set(unlimited) },
	}))
}

// dial connects to a server, or to the proxy before it.
func dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{Timeout: 30 * time.Second, KeepAlive: 30 * time.Second}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	limited := &limitedConn{Conn: conn}
	limited.left.Store(unlimited)
	if h, is := ctx.Value(handshakeKey{}).(*handshake); is {
		h.conn.Store(limited)
	}
	return limited, nil
}

const unlimited = -1

// limitedConn is a connection of which so much may be read.
type limitedConn struct {
	net.Conn
	left atomic.Int64 // bytes, or unlimited
}

// Read fails with errLongHandshake at the limit.
func (c *limitedConn) Read(p []byte) (int, error) {
	left := c.left.Load()
	if left == unlimited {
		return c.Conn.Read(p)
	}
	if left == 0 {
		return 0, errLongHandshake
	}
	n, err := c.Conn.Read(p[:min(int64(len(p)), left)])
	c.left.CompareAndSwap(left, left-int64(n)) // unless the handshake is over
	return n, err
}
