package podcount

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
)

// pipes joins net/http's client and server without sockets.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), closed: make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.conns:
		return conn, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }

// dial opens a connection.
func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case p.conns <- server:
		return client, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// numberKey is the key of a connection's number in its requests' contexts.
type numberKey struct{}

// TestConnectionIsNotReusedAfterTimeout has a server that hangs at the second page of
// pods, and checks which connection each request used.
func TestConnectionIsNotReusedAfterTimeout(t *testing.T) {
	for name, protocols := range bothProtocols() {
		t.Run(name, func(t *testing.T) {
			used := connectionsUsed(t, protocols, true, nil)
			want := []int{1, 1, 1, 2, 2} // nodes, page 1, page 2 twice, nodes again
			if len(used) != len(want) || used[2] == used[3] || used[0] != used[2] || used[3] != used[4] {
				t.Errorf("requests came by connections %v, want %v", used, want)
			}
		})
	}
}

// TestConnectionStaysWithoutAPlace has no place for the answer with the second page.
func TestConnectionStaysWithoutAPlace(t *testing.T) {
	for name, protocols := range bothProtocols() {
		t.Run(name, func(t *testing.T) {
			used := connectionsUsed(t, protocols, false, &occupied{free: 2, busy: 1})
			if want := []int{1, 1, 1, 1, 1}; !slices.Equal(used, want) {
				t.Errorf("requests came by connections %v, want %v", used, want)
			}
		})
	}
}

func bothProtocols() map[string]*http.Protocols {
	var one, two http.Protocols
	one.SetHTTP1(true)
	two.SetUnencryptedHTTP2(true)
	return map[string]*http.Protocols{"HTTP/1.1": &one, "HTTP/2": &two}
}

// connectionsUsed counts once, and returns the number of each request's connection. The
// server may hang at the second page of pods, once.
func connectionsUsed(t *testing.T, protocols *http.Protocols, hangs bool, gate Gate) (used []int) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		listener := newPipes()
		handler := func(w http.ResponseWriter, r *http.Request) {
			number, _ := r.Context().Value(numberKey{}).(int)
			used = append(used, number)
			key := r.URL.Path
			if token := r.URL.Query().Get("continue"); token != "" {
				if key += "?" + token; hangs {
					hangs = false
					<-r.Context().Done()
					return
				}
			}
			w.Header().Set("Content-Type", "application/json")
			if _, err := w.Write([]byte(handCounted[key])); err != nil {
				t.Error(err)
			}
		}
		opened := 0
		server := &http.Server{Handler: http.HandlerFunc(handler), Protocols: protocols, ConnContext: func(ctx context.Context, _ net.Conn) context.Context {
			opened++
			return context.WithValue(ctx, numberKey{}, opened)
		}}
		done := make(chan error)
		go func() { done <- server.Serve(listener) }()
		transport := &http.Transport{DialContext: listener.dial, Protocols: protocols}
		cfg := DefaultConfig()
		cfg.Gate = gate
		c, err := New(cfg, &http.Client{Transport: transport}, &url.URL{Scheme: "http", Host: "api"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := countOnce(t.Context(), c, &recorder{}); err != nil {
			t.Errorf("count: %v", err)
		}
		transport.CloseIdleConnections()
		if err := server.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
		if err := <-done; err == nil || !strings.Contains(err.Error(), "closed") {
			t.Errorf("serve: %v", err)
		}
	})
	return used
}
