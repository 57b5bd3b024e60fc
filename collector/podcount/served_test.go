package podcount

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// served is a cluster whose streams come over TLS and HTTP/2, by net/http's own server
// and client in virtual time.
type served struct {
	*intercepted
	watcher *Watcher

	mu     sync.Mutex
	lists  int              // of pods, by whatever way
	opened int              // connections
	open   int              // of these
	by     map[string][]int // the numbers of the connections by which each stream was asked for
	abort  map[string]chan struct{}
}

func serve(t *testing.T, change func(*Config)) *served {
	t.Helper()
	s := &served{by: map[string][]int{}, abort: map[string]chan struct{}{}}
	s.intercepted, s.watcher = interceptedCluster(t, change)
	s.watcher.client = &http.Client{Transport: s}
	s.through(t, nil)
	return s
}

// through has the connections lead through a proxy, if there is one.
func (s *served) through(t *testing.T, proxy func(client, server net.Conn)) {
	t.Helper()
	listener := newPipes()
	server := httptest.NewUnstartedServer(s)
	_ = server.Listener.Close()
	server.Listener, server.EnableHTTP2 = listener, true
	server.Config.ConnContext = func(ctx context.Context, _ net.Conn) context.Context {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.opened++
		return context.WithValue(ctx, numberKey{}, s.opened)
	}
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		s.mu.Lock()
		defer s.mu.Unlock()
		switch state {
		case http.StateNew:
			s.open++
		case http.StateClosed, http.StateHijacked:
			s.open--
		}
	}
	server.StartTLS()
	t.Cleanup(server.Close)
	secure := &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}} //nolint:gosec // the test's own server
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := listener.dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		encrypted := tls.Client(conn, secure)
		return encrypted, encrypted.HandshakeContext(ctx)
	}
	s.watcher.base.Scheme = "https"
	transport := &http.Transport{ForceAttemptHTTP2: true, DialTLSContext: dial}
	if proxy != nil { // which decrypts what it reads
		s.watcher.base.Scheme = "http"
		transport = &http.Transport{Protocols: &http.Protocols{}, DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			server, err := dial(ctx, network, address)
			if err != nil {
				return nil, err
			}
			client, inner := net.Pipe()
			go proxy(inner, server)
			return client, nil
		}}
		transport.Protocols.SetUnencryptedHTTP2(true)
	}
	s.watcher.streams = &http.Client{Transport: transport}
}

// streamKey names a stream by its path and selector.
func streamKey(r *http.Request) string { return r.URL.Path + "?" + r.URL.Query().Get("fieldSelector") }

// RoundTrip counts the lists of pods.
func (s *served) RoundTrip(r *http.Request) (*http.Response, error) {
	if lists(r, "pods") {
		s.mu.Lock()
		s.lists++
		s.mu.Unlock()
	}
	return s.intercepted.RoundTrip(r)
}

// ServeHTTP answers with what the intercepted server does, and resets what it breaks off.
func (s *served) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	key, number := streamKey(r), r.Context().Value(numberKey{}).(int)
	abort := make(chan struct{})
	s.mu.Lock()
	s.by[key], s.abort[key] = append(s.by[key], number), abort
	s.mu.Unlock()
	response, err := s.RoundTrip(r)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	defer func() { _ = response.Body.Close() }()
	w.Header().Set("Content-Type", response.Header.Get("Content-Type"))
	w.WriteHeader(response.StatusCode)
	w.(http.Flusher).Flush()
	go func() {
		select {
		case <-abort:
			_ = response.Body.(*io.PipeReader).CloseWithError(errReset)
		case <-r.Context().Done():
		}
	}()
	buffer := make([]byte, 4<<10)
	for {
		n, err := response.Body.Read(buffer)
		_, _ = w.Write(buffer[:n])
		w.(http.Flusher).Flush()
		switch {
		case err == io.EOF:
			return
		case err != nil:
			panic(http.ErrAbortHandler) // RST_STREAM with INTERNAL_ERROR
		}
	}
}

// resets breaks one stream off.
func (s *served) resets(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.abort[key])
}

// connections are the numbers of the connections by which each stream was asked for.
func (s *served) connections() map[string][]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := map[string][]int{}
	for key, by := range s.by {
		all[key] = slices.Clone(by)
	}
	return all
}

// The streams of a cluster that is counted as a whole.
const (
	nodesKey   = "/api/v1/nodes?"
	boundKey   = "/api/v1/pods?spec.nodeName!=,status.phase!=Succeeded,status.phase!=Failed"
	unboundKey = "/api/v1/pods?spec.nodeName=,status.phase!=Succeeded,status.phase!=Failed"
)

// TestStreamsEndedOnPurposeLeaveTheConnection has streams end on this side: because
// others replace them, because the cluster is listed anew, or because their time is over.
// The streams of the cluster share one HTTP/2 connection, which stays until the cluster
// is removed.
func TestStreamsEndedOnPurposeLeaveTheConnection(t *testing.T) {
	expiredToken := func(s *served) {
		expired := false
		s.answerBy(func(r *http.Request) (*http.Response, error) {
			if r.URL.Query().Get("continue") == "" || !lists(r, "pods") || expired {
				return nil, nil
			}
			expired = true
			time.Sleep(5 * time.Second) // the streams are open meanwhile
			return refusing(http.StatusGone)(r), nil
		})
	}
	gone := func(s *served) {
		s.do(s.change) // a new start must not begin where the stream has expired
		told := false
		s.answerBy(func(r *http.Request) (*http.Response, error) {
			if streamKey(r) != unboundKey || told {
				return nil, nil
			}
			told = true
			return answerWith(r, http.StatusGone, reader("")), nil
		})
		s.resets(unboundKey)
	}
	for _, tt := range []struct {
		name   string
		before func(*served) // the start; may be nil
		then   func(*served) // after it; may be nil
		times  map[string]int
	}{
		{"replaced", expiredToken, nil, map[string]int{nodesKey: 1, boundKey: 2, unboundKey: 2}},
		{"a new start", nil, gone, map[string]int{nodesKey: 2, boundKey: 2, unboundKey: 3}},
		{"a server that does not end them in time", nil, func(*served) { time.Sleep(10 * time.Minute) }, map[string]int{nodesKey: 2, boundKey: 2, unboundKey: 2}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				draws, mu := 0, sync.Mutex{}
				s := serve(t, func(cfg *Config) {
					cfg.PageSize, cfg.MaxPageSize = 1, 1
					cfg.Jitter = func() float64 { // lifetimes that differ
						mu.Lock()
						defer mu.Unlock()
						draws++
						return float64(draws%4) / 4
					}
				})
				if tt.before != nil {
					tt.before(s)
				}
				w, stop := following(t, s.troubled, s.watcher)
				time.Sleep(90 * time.Second)
				w.shows(ModeWatch)
				if tt.then != nil {
					tt.then(s)
				}
				time.Sleep(30 * time.Second)
				s.do(s.change)
				synctest.Wait()
				time.Sleep(time.Second)
				w.shows(ModeWatch)
				for key, by := range s.connections() {
					if len(by) != tt.times[key] || slices.Max(by) != 1 {
						t.Errorf("%s was asked for by connections %v, want %d times by the first", key, by, tt.times[key])
					}
				}
				if s.open != 1 {
					t.Errorf("%d connections are open, want 1", s.open)
				}
				stop()
				synctest.Wait()
				if s.open != 0 {
					t.Errorf("%d connections are open after the cluster is removed", s.open)
				}
			})
		})
	}
}
