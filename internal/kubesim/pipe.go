package kubesim

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"k8s.io/client-go/rest"
)

// pipeHost is the host of a server behind a PipeListener; it needs no DNS.
const pipeHost = "kubesim"

// PipeListener joins a client and an http.Server in one process without
// sockets, so that both can live inside testing/synctest.
type PipeListener struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

// Pipe returns a listener whose DialContext reaches it.
func Pipe() *PipeListener {
	return &PipeListener{conns: make(chan net.Conn), closed: make(chan struct{})}
}

// Accept returns the server's end of the next connection.
func (p *PipeListener) Accept() (net.Conn, error) {
	select {
	case conn := <-p.conns:
		return conn, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

// Close makes Accept and DialContext fail from now on.
func (p *PipeListener) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

// Addr returns a name; there is no address.
func (p *PipeListener) Addr() net.Addr { return pipeAddr{} }

// DialContext opens a connection, whatever the address. After Close it fails like a
// refused connection.
func (p *PipeListener) DialContext(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case p.conns <- server:
		return client, nil
	case <-p.closed:
		return nil, &net.OpError{Op: "dial", Net: "pipe", Addr: pipeAddr{}, Err: errors.New("connection refused")}
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

type pipeAddr struct{}

// Network names the kind of connection.
func (pipeAddr) Network() string { return "pipe" }

// String names the listener.
func (pipeAddr) String() string { return pipeHost }

// Start serves the API over pipes and returns how client-go reaches it, and a
// function that ends the server with all its connections and waits for it.
func (s *Server) Start() (*rest.Config, func()) {
	listener := Pipe()
	server := &http.Server{Handler: s, ReadHeaderTimeout: time.Minute}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(listener) // ends with http.ErrServerClosed
	}()
	return s.RESTConfig(listener), func() {
		_ = server.Close() // pipes close without errors
		<-done
	}
}

// RESTConfig returns how client-go reaches this server behind a listener, with
// the right token. Client-side rate limits are off.
func (s *Server) RESTConfig(p *PipeListener) *rest.Config {
	return &rest.Config{
		Host: fmt.Sprintf("http://%s", pipeHost), Dial: p.DialContext, BearerToken: s.cfg.Token, QPS: -1,
	}
}
