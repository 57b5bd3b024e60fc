package cluster_test

import (
	"crypto/tls"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"github.com/kube-node-manager/pod_count_exporter/collector/cluster"
)

// TestHeadersAreLimited has a server whose headers are just below, or above, what a
// response may have, on each kind of transport that client-go builds.
func TestHeadersAreLimited(t *testing.T) {
	sizes := []struct {
		name  string
		bytes int
		taken bool
	}{{"60 kB", 60 << 10, true}, {"70 kB", 70 << 10, false}, {"10 MB", 10 << 20, false}}
	for name, tt := range map[string]struct{ tls, http2, caFile bool }{
		"plain":                    {},
		"TLS":                      {tls: true},
		"HTTP/2":                   {tls: true, http2: true},
		"HTTP/2 with a CA in file": {tls: true, http2: true, caFile: true},
	} {
		for _, size := range sizes {
			t.Run(name+", "+size.name, func(t *testing.T) {
				server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if (r.ProtoMajor == 2) != tt.http2 {
						t.Errorf("asked with %s", r.Proto)
					}
					for i := range size.bytes >> 10 {
						w.Header().Set(fmt.Sprintf("X-%d", i), strings.Repeat("x", 1000))
					}
				}))
				server.EnableHTTP2 = tt.http2
				if tt.tls {
					server.StartTLS()
				} else {
					server.Start()
				}
				defer server.Close()
				_, err := get(t.Context(), t, load(t, kubeconfig(serverEntry(t, server, tt.caFile), "token: secret")))
				if taken := err == nil; taken != size.taken {
					t.Errorf("the request ended with %v", err)
				}
			})
		}
	}
}

// TestUnreadAnswersAreLimited has an HTTP/2 server read how much of an answer it may send
// before the client reads it: net/http keeps that in memory, for each cluster.
func TestUnreadAnswersAreLimited(t *testing.T) {
	for name, caFile := range map[string]bool{"a CA in the kubeconfig": false, "a CA in a file": true} {
		t.Run(name, func(t *testing.T) {
			allowed := make(chan uint32, 1)
			server := httptest.NewUnstartedServer(nil)
			server.TLS = &tls.Config{NextProtos: []string{http2.NextProtoTLS}}
			server.Config.TLSNextProto = map[string]func(*http.Server, *tls.Conn, http.Handler){
				http2.NextProtoTLS: func(_ *http.Server, conn *tls.Conn, _ http.Handler) { allowed <- windowOf(t, conn) },
			}
			server.StartTLS()
			defer server.Close()
			c := load(t, kubeconfig(serverEntry(t, server, caFile), "token: secret"))
			if _, err := get(t.Context(), t, c); err == nil {
				t.Error("a connection that was closed gave an answer")
			}
			if got := <-allowed; got != 64<<10 {
				t.Errorf("a server may send %d bytes unread, want 64 KiB", got)
			}
		})
	}
}

// TestPings has dead connections of pages forgotten soon, whose deadline ends silence, and
// those of streams found as client-go does.
func TestPings(t *testing.T) {
	c := load(t, kubeconfig(`server: "https://api.invalid"`, "token: secret"))
	pages, _, err := c.Client()
	if err != nil {
		t.Fatal(err)
	}
	streams, _, err := c.StreamClient()
	if err != nil {
		t.Fatal(err)
	}
	want := http.HTTP2Config{MaxReceiveBufferPerStream: 64 << 10}
	for _, own := range []*http.Transport{cluster.TransportOf(pages), cluster.TransportOf(streams)} {
		if own.IdleConnTimeout != 2*time.Second { // as long, HTTP/2 keeps the buffers of what was cut
			t.Errorf("connections are kept for %s", own.IdleConnTimeout)
		}
	}
	if got := *cluster.TransportOf(streams).HTTP2; !reflect.DeepEqual(got, want) {
		t.Errorf("streams have %+v, want %+v", got, want)
	}
	want.SendPingTimeout, want.PingTimeout = 3*time.Second, 24*time.Hour
	if got := *cluster.TransportOf(pages).HTTP2; !reflect.DeepEqual(got, want) {
		t.Errorf("pages have %+v, want %+v", got, want)
	}
}

// TestRefusalOfAProxy has a proxy refuse in words that say nothing of it.
func TestRefusalOfAProxy(t *testing.T) {
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadGateway)
	}))
	defer proxy.Close()
	c := load(t, kubeconfig(fmt.Sprintf(`server: "https://api.invalid", proxy-url: %q`, proxy.URL), "token: secret"))
	_, err := get(t.Context(), t, c)
	if err == nil || !strings.Contains(err.Error(), "the proxy answered CONNECT with status 502") {
		t.Errorf("the request ended with %v", err)
	}
}

// windowOf reads how many bytes of a response the client of a connection takes unread.
func windowOf(t *testing.T, conn io.ReadWriter) uint32 {
	t.Helper()
	if _, err := io.CopyN(io.Discard, conn, int64(len(http2.ClientPreface))); err != nil {
		t.Error(err)
		return 0
	}
	frame, err := http2.NewFramer(conn, conn).ReadFrame()
	settings, is := frame.(*http2.SettingsFrame)
	if err != nil || !is {
		t.Errorf("the first frame is %v, error %v, want settings", frame, err)
		return 0
	}
	window, _ := settings.Value(http2.SettingInitialWindowSize)
	return window
}

// serverEntry is the server's part of a kubeconfig's cluster.
func serverEntry(t *testing.T, server *httptest.Server, caFile bool) string {
	t.Helper()
	entry := fmt.Sprintf("server: %q", server.URL)
	if server.TLS == nil {
		return entry
	}
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if !caFile {
		return entry + ", certificate-authority-data: " + base64.StdEncoding.EncodeToString(ca)
	}
	path := filepath.Join(t.TempDir(), "ca.crt")
	if err := os.WriteFile(path, ca, 0o600); err != nil {
		t.Fatal(err)
	}
	return entry + fmt.Sprintf(", certificate-authority: %q", path)
}
