package main

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kube-node-manager/pod_count_exporter/internal/kubesim"
)

// secureServer is an API server over TLS and HTTP/2 that counts its connections.
type secureServer struct {
	*httptest.Server
	mu    sync.Mutex
	conns map[net.Conn]bool
}

func serveSecure(t *testing.T, handler http.Handler) *secureServer {
	t.Helper()
	s := &secureServer{Server: httptest.NewUnstartedServer(handler), conns: map[net.Conn]bool{}}
	s.EnableHTTP2 = true
	s.Config.ConnState = func(conn net.Conn, state http.ConnState) {
		s.mu.Lock()
		defer s.mu.Unlock()
		switch state {
		case http.StateNew:
			s.conns[conn] = true
		case http.StateClosed, http.StateHijacked:
			delete(s.conns, conn)
		}
	}
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

// connections are those that are open.
func (s *secureServer) connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns)
}

// withCertificateFiles is a directory's kubeconfig for the server, whose user has a
// client certificate in files: client-go watches those in the background.
func withCertificateFiles(t *testing.T, dir, name, server string) {
	t.Helper()
	pair, certificate, err := kubesim.Certificate()
	if err != nil {
		t.Fatal(err)
	}
	key, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	files := t.TempDir()
	for file, content := range map[string][]byte{
		filepath.Join(files, "crt"): certificate,
		filepath.Join(files, "key"): pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}),
		filepath.Join(dir, name): fmt.Appendf(nil, `
current-context: %[1]s
clusters: [{name: c, cluster: {server: %[2]q, insecure-skip-tls-verify: true}}]
users: [{name: u, user: {client-certificate: %[3]s/crt, client-key: %[3]s/key}}]
contexts: [{name: %[1]s, context: {cluster: c, user: u}}]
`, name, server, files),
	} {
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestRemovedClustersLeaveNothing adds and removes clusters, one that is counted and
// one that hangs in its first page, and checks for leaks.
func TestRemovedClustersLeaveNothing(t *testing.T) {
	healthy := serveSecure(t, simulated(t))
	var hung atomic.Int64 // requests
	hanging := serveSecure(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		hung.Add(1)
		<-r.Context().Done()
	}))
	dir := t.TempDir()
	withCertificateFiles(t, dir, "stays", healthy.URL)
	e := start(t, "--kubeconfig="+dir)
	reload := func() {
		t.Helper()
		if status, text := request(t, http.DefaultClient, http.MethodPost, "http://"+e.address+"/-/reload"); status != http.StatusOK {
			t.Fatalf("status %d: %s", status, text)
		}
	}
	e.await(t, "/metrics", `pod_count_success{cluster="stays"} 1`)
	open := func() int {
		return healthy.connections() + hanging.connections()
	}
	settle(t, "connections", open, 0)
	http.DefaultClient.CloseIdleConnections()
	goroutines := runtime.NumGoroutine()

	const rounds = 5
	for range rounds {
		withCertificateFiles(t, dir, "counted", healthy.URL)
		withCertificateFiles(t, dir, "hangs", hanging.URL)
		before := hung.Load()
		reload()
		e.await(t, "/metrics?cluster[]=counted", `pod_count_success{cluster="counted"} 1`)
		settle(t, "requests still to come", func() int { return int(before + 1 - hung.Load()) }, 0)
		for _, name := range []string{"counted", "hangs"} {
			if err := os.Remove(filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
		}
		reload()
		if _, body := e.get(t, "/metrics"); strings.Contains(body, `cluster="counted"`) || strings.Contains(body, `cluster="hangs"`) {
			t.Errorf("series of removed clusters:\n%s", body)
		}
	}
	settle(t, "connections", open, 0)
	settle(t, "goroutines", runtime.NumGoroutine, goroutines)
}

// settle waits until now returns at most this much.
func settle(t *testing.T, what string, now func() int, most int) {
	t.Helper()
	for giveUp := time.Now().Add(patience); now() > most; {
		if time.Now().After(giveUp) {
			stacks := make([]byte, 1<<20)
			t.Fatalf("%d %s, want at most %d\n%s", now(), what, most, stacks[:runtime.Stack(stacks, true)])
		}
		// client-go drops a client when the garbage collector does.
		runtime.GC()
		http.DefaultClient.CloseIdleConnections()
		time.Sleep(time.Millisecond)
	}
}

// A client that is replaced leaves nothing behind, even if nothing is counted after
// it.
func TestReplacedClientsLeaveNothing(t *testing.T) {
	server := serveSecure(t, simulated(t))
	dir := t.TempDir()
	withCertificateFiles(t, dir, "a", server.URL)
	e := start(t, "--kubeconfig="+dir)
	e.await(t, "/metrics", `pod_count_success{cluster="a"} 1`)
	settle(t, "connections", server.connections, 0)
	goroutines := runtime.NumGoroutine()
	for range 3 {
		withCertificateFiles(t, dir, "a", server.URL) // other files
		e.reload(t, http.StatusOK, "reloaded")
	}
	settle(t, "goroutines", runtime.NumGoroutine, goroutines)
	if body := e.await(t, "/metrics", `pod_count_success{cluster="a"} 1`); sample(body, `pod_count_duration_seconds_count{cluster="a"}`) != "1" {
		t.Errorf("the cluster was counted meanwhile:\n%s", body)
	}
}
