//go:build e2e

package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"
)

// stalledHandshakes is the address of a server whose handshakes are nearly as long as they
// may be, and never end.
func stalledHandshakes(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	named := func(name string) []byte {
		template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), Subject: pkix.Name{CommonName: name}}
		der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
		must(t, err)
		return der
	}
	asked := x509.NewCertPool()
	for range 19 {
		ca, err := x509.ParseCertificate(named(strings.Repeat("a", 1000)))
		must(t, err)
		asked.AddCert(ca)
	}
	config := &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{named(strings.Repeat("b", 18_000))}, PrivateKey: key}},
		ClientAuth:   tls.RequestClientCert, ClientCAs: asked,
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { must(t, listener.Close()) })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				_ = tls.Server(shortConn{conn}, config).Handshake() // the exporter does not wait for it
				_ = conn.Close()
			}()
		}
	}()
	return "https://" + listener.Addr().String()
}

// shortConn keeps back the end of what is written.
type shortConn struct{ net.Conn }

func (c shortConn) Write(p []byte) (int, error) {
	if len(p) < 1000 {
		return c.Conn.Write(p)
	}
	_, err := c.Conn.Write(p[:len(p)-100])
	if err == nil {
		_, err = io.Copy(io.Discard, c.Conn) // until the exporter has enough
	}
	return len(p), err
}
