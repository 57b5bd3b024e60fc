package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// oneConn is a listener with a single connection.
type oneConn struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (l *oneConn) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conns:
		return conn, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *oneConn) Close() error {
	select {
	case <-l.closed:
	default:
		close(l.closed)
	}
	return nil
}

func (l *oneConn) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }

// connect serves handler as the program does, and returns a connection to it. It
// must be called within a bubble.
func connect(t *testing.T, handler http.Handler) net.Conn {
	t.Helper()
	return connectTo(t, limitedServer(t.Context(), handler), (*http.Server).Serve)
}

func connectTo(t *testing.T, server *http.Server, serve func(*http.Server, net.Listener) error) net.Conn {
	t.Helper()
	client, conn := net.Pipe()
	listener := &oneConn{conns: make(chan net.Conn, 1), closed: make(chan struct{})}
	listener.conns <- conn
	done := make(chan error, 1)
	go func() { done <- serve(server, listener) }()
	t.Cleanup(func() {
		_ = client.Close()
		_ = server.Close()
		if err := <-done; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
	return client
}

func send(t *testing.T, conn net.Conn, path string) {
	t.Helper()
	sendStart(t, conn, "GET "+path+" HTTP/1.1")
}

// sendStart sends a request without its body.
func sendStart(t *testing.T, conn net.Conn, start string) {
	t.Helper()
	if _, err := io.WriteString(conn, start+"\r\nHost: exporter\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
}

func TestClientsThatDoNotReadAreCutOff(t *testing.T) {
	tests := []struct {
		name string
		kind func(http.HandlerFunc) http.HandlerFunc
		ends time.Duration
	}{
		{"an answer", func(h http.HandlerFunc) http.HandlerFunc { return h }, sendTimeout},
		{"one that takes as long as it is asked to", withoutDeadline, 10 * time.Minute},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ended := make(chan error, 1)
				began := time.Now()
				conn := connect(t, tt.kind(func(w http.ResponseWriter, _ *http.Request) {
					_, err := w.Write(make([]byte, 1<<20))
					ended <- err
				}))
				send(t, conn, "/metrics")
				var err error
				select {
				case err = <-ended:
				case <-time.After(10 * time.Minute):
				}
				if took := time.Since(began); took != tt.ends || (err == nil) == (tt.ends == sendTimeout) {
					t.Errorf("the answer ended with %v after %s, want %s", err, took, tt.ends)
				}
			})
		})
	}
}

// Neither the wait before an answer nor the pause before the next request counts, also where
// a body is late.
func TestDeadlineIsOfTheAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conn := connect(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/silent" {
				return
			}
			select {
			case <-time.After(2 * sendTimeout):
			case <-r.Context().Done():
				t.Errorf("%s was cut off", r.URL.Path)
			}
			_, _ = io.WriteString(w, strings.Repeat("x", 5000))
		}))
		reader := bufio.NewReader(conn)
		for _, step := range []struct {
			start string
			size  int
		}{
			{"GET / HTTP/1.1", 5000}, {"GET / HTTP/1.1", 5000}, {"GET /silent HTTP/1.1", 0}, {"GET /silent HTTP/1.1", 0},
			{"GET " + pprofPrefix + "profile HTTP/1.1", 5000}, {"GET / HTTP/1.1\r\nContent-Length: 5", 5000}, // the last one
		} {
			sendStart(t, conn, step.start)
			response, err := http.ReadResponse(reader, nil)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(response.Body)
			if err != nil || len(body) != step.size {
				t.Errorf("%s: %d bytes, %v", step.start, len(body), err)
			}
			time.Sleep(2 * sendTimeout)
		}
	})
}

// TestBodiesAreNotWaitedFor has clients announce a body that never comes. They are answered
// at once, and keep nothing of what limits the answers under way.
func TestBodiesAreNotWaitedFor(t *testing.T) {
	for _, start := range []string{
		"POST / HTTP/1.1\r\nContent-Length: 5", "POST / HTTP/1.1\r\nContent-Length: 5000000", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked",
		"GET " + pprofPrefix + "heap HTTP/1.1\r\nContent-Length: 5",
	} {
		for _, size := range []int{0, 10, 100_000} {
			t.Run(fmt.Sprintf("%q, answer of %d bytes", start, size), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					began := time.Now()
					conn := connect(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
						_, _ = io.WriteString(w, strings.Repeat("x", size))
					}))
					sendStart(t, conn, start)
					response, err := http.ReadResponse(bufio.NewReader(conn), nil)
					if err != nil {
						t.Fatal(err)
					}
					body, err := io.ReadAll(response.Body)
					if err != nil || len(body) != size {
						t.Errorf("%d bytes, %v", len(body), err)
					}
					if took := time.Since(began); took > time.Second {
						t.Errorf("answered after %s", took)
					}
					time.Sleep(time.Second) // net/http lingers before it closes
				})
			})
		}
	}
}

// refusing is a server as exporter-toolkit makes it of the program's own: what asks for a
// password is around its handler.
func refusing(t *testing.T) *http.Server {
	t.Helper()
	server := limitedServer(t.Context(), http.NotFoundHandler())
	server.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "Unauthorized", http.StatusUnauthorized)
	})
	return server
}

// Those who are refused for want of a password can hold a connection no longer than others.
func TestRefusedClientsAreCutOff(t *testing.T) {
	for _, tt := range []struct {
		name, start string
		reads       bool
	}{
		{"a body that never comes", "GET /metrics HTTP/1.1\r\nContent-Length: 1000", true},
		{"a body of chunks that never comes", "POST /metrics HTTP/1.1\r\nTransfer-Encoding: chunked", true},
		{"an answer that is not read", "GET /metrics HTTP/1.1", false},
		{"a profile's refusal that is not read", "GET " + pprofPrefix + "profile HTTP/1.1", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				conn := connectTo(t, refusing(t), (*http.Server).Serve)
				began := time.Now()
				// Whoever waits for longer has not been cut off.
				if err := conn.SetDeadline(began.Add(time.Hour)); err != nil {
					t.Fatal(err)
				}
				sendStart(t, conn, tt.start)
				if !tt.reads {
					_, err := io.WriteString(conn, "GET / HTTP/1.1\r\n") // which waits until the server reads on
					for err == nil {
						_, err = io.WriteString(conn, "X: x\r\n")
					}
				}
				_, _ = io.Copy(io.Discard, conn)
				if took := time.Since(began); took > sendTimeout+time.Second { // net/http lingers before it closes
					t.Errorf("the connection ended after %s, want %s", took, sendTimeout)
				}
			})
		})
	}
}
