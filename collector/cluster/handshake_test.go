package cluster_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// certificateWith is one for 127.0.0.1 that has this many URIs besides.
func certificateWith(t *testing.T, uris int) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	for range uris {
		template.URIs = append(template.URIs, &url.URL{Scheme: "a"})
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// TestHandshakesAreLimited has certificates with many names, which take much more memory
// than bytes, whether they are trusted or not. What comes after the handshake is not
// limited.
func TestHandshakesAreLimited(t *testing.T) {
	for name, tt := range map[string]struct {
		uris    int
		trusted bool
		want    string // of the error
	}{
		"some names":                         {900, true, ""},
		"some names, not trusted":            {900, false, "unknown authority"},
		"many names":                         {1500, true, "more than 1000 names"},
		"as many as a handshake may have":    {10_000, true, "more than 1000 names"},
		"more bytes than a handshake has":    {30_000, true, "longer than 65536 bytes"},
		"more bytes than that, not trusted":  {30_000, false, "longer than 65536 bytes"},
		"more than Go takes of certificates": {70_000, true, "exceeds maximum of 262144 bytes"},
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
				server.TLS = &tls.Config{Certificates: []tls.Certificate{certificateWith(t, tt.uris)}}
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
