package cluster_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// certificateWith is one for 127.0.0.1 that has these parts besides.
func certificateWith(t *testing.T, parts func(*x509.Certificate)) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	parts(template)
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func noParts(*x509.Certificate) {}

func uris(n int) func(*x509.Certificate) {
	return func(c *x509.Certificate) { c.URIs = slices.Repeat([]*url.URL{{Scheme: "a"}}, n) }
}

func mails(n int) func(*x509.Certificate) {
	return func(c *x509.Certificate) { c.EmailAddresses = slices.Repeat([]string{"a@b"}, n) }
}

func hosts(n int) func(*x509.Certificate) {
	return func(c *x509.Certificate) { c.DNSNames = slices.Repeat([]string{"a"}, n) }
}

func subjects(n int) func(*x509.Certificate) {
	return func(c *x509.Certificate) {
		c.Subject.ExtraNames = slices.Repeat([]pkix.AttributeTypeAndValue{{Type: asn1.ObjectIdentifier{1, 2, 3}, Value: "a"}}, n)
	}
}

func padding(n int) func(*x509.Certificate) {
	return func(c *x509.Certificate) {
		c.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 2, 3}, Value: make([]byte, n)}}
	}
}

// TestHandshakesAreLimited has certificates with many bytes or names, which take much more
// memory than that, whether they are trusted or not. What comes after the handshake is not
// limited.
func TestHandshakesAreLimited(t *testing.T) {
	for name, tt := range map[string]struct {
		parts   func(*x509.Certificate)
		trusted bool
		want    string // of the error
	}{
		"some URIs":                          {uris(50), true, ""},
		"some names":                         {hosts(900), true, ""},
		"some names, not trusted":            {hosts(900), false, "unknown authority"},
		"many URIs":                          {uris(51), true, "the server's certificates have 51 URIs and e-mail addresses, more than 50"},
		"many e-mail addresses":              {mails(60), true, "the server's certificates have 60 URIs and e-mail addresses, more than 50"},
		"many names":                         {hosts(1500), true, "the server's certificates have 1501 DNS names and IP addresses, more than 1000"},
		"many subjects":                      {subjects(200), true, "other parts, such as names of their owners and extensions, more than 250"},
		"a long certificate":                 {padding(19_000), true, ""},
		"a longer one":                       {padding(21_000), true, "bytes, more than 20480"},
		"as many as a handshake may have":    {uris(8_000), true, "bytes, more than 20480"},
		"more bytes than a handshake has":    {uris(30_000), true, "longer than 40960 bytes"},
		"more bytes than that, not trusted":  {uris(30_000), false, "longer than 40960 bytes"},
		"more than Go takes of certificates": {uris(70_000), true, "exceeds maximum of 262144 bytes"},
	} {
		for _, http2 := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, HTTP/2 %t", name, http2), func(t *testing.T) {
				server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if (r.ProtoMajor == 2) != http2 {
						t.Errorf("asked with %s", r.Proto)
					}
					_, _ = io.WriteString(w, strings.Repeat("x", 1<<20))
				}))
				server.EnableHTTP2 = http2
				server.TLS = &tls.Config{Certificates: []tls.Certificate{certificateWith(t, tt.parts)}}
				server.StartTLS()
				defer server.Close()
				entry := serverEntry(t, server, false)
				if !tt.trusted {
					other := httptest.NewTLSServer(nil)
					defer other.Close()
					entry = strings.Replace(serverEntry(t, other, false), other.URL, server.URL, 1)
				}
				_, err := get(t.Context(), t, load(t, kubeconfig(entry, "token: secret")))
				if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
					t.Errorf("the request ended with %v, want %q", err, tt.want)
				}
			})
		}
	}
}

// TestWhatComesWithCertificatesIsLimited has chains of certificates, none of which is too
// long by itself, and what a server adds to say that they are valid.
func TestWhatComesWithCertificatesIsLimited(t *testing.T) {
	chain := func(links int) tls.Certificate {
		whole := certificateWith(t, padding(5000))
		for range links - 1 {
			whole.Certificate = append(whole.Certificate, certificateWith(t, padding(5000)).Certificate...)
		}
		return whole
	}
	stapled := func(response, stamps int) tls.Certificate {
		own := certificateWith(t, noParts)
		own.OCSPStaple = make([]byte, response)
		own.SignedCertificateTimestamps = slices.Repeat([][]byte{{1}}, stamps)
		return own
	}
	for name, tt := range map[string]struct {
		has  tls.Certificate
		want string // of the error
	}{
		"a chain":               {chain(3), ""},
		"a longer one":          {chain(4), "bytes, more than 20480"},
		"an OCSP response":      {stapled(8000, 3), ""},
		"a long one":            {stapled(9000, 3), "9003 bytes of OCSP and SCTs, more than 8192"},
		"very many time stamps": {stapled(0, 7000), "other parts, such as names of their owners and extensions, more than 250"},
	} {
		for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			t.Run(fmt.Sprintf("%s, %s", name, tls.VersionName(version)), func(t *testing.T) {
				server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
				server.TLS = &tls.Config{Certificates: []tls.Certificate{tt.has}, MaxVersion: version}
				server.StartTLS()
				defer server.Close()
				_, err := lengthOf(t, server, "token: secret")
				if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
					t.Errorf("the request ended with %v, want %q", err, tt.want)
				}
			})
		}
	}
}

// TestManyClientAuthorities has a server that takes the certificates of as many
// authorities as the public ones, and names each in its handshake.
func TestManyClientAuthorities(t *testing.T) {
	pool := x509.NewCertPool()
	for i := range 250 {
		pool.AddCert(&x509.Certificate{Raw: []byte{byte(i)}, RawSubject: fmt.Appendf(nil, "%0150d", i)})
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	server.TLS = &tls.Config{ClientCAs: pool, ClientAuth: tls.VerifyClientCertIfGiven}
	server.StartTLS()
	defer server.Close()
	if _, err := lengthOf(t, server, "token: secret"); err != nil {
		t.Error(err)
	}
}
