package podcount

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// refuser is a proxy that resets a stream with REFUSED_STREAM before the server has seen
// its request.
type refuser struct {
	next  atomic.Pointer[string] // the stream that is refused next
	mu    sync.Mutex             // of frames for the client
	reset sync.WaitGroup
}

// refuses says whether a request is to be refused, once.
func (p *refuser) refuses(headers *http2.MetaHeadersFrame) bool {
	request, err := http.NewRequest(http.MethodGet, "https://api"+headers.PseudoValue("path"), http.NoBody)
	key := p.next.Load()
	return err == nil && key != nil && streamKey(request) == *key && p.next.CompareAndSwap(key, nil)
}

func (p *refuser) write(client net.Conn, frame []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, _ = client.Write(frame)
}

func (p *refuser) proxy(client, server net.Conn) {
	go p.requests(client, server)
	defer p.reset.Wait()
	defer func() { _ = client.Close() }()
	var frame bytes.Buffer
	for frames := http2.NewFramer(io.Discard, io.TeeReader(server, &frame)); ; frame.Reset() {
		if _, err := frames.ReadFrame(); err != nil {
			return
		}
		p.write(client, frame.Bytes())
	}
}

func (p *refuser) requests(client, server net.Conn) {
	defer func() { _ = server.Close() }()
	if _, err := io.CopyN(server, client, int64(len(http2.ClientPreface))); err != nil {
		return
	}
	var frame bytes.Buffer
	frames := http2.NewFramer(server, io.TeeReader(client, &frame))
	frames.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	for ; ; frame.Reset() {
		f, err := frames.ReadFrame()
		if err != nil {
			return
		}
		headers, ok := f.(*http2.MetaHeadersFrame)
		refused := ok && p.refuses(headers)
		if refused { // by another goroutine: pipes have no buffer, and the client may be writing
			var reset bytes.Buffer
			_ = http2.NewFramer(&reset, nil).WriteRSTStream(headers.StreamID, http2.ErrCodeRefusedStream)
			p.reset.Go(func() { p.write(client, reset.Bytes()) })
		}
		if _, err := server.Write(frame.Bytes()); err == nil && refused { // its compression needs all headers
			_ = frames.WriteRSTStream(headers.StreamID, http2.ErrCodeCancel)
		}
	}
}

// asks returns the resourceVersions from which a stream was asked for.
func (s *served) asks(key string) (versions []string) {
	s.troubled.mu.Lock()
	defer s.troubled.mu.Unlock()
	path, selector, _ := strings.Cut(key, "?")
	for _, asked := range s.asked {
		if version, ok := strings.CutPrefix(asked, path+selector+"@"); ok {
			versions = append(versions, version)
		}
	}
	return versions
}

// TestStreamIsReset has net/http's own HTTP/2 server reset one stream of a cluster, after
// its headers, before them, or before it has read the request. The others go on over the
// connection, which the stream uses again from its resourceVersion, and nothing is listed.
func TestStreamIsReset(t *testing.T) {
	before := func(s *served, _ *refuser, key string) { // the next attempt, after a reset
		aborted := false
		s.answerBy(func(r *http.Request) (*http.Response, error) {
			if aborted || streamKey(r) != key {
				return nil, nil
			}
			aborted = true
			return nil, errReset // the handler makes it a reset
		})
		s.resets(key)
	}
	for name, c := range map[string]struct {
		reset func(s *served, p *refuser, key string)
		ends  int
	}{
		"after its headers":           {func(s *served, _ *refuser, key string) { s.resets(key) }, 1},
		"before its headers":          {before, 2},
		"refused, before it was read": {func(s *served, p *refuser, key string) { p.next.Store(&key); s.resets(key) }, 2},
	} {
		for _, key := range []string{nodesKey, boundKey, unboundKey} {
			t.Run(name+", "+key, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { streamIsReset(t, key, c.ends, c.reset) })
			})
		}
	}
}

func streamIsReset(t *testing.T, key string, ends int, reset func(s *served, p *refuser, key string)) {
	t.Helper()
	s, p := serve(t, nil), &refuser{}
	s.through(t, p.proxy)
	w, stop := following(t, s.troubled, s.watcher)
	defer stop()
	time.Sleep(62 * time.Second) // bookmarks have come
	w.shows(ModeWatch)
	lists := s.lists
	at, asked := fmt.Sprint(s.version), s.asks(key)
	reset(s, p, key)
	synctest.Wait()
	for range 10 {
		s.do(s.change) // while the stream is away, if it is refused
	}
	time.Sleep(5 * time.Second)
	s.do(s.change)
	time.Sleep(time.Second)
	w.shows(ModeWatch)
	again := s.asks(key)[len(asked):]
	if len(again) == 0 || slices.ContainsFunc(again, func(version string) bool { return version != at }) {
		t.Errorf("it was asked for again from %v, want %s", again, at)
	}
	for other, by := range s.connections() {
		if slices.Max(by) != 1 || other != key && len(by) != 1 {
			t.Errorf("%s was asked for by connections %v, want the first, and once unless it was reset", other, by)
		}
	}
	if s.lists != lists {
		t.Errorf("pods were listed %d times, want %d", s.lists, lists)
	}
	w.wantEnds(EndNetwork, ends)
}

// wantEnds requires streams to have ended for one reason, so often, and no new start.
func (w *watching) wantEnds(reason WatchEnd, times int) {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	got := 0
	for _, e := range w.why {
		switch {
		case e.Restart != nil || e.Fallback != nil:
			w.t.Errorf("the cluster is listed anew: %+v %v", e.Restart, e.Fallback)
		case e.Ended != nil && e.Ended.Reason != reason:
			w.t.Errorf("a stream of %s ended by %s: %v", e.Ended.Resource, e.Ended.Reason, e.Ended.Failure)
		case e.Ended != nil:
			got++
		}
	}
	if got != times {
		w.t.Errorf("%d ends of streams, want %d", got, times)
	}
}
