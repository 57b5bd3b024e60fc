package cluster_test

import (
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
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
