package podcount

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
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

// troubled is a fakeAPI whose watches can be answered otherwise, and cut.
type troubled struct {
	*fakeAPI
	mu     sync.Mutex
	answer func(*http.Request) *http.Response // to a watch; nil: as always
	open   []*io.PipeWriter
	asked  []string // resourceVersions of watches, with their selectors
}

// RoundTrip answers lists as always.
func (a *troubled) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Query().Get("watch") == "" {
		return a.fakeAPI.RoundTrip(r)
	}
	a.mu.Lock()
	answer := a.answer
	a.asked = append(a.asked, r.URL.Path+r.URL.Query().Get("fieldSelector")+"@"+r.URL.Query().Get("resourceVersion"))
	a.mu.Unlock()
	if answer != nil {
		return answer(r), nil
	}
	response, err := a.fakeAPI.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	in, out := io.Pipe()
	body := response.Body
	go func() {
		_, err := io.Copy(out, body)
		_ = out.CloseWithError(err)
		_ = body.Close()
	}()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.open, response.Body = append(a.open, out), in
	return response, nil
}

// turn has watches answered otherwise from now on, and cuts those that there are.
func (a *troubled) turn(answer func(*http.Request) *http.Response) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.answer = answer
	for _, out := range a.open {
		_ = out.CloseWithError(errors.New("connection reset"))
	}
	a.open = nil
}

func (w *fakeAPI) do(change func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change()
}

// restore makes the server what it was at a version.
func (w *fakeAPI) restore(version int) {
	pods, nodes := w.at(version, false), w.at(version, true)
	kept := w.log[:0:0]
	for _, c := range w.log {
		if c.version <= version {
			kept = append(kept, c)
		}
	}
	w.log, w.version, w.pods, w.nodes = kept, version, maps.Clone(pods), maps.Clone(nodes)
}

func refusing(code int) func(*http.Request) *http.Response {
	return func(r *http.Request) *http.Response {
		return answerWith(r, code, reader(fmt.Sprintf(`{"kind":"Status","code":%d}`, code)))
	}
}

// silent never answers.
func silent(r *http.Request) *http.Response {
	<-r.Context().Done()
	return answerWith(r, http.StatusServiceUnavailable, reader(""))
}

// errorEvent answers with an ERROR event of code 410.
func errorEvent(r *http.Request) *http.Response {
	return answerWith(r, http.StatusOK, reader(`{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired"}}`))
}

// following has a Watcher count, and keeps what it publishes, until stop.
func following(t *testing.T, api *troubled, watcher *Watcher) (w *watching, stop func()) {
	t.Helper()
	w = &watching{t: t, api: api.fakeAPI, seen: &coverage{}}
	return w, counting(t, watcher, w, w.keep)
}

func troubledCluster(t *testing.T) (*troubled, *Watcher) {
	t.Helper()
	api := &troubled{fakeAPI: newFakeAPI(5)}
	api.forgetful = false
	cfg := DefaultConfig()
	cfg.Jitter = func() float64 { return 0.5 }
	return api, newWatcher(t, cfg, api, DefaultWatchConfig())
}

// shows requires the last snapshot to be of a mode, up to date, and right.
func (w *watching) shows(mode Mode) {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.last == nil || w.last.Mode != mode || w.last.Interrupted != nil {
		w.t.Fatalf("the last snapshot is %+v, want one of mode %s", w.last, mode)
	}
	w.api.mu.Lock()
	now := w.api.version
	w.api.mu.Unlock()
	s := *w.last
	s.ResourceVersion = fmt.Sprint(now)
	w.compare(&s)
	for _, e := range w.why {
		if e.Audit != nil && len(e.Audit.Differences) > 0 {
			w.t.Errorf("an audit differs where no event was lost: %v", e.Audit.Differences)
		}
	}
}

// fellBackFor says whether this was the reason of a fallback.
func (w *watching) fellBackFor(why error) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.ContainsFunc(w.why, func(e Watched) bool { return errors.Is(e.Fallback, why) })
}

// TestServerWithAnotherHistory has the server restored from a backup: it answers at
// resourceVersions that it had before, and says nothing to streams that are ahead.
func TestServerWithAnotherHistory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api, watcher := troubledCluster(t)
		w, stop := following(t, api, watcher)
		defer stop()
		time.Sleep(time.Minute)
		var backup int
		api.do(func() { backup = api.version })
		for range 40 {
			api.do(api.change)
			time.Sleep(2 * time.Second)
		}
		w.shows(ModeWatch)
		api.do(func() { api.restore(backup) })
		api.turn(nil)
		api.do(api.change)
		time.Sleep(time.Minute)
		w.shows(ModeWatch)
		api.do(api.change)
		time.Sleep(10 * time.Second)
		w.shows(ModeWatch)
	})
}

// TestWatchesThatAlwaysFail has lists that are right and watches that are not answered:
// the cluster is listed within minutes, and followed again when they are.
func TestWatchesThatAlwaysFail(t *testing.T) {
	for _, tt := range []struct {
		name   string
		answer func(*http.Request) *http.Response
	}{
		{"410", refusing(http.StatusGone)}, {"410 in an event", errorEvent}, {"403", refusing(http.StatusForbidden)},
		{"429", refusing(http.StatusTooManyRequests)}, {"503", refusing(http.StatusServiceUnavailable)},
		{"no answer", silent}, {"nothing", func(r *http.Request) *http.Response { return answerWith(r, http.StatusOK, reader("")) }},
	} {
		for _, later := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, later %t", tt.name, later), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					api, watcher := troubledCluster(t)
					if !later {
						api.turn(tt.answer)
					}
					w, stop := following(t, api, watcher)
					defer stop()
					time.Sleep(5 * time.Minute)
					if later {
						w.shows(ModeWatch)
						api.turn(tt.answer)
						api.do(api.change)
						time.Sleep(5 * time.Minute)
					}
					w.shows(ModeList)
					if tt.name == "nothing" && !w.fellBackFor(errShortStreams) {
						t.Error("nothing says that the streams are short")
					}
					if events := tt.name == "410 in an event"; (w.errors > 0) != events {
						t.Errorf("%d ERROR events are told of", w.errors)
					}
					api.turn(nil)
					time.Sleep(15 * time.Minute)
					w.shows(ModeWatch)
				})
			})
		}
	}
}

// TestExpiredVersionIsNotAskedForAgain has streams end with 410, in both its forms, while
// the pods are being listed.
func TestExpiredVersionIsNotAskedForAgain(t *testing.T) {
	for name, answer := range map[string]func(*http.Request) *http.Response{
		"a status": refusing(http.StatusGone), "an event": errorEvent,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				api, watcher := troubledCluster(t)
				gone := map[string]bool{}
				api.answer = func(r *http.Request) *http.Response {
					api.mu.Lock()
					last := api.asked[len(api.asked)-1]
					if gone[last] {
						t.Errorf("%s is asked for again", last)
					}
					gone[last] = true
					api.mu.Unlock()
					api.do(api.change) // the server's resourceVersion moves on
					return answer(r)
				}
				_, stop := following(t, api, watcher)
				defer stop()
				time.Sleep(time.Hour)
				api.mu.Lock()
				defer api.mu.Unlock()
				if len(gone) < 10 {
					t.Errorf("%d streams were asked for", len(gone))
				}
			})
		})
	}
}

// TestWhatStreamsAskFor draws the longest, the shortest and some other life of a stream.
func TestWhatStreamsAskFor(t *testing.T) {
	for drawn, want := range map[float64]string{0: "300", 0.5: "450", 0.999: "599"} {
		synctest.Test(t, func(t *testing.T) {
			api, watcher := interceptedCluster(t, func(cfg *Config) { cfg.Jitter = func() float64 { return drawn } })
			var mu sync.Mutex
			asked := 0
			api.answerBy(func(r *http.Request) (*http.Response, error) {
				mu.Lock()
				defer mu.Unlock()
				if q := r.URL.Query(); q.Get("watch") != "" {
					asked++
					version, err := strconv.Atoi(q.Get("resourceVersion"))
					if q.Get("allowWatchBookmarks") != "true" || q.Get("timeoutSeconds") != want || err != nil || version < 1 {
						t.Errorf("a watch asks for %s, want bookmarks, a resourceVersion and %s seconds", r.URL.RawQuery, want)
					}
				}
				return nil, nil
			})
			w, stop := following(t, api.troubled, watcher)
			defer stop()
			time.Sleep(time.Minute)
			w.shows(ModeWatch)
			mu.Lock()
			defer mu.Unlock()
			if asked != 3 {
				t.Errorf("%d streams were asked for, want 3", asked)
			}
		})
	}
}

// TestNewCredentialsWhileTheServerIsSilent hands the streams over to a Watcher that cannot
// open them: the numbers are not shown as up to date.
func TestNewCredentialsWhileTheServerIsSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api, first := troubledCluster(t)
		w, stop := following(t, api, first)
		time.Sleep(time.Minute)
		w.shows(ModeWatch)
		api.turn(silent)
		stop()
		second := newWatcher(t, first.cfg, api, DefaultWatchConfig())
		second.Follow(first)
		w, stop = following(t, api, second)
		defer stop()
		time.Sleep(reloadGrace + time.Second)
		w.mu.Lock()
		last := w.last
		w.mu.Unlock()
		if last == nil || last.Interrupted == nil {
			t.Errorf("after eleven seconds without a stream the snapshot is %+v", last)
		}
	})
}

// yieldGate has a place for everyone, and counts those that are left to others.
type yieldGate struct {
	entered, yielded atomic.Int32
}

// Enter never waits.
func (g *yieldGate) Enter(context.Context, bool, func()) (Place, error) {
	g.entered.Add(1)
	return yieldPlace{g}, nil
}

type yieldPlace struct{ gate *yieldGate }

// Yield counts.
func (p yieldPlace) Yield() { p.gate.yielded.Add(1) }

// Came does nothing.
func (p yieldPlace) Came() {}

// Leave does nothing.
func (p yieldPlace) Leave(bool) {}

// TestStreamedStartYields has a streamed start whose initial events do not come: it must
// not keep its place from others.
func TestStreamedStartYields(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api, watcher := troubledCluster(t)
		gate := &yieldGate{}
		watcher.cfg.Gate, watcher.stale = gate, 2
		api.answer = func(r *http.Request) *http.Response {
			in, out := io.Pipe()
			context.AfterFunc(r.Context(), func() { _ = out.CloseWithError(r.Context().Err()) })
			return answerWith(r, http.StatusOK, in)
		}
		_, stop := following(t, api, watcher)
		defer stop()
		time.Sleep(time.Second)
		if gate.yielded.Load() == 0 {
			t.Errorf("%d places were taken, and none yielded", gate.entered.Load())
		}
	})
}

// TestRolesRefuseWhatTheirSelectorLeavesOut: counted, each of these would make a sum wrong.
func TestRolesRefuseWhatTheirSelectorLeavesOut(t *testing.T) {
	for _, tt := range []struct {
		name string
		role role
		c    change
		want error
	}{
		{"bound pod", boundStream, change{kind: EventAdded, node: "n"}, nil},
		{"finished pod is added", boundStream, change{kind: EventAdded, node: "n", finished: true}, errUnfiltered},
		{"pod finishes and stays", boundStream, change{kind: EventModified, node: "n", finished: true}, errUnfiltered},
		{"bound pod goes", boundStream, change{kind: EventDeleted, node: "n"}, nil},
		{"finished pod goes, which was never counted", boundStream, change{kind: EventDeleted, node: "n", finished: true}, errUnfiltered},
		{"pod without a node goes from those with one", boundStream, change{kind: EventDeleted}, errUnfiltered},
		{"bound pod without a node", boundStream, change{kind: EventAdded}, errUnfiltered},
		{"pod without a node", unboundStream, change{kind: EventAdded}, nil},
		{"pod is bound and stays", unboundStream, change{kind: EventModified, node: "n"}, errUnfiltered},
		{"pod without a node finishes and stays", unboundStream, change{kind: EventModified, finished: true}, errUnfiltered},
		{"pod without a node goes", unboundStream, change{kind: EventDeleted}, nil},
		{"bound pod goes from those without a node", unboundStream, change{kind: EventDeleted, node: "n"}, errUnfiltered},
		{"finished pod without a node goes", unboundStream, change{kind: EventDeleted, finished: true}, errUnfiltered},
		{"node", nodeStream, change{kind: EventAdded, node: "n"}, nil},
		{"node without a name", nodeStream, change{kind: EventAdded}, errNodeName},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.role.check(tt.c); !errors.Is(got, tt.want) {
				t.Errorf("%v, want %v", got, tt.want)
			}
		})
	}
}

// TestServerThatSelectsNothing has a server that ignores selectors: the pages leave out
// finished pods by their rows, and the streams have no sign of it but that a pod goes
// which they never had. The cluster is listed.
func TestServerThatSelectsNothing(t *testing.T) {
	for _, gone := range []struct{ name, cells string }{
		{"a finished pod", `"rows":[{"cells":["p","n0"],"conditions":[{"type":"Completed","status":"True"}]}]`},
		{"a bound pod", `"rows":[{"cells":["p","n0"]}]`},
	} {
		t.Run(gone.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				api, watcher := interceptedCluster(t, nil)
				for i := range 3 { // so that a sum that is one too small is not below zero
					api.do(func() {
						api.set(false, fmt.Sprint("u", i), &fakePod{})
						api.set(false, fmt.Sprint("b", i), &fakePod{node: "n0"})
					})
				}
				sent := false
				api.answerBy(func(r *http.Request) (*http.Response, error) {
					if r.URL.Query().Get("watch") == "" || !strings.HasSuffix(r.URL.Path, "/pods") || sent {
						return nil, nil
					}
					if bound := strings.HasPrefix(r.URL.Query().Get("fieldSelector"), "spec.nodeName!="); bound == (gone.name == "a bound pod") {
						return nil, nil
					}
					sent = true
					event := fmt.Sprintf(`{"type":"DELETED","object":{"kind":"Table","metadata":{"resourceVersion":"%d"},%s,%s}}`, api.version+1, definitions(false), gone.cells)
					return answerWith(r, http.StatusOK, io.NopCloser(io.MultiReader(strings.NewReader(event), until(r.Context().Done())))), nil
				})
				w, stop := following(t, api.troubled, watcher)
				defer stop()
				time.Sleep(time.Minute)
				w.shows(ModeList)
				if !w.fellBackFor(errUnfiltered) {
					t.Error("nothing says that the server selects nothing")
				}
			})
		})
	}
}

// TestReplacedStreamChangesNothing has a stream deliver what it has read after another
// one has taken its place, before the start is complete and after it.
func TestReplacedStreamChangesNothing(t *testing.T) {
	_, watcher := troubledCluster(t)
	budget := NewBudget(1 << 20)
	f := &session{w: watcher, live: newLive(newAccount(budget), watcher.cfg), cancel: map[*stream]context.CancelCauseFunc{}}
	add := func(r role, version string) *stream {
		list := podListing("", &podForms()[0])
		if r == nodeStream {
			list = nodeListing("")
		}
		s := f.replace(newStream(r, list, podForms()[0], f.live.names.ledger, version))
		f.cancel[s] = func(error) {}
		return s
	}
	deliver := func(s *stream, node, version string) {
		t.Helper()
		if counted, err := f.live.apply(s, change{kind: EventAdded, version: version, node: node}, nil); counted || err != nil {
			t.Errorf("an event of a stream that was replaced: counted %t, %v", counted, err)
		}
	}
	roles := map[role]string{boundStream: "n1", unboundStream: "", nodeStream: "n1"}
	former := map[role]*stream{}
	for r, node := range roles {
		former[r] = add(r, "10")
		if counted, err := f.live.apply(former[r], change{kind: EventAdded, version: "11", node: node}, nil); !counted || err != nil {
			t.Fatalf("counted %t, %v", counted, err)
		}
		f.live.nodes, f.live.order = map[string]Node{}, nil
		add(r, "20")
		deliver(former[r], node, "12")
	}
	run := watcher.take(nil)
	run.tally, run.nodes.version = newTally(run.ledger), "20"
	if err := f.live.rebase(run, Snapshot{}); err != nil {
		t.Fatal(err)
	}
	for r, node := range roles {
		deliver(former[r], node, "21")
	}
	if len(f.live.pods) > 0 || f.live.unscheduled != 0 || len(f.live.nodes) > 0 || f.live.within["api/v1/pods"] != 0 {
		t.Errorf("pods %v, %d without a node, nodes %v, %d in all; want none", f.live.pods, f.live.unscheduled, f.live.nodes, f.live.within["api/v1/pods"])
	}
}
