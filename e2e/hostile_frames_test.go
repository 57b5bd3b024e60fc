//go:build e2e

package e2e

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"golang.org/x/net/http2"
)

// errCut has a server cut the connection.
var errCut = errors.New("cut")

// hostileFrames are frames that an HTTP/2 server may send for ever, of which net/http
// hands on nothing, or until the connection ends, of which it keeps what it has for a while.
func hostileFrames() map[string]func(f *http2.Framer, stream uint32) error {
	return map[string]func(f *http2.Framer, stream uint32) error{
		"pings":    func(f *http2.Framer, _ uint32) error { return f.WritePing(false, [8]byte{}) },
		"settings": func(f *http2.Framer, _ uint32) error { return f.WriteSettings() },
		"settings that a body pays for": func(f *http2.Framer, stream uint32) error {
			return errors.Join(f.WriteData(stream, false, []byte(" ")), f.WriteSettings(), f.WriteSettings())
		},
		"frames of no known type": func(f *http2.Framer, _ uint32) error { return f.WriteRawFrame(0xfb, 0, 0, nil) },
		"answers that are cut": func(f *http2.Framer, stream uint32) error {
			for range 3 { // the writer has 32 KiB, and what is beyond them is lost
				if err := f.WriteData(stream, false, bytes.Repeat([]byte(" "), 16_000)); err != nil {
					return err
				}
			}
			return errCut
		},
		"frames that are too long": func(f *http2.Framer, stream uint32) error {
			return errors.Join(f.WriteData(stream, false, make([]byte, 16_000)), f.WriteRawFrame(http2.FrameData, 0, stream, make([]byte, 1<<20)))
		},
		"data without bytes": func(f *http2.Framer, stream uint32) error { return f.WriteData(stream, false, nil) },
	}
}

// framesServer answers each request with the headers of an answer and then with frames
// without end, some MB a second.
func framesServer(t *testing.T, frame func(f *http2.Framer, stream uint32) error) string {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	server.TLS = &tls.Config{NextProtos: []string{http2.NextProtoTLS}}
	server.Config.TLSNextProto = map[string]func(*http.Server, *tls.Conn, http.Handler){
		http2.NextProtoTLS: func(_ *http.Server, conn *tls.Conn, _ http.Handler) { _ = flood(conn, frame) },
	}
	server.StartTLS()
	t.Cleanup(func() { must(t, server.Config.Close()) })
	return server.URL
}

func flood(conn *tls.Conn, frame func(f *http2.Framer, stream uint32) error) error {
	if _, err := io.CopyN(io.Discard, conn, int64(len(http2.ClientPreface))); err != nil {
		return err
	}
	out := bufio.NewWriterSize(conn, 32<<10)
	f := http2.NewFramer(out, conn)
	stream, err := firstStream(f)
	if err != nil {
		return err
	}
	go func() { _, _ = io.Copy(io.Discard, conn) }()
	const status200 = 0x88 // RFC 7541, appendix A
	err = f.WriteSettings()
	if err == nil {
		err = f.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: []byte{status200}, EndHeaders: true})
	}
	for i := 1; err == nil; i++ {
		if err = frame(f, stream); i%3000 == 0 {
			time.Sleep(20 * time.Millisecond)
		}
	}
	return err
}

// firstStream is that of the first request.
func firstStream(f *http2.Framer) (uint32, error) {
	for {
		frame, err := f.ReadFrame()
		if err != nil {
			return 0, err
		}
		if headers, is := frame.(*http2.HeadersFrame); is {
			return headers.StreamID, nil
		}
	}
}

// certificateServer has a certificate with so many names, which nobody trusts.
func certificateServer(t *testing.T, names int) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	for range names {
		template.URIs = append(template.URIs, &url.URL{Scheme: "a"})
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	must(t, err)
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(func() { must(t, server.Config.Close()) })
	return server.URL
}
