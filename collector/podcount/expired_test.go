package podcount

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// goneAt answers watches with 410, and fails the test when one is asked for again at a
// resourceVersion that was answered so.
type goneAt struct {
	t      *testing.T
	answer func(*http.Request) *http.Response
	gone   func(*http.Request) bool // of the watches from a resourceVersion
	mu     sync.Mutex
	asked  map[string]bool
	starts int // streamed ones, which name no resourceVersion
}

func (g *goneAt) reply(r *http.Request) (*http.Response, error) {
	query := r.URL.Query()
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case query.Get("watch") == "":
		return nil, nil
	case query.Get("sendInitialEvents") != "":
		g.starts++
		return nil, nil
	case !g.gone(r):
		return nil, nil
	}
	key := r.URL.Path + "?" + query.Get("fieldSelector") + "@" + query.Get("resourceVersion")
	if g.asked[key] {
		g.t.Errorf("%s is asked for again", key)
	}
	response := g.answer(r)
	response.Body = &noted{response.Body, func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.asked[key] = g.asked[key] || r.Context().Err() == nil
	}}
	return response, nil
}

// noted says when it is read. An answer to a stream that has been ended meanwhile is not.
type noted struct {
	io.ReadCloser
	read func()
}

// Read reads it.
func (n *noted) Read(into []byte) (int, error) {
	n.read()
	return n.ReadCloser.Read(into)
}

func isPods(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/pods") }

// TestExpiredVersionOfAQuietServer has nothing happen on a server, so that each list
// begins at the resourceVersion from which the server sends no events.
func TestExpiredVersionOfAQuietServer(t *testing.T) {
	for _, tt := range []struct {
		name   string
		answer func(*http.Request) *http.Response
		gone   func(*http.Request) bool
	}{
		{"pods, a status", refusing(http.StatusGone), isPods},
		{"pods, an event", errorEvent, isPods},
		{"nodes", refusing(http.StatusGone), func(r *http.Request) bool { return !isPods(r) }},
		{"all", errorEvent, func(*http.Request) bool { return true }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				api, watcher := interceptedCluster(t, nil)
				g := &goneAt{t: t, answer: tt.answer, gone: tt.gone, asked: map[string]bool{}}
				api.answerBy(g.reply)
				w, stop := following(t, api.troubled, watcher)
				defer stop()
				time.Sleep(5 * time.Minute)
				w.shows(ModeWatch) // by a streamed start
				time.Sleep(time.Hour)
				g.mu.Lock()
				asked, starts := len(g.asked), g.starts
				g.mu.Unlock()
				if asked == 0 || starts == 0 {
					t.Errorf("%d streams from a resourceVersion and %d streamed starts were asked for", asked, starts)
				}
				api.answerBy(nil)
				api.do(api.change) // the server's resourceVersion moves on
				time.Sleep(15 * time.Minute)
				w.shows(ModeWatch)
			})
		})
	}
}

// TestExpiredBesideAFailedPage has the streams of a start expire while its pages fail: the
// count that goes on with these pages is no reason to ask for the streams again.
func TestExpiredBesideAFailedPage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api, watcher := interceptedCluster(t, func(cfg *Config) { cfg.PageAttempts = 1 })
		var mended atomic.Bool
		g := &goneAt{t: t, answer: refusing(http.StatusGone), gone: isPods, asked: map[string]bool{}}
		api.answerBy(func(r *http.Request) (*http.Response, error) {
			if lists(r, "pods") && r.URL.Query().Get("continue") != "" && !mended.Load() {
				return nil, errRefused
			}
			return g.reply(r)
		})
		w, stop := following(t, api.troubled, watcher)
		defer stop()
		time.Sleep(10 * time.Second)
		mended.Store(true)
		time.Sleep(5 * time.Minute)
		w.shows(ModeWatch)
	})
}

// mute answers a watch, and sends no event.
func (a *troubled) mute(r *http.Request) *http.Response {
	in, out := io.Pipe()
	context.AfterFunc(r.Context(), func() { _ = out.CloseWithError(context.Cause(r.Context())) })
	a.mu.Lock()
	defer a.mu.Unlock()
	a.open = append(a.open, out)
	return answerWith(r, http.StatusOK, in)
}

// auditAmid calls broken while the first audit asks for its page.
func auditAmid(t *testing.T, api *intercepted, broken func()) {
	t.Helper()
	var audits atomic.Int32
	began := time.Now()
	api.answerBy(func(r *http.Request) (*http.Response, error) {
		if lists(r, "pods") && time.Since(began) > time.Minute {
			if audits.Add(1) == 1 {
				broken()
			}
		}
		return nil, nil
	})
}

// TestAuditOfClosedStreams has the streams break during an audit, which does not wait for
// them: the nodes have to be listed meanwhile.
func TestAuditOfClosedStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api, watcher := interceptedCluster(t, nil)
		auditAmid(t, api, func() {
			api.turn(refusing(http.StatusServiceUnavailable))
			time.Sleep(time.Second) // the page comes later
			api.do(api.change)
		})
		w, stop := following(t, api.troubled, watcher)
		defer stop()
		time.Sleep(firstAudit + 20*time.Second)
		w.audited(errAway)
		api.turn(nil)
		time.Sleep(2 * soonerAudit)
		w.audited(errAway, nil)
		w.shows(ModeWatch)
	})
}

// TestAuditOfLateStreams has streams that are opened again shortly before an audit waits no
// more, and bring what it has seen a little later: that is no drift. Streams that never
// bring it are found.
func TestAuditOfLateStreams(t *testing.T) {
	for _, tt := range []struct {
		name  string
		mute  func(*troubled) func(*http.Request) *http.Response
		comes bool
	}{
		{"late", func(a *troubled) func(*http.Request) *http.Response { return a.mute }, true},
		{"without the event", func(a *troubled) func(*http.Request) *http.Response { return a.mute }, false},
		{"with old bookmarks only", func(a *troubled) func(*http.Request) *http.Response { return a.standing }, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				api, watcher := interceptedCluster(t, nil)
				auditAmid(t, api, func() {
					api.turn(tt.mute(api.troubled))
					api.do(api.change)
					api.do(func() { api.set(false, "late", &fakePod{node: "n1"}) })
				})
				w, stop := following(t, api.troubled, watcher)
				defer stop()
				time.Sleep(firstAudit + passWait - 20*time.Second) // the first comes a little sooner
				api.turn(tt.mute(api.troubled))
				time.Sleep(time.Minute)
				w.audited() // the streams have just been opened
				if tt.comes {
					api.turn(nil)
				}
				time.Sleep(passWait)
				drift := slices.ContainsFunc(w.told(), func(e Watched) bool { return e.Restart != nil && e.Restart.Reason == EndDrift })
				if drift == tt.comes {
					t.Errorf("drift is %t, with streams that come %t: %+v", drift, tt.comes, w.told())
				}
				api.turn(nil)
				time.Sleep(2 * soonerAudit)
				if tt.comes {
					w.shows(ModeWatch)
				}
			})
		})
	}
}

// TestAuditOfStreamsThatCrawl has streams that come further all the time, and never as far
// as the audit: it waits six minutes for them, and not for ever.
func TestAuditOfStreamsThatCrawl(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api, watcher := interceptedCluster(t, nil)
		auditAmid(t, api, func() {
			api.turn(api.crawling)
			for i := range 100 {
				api.do(func() { api.set(false, fmt.Sprint("late", i), &fakePod{node: "n1"}) })
			}
		})
		w, stop := following(t, api.troubled, watcher)
		defer stop()
		time.Sleep(firstAudit + 2*passWait - 20*time.Second) // the first comes a little sooner
		w.audited()
		time.Sleep(30 * time.Second)
		told := w.told()
		if !slices.ContainsFunc(told, func(e Watched) bool { return e.Restart != nil && e.Restart.Reason == EndDrift }) {
			t.Errorf("the audit goes on: %+v", told)
		}
	})
}

// standing answers a watch, and sends bookmarks that bring it no further.
func (a *troubled) standing(r *http.Request) *http.Response { return a.marking(r, 0) }

// crawling answers a watch, and sends bookmarks that bring it a little further.
func (a *troubled) crawling(r *http.Request) *http.Response { return a.marking(r, 1) }

// marking answers a watch, and sends a bookmark each minute, by so much ahead of the one before.
func (a *troubled) marking(r *http.Request, ahead int) *http.Response {
	response := a.mute(r)
	cut := response.Body
	in, out := io.Pipe()
	go func() {
		_, err := io.Copy(io.Discard, cut)
		_ = out.CloseWithError(err)
	}()
	go func() {
		at, err := strconv.Atoi(r.URL.Query().Get("resourceVersion"))
		for ; err == nil; at += ahead {
			if _, err = fmt.Fprintf(out, `{"type":"BOOKMARK","object":{"kind":"Table","metadata":{"resourceVersion":"%d"}}}`, at); err == nil {
				err = sleep(r.Context(), time.Minute)
			}
		}
	}()
	response.Body = in
	return response
}

// told returns what the observer was told.
func (w *watching) told() []Watched {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.why)
}

// TestStreamedStartsThatExpire has a server that answers 410 to every watch, the streamed
// ones included, and lists the same resourceVersion for ever.
func TestStreamedStartsThatExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api, watcher := interceptedCluster(t, nil)
		g := &goneAt{t: t, answer: refusing(http.StatusGone), gone: func(*http.Request) bool { return true }, asked: map[string]bool{}}
		api.answerBy(func(r *http.Request) (*http.Response, error) {
			response, err := g.reply(r)
			if r.URL.Query().Get("sendInitialEvents") != "" {
				return refusing(http.StatusGone)(r), nil
			}
			return response, err
		})
		w, stop := following(t, api.troubled, watcher)
		defer stop()
		time.Sleep(5 * time.Minute)
		w.shows(ModeList)
		time.Sleep(time.Hour) // it is tried every ten minutes
		w.shows(ModeList)
		api.answerBy(nil)
		time.Sleep(15 * time.Minute) // by a streamed start: nothing has happened
		w.shows(ModeWatch)
	})
}

// TestNodeThatGoesAmidAStreamedStart has a node deleted after the nodes were listed, and
// before the streamed start that shows those that are left.
func TestNodeThatGoesAmidAStreamedStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api, watcher := interceptedCluster(t, nil)
		g := &goneAt{t: t, answer: refusing(http.StatusGone), gone: func(*http.Request) bool { return true }, asked: map[string]bool{}}
		var once sync.Once
		api.answerBy(func(r *http.Request) (*http.Response, error) {
			if r.URL.Query().Get("sendInitialEvents") != "" && !isPods(r) {
				once.Do(func() { api.do(func() { api.set(true, "n1", nil) }) })
			}
			return g.reply(r)
		})
		w, stop := following(t, api.troubled, watcher)
		defer stop()
		for w.state() == nil || w.state().Mode != ModeWatch {
			time.Sleep(100 * time.Millisecond)
		}
		if slices.ContainsFunc(w.state().Nodes, func(n Node) bool { return n.Name == "n1" }) {
			t.Errorf("n1 is shown, which is gone: %+v", w.state())
		}
	})
}

// state returns the last snapshot, or nil.
func (w *watching) state() *Snapshot {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.last
}
