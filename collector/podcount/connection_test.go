package podcount

import (
	"context"
	"net"
	"net/http"
	"net/url"
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
	var one, two http.Protocols
	one.SetHTTP1(true)
	two.SetUnencryptedHTTP2(true)
	t.Run("HTTP/1.1", func(t *testing.T) { connectionIsNotReused(t, &one) })
	t.Run("HTTP/2", func(t *testing.T) { connectionIsNotReused(t, &two) })
}

func connectionIsNotReused(t *testing.T, protocols *http.Protocols) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		listener := newPipes()
		var used []int
		hung := false
		handler := func(w http.ResponseWriter, r *http.Request) {
			number, _ := r.Context().Value(numberKey{}).(int)
			used = append(used, number)
			key := r.URL.Path
			if token := r.URL.Query().Get("continue"); token != "" {
				if key += "?" + token; !hung {
					hung = true
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
		c, err := New(DefaultConfig(), &http.Client{Transport: transport}, &url.URL{Scheme: "http", Host: "api"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := countOnce(t.Context(), c, &recorder{}); err != nil {
			t.Errorf("count: %v", err)
		}
		want := []int{1, 1, 1, 2, 2} // nodes, page 1, page 2 twice, nodes again
		if len(used) != len(want) || used[2] == used[3] || used[0] != used[2] || used[3] != used[4] {
			t.Errorf("requests came by connections %v, want %v", used, want)
		}
		transport.CloseIdleConnections()
		if err := server.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
		if err := <-done; err == nil || !strings.Contains(err.Error(), "closed") {
			t.Errorf("serve: %v", err)
		}
	})
}
