package podcount

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// intercepted is a troubled server of which some requests are answered otherwise.
type intercepted struct {
	*troubled
	mu sync.Mutex
	// by answers a request, or leaves it to the server with two nils.
	by func(*http.Request) (*http.Response, error)
}

// RoundTrip asks by first.
func (i *intercepted) RoundTrip(r *http.Request) (*http.Response, error) {
	i.mu.Lock()
	by := i.by
	i.mu.Unlock()
	if by != nil {
		if response, err := by(r); response != nil || err != nil {
			getConn(r.Context())
			return response, err
		}
	}
	return i.troubled.RoundTrip(r)
}

func (i *intercepted) answerBy(by func(*http.Request) (*http.Response, error)) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.by = by
}

func interceptedCluster(t *testing.T, change func(*Config)) (*intercepted, *Watcher) {
	t.Helper()
	api := &intercepted{troubled: &troubled{fakeAPI: newFakeAPI(5)}}
	api.forgetful = false
	cfg := DefaultConfig()
	cfg.Jitter = func() float64 { return 0.5 }
	if change != nil {
		change(&cfg)
	}
	return api, newWatcher(t, cfg, api, DefaultWatchConfig())
}

func lists(r *http.Request, resource string) bool {
	return strings.HasSuffix(r.URL.Path, "/"+resource) && r.URL.Query().Get("watch") == ""
}

var errRefused = errors.New("connection refused")

// TestOutageIsNoRefusal has a server go away, and answer each watch once with 429 when
// it is back: it can still be watched, as soon as it answers.
func TestOutageIsNoRefusal(t *testing.T) {
	for _, forbidden := range []bool{false, true} {
		for _, away := range []time.Duration{10 * time.Second, 62 * time.Second, 2 * time.Minute, 8 * time.Minute} {
			t.Run(away.String(), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					api, watcher := interceptedCluster(t, nil)
					denied := func(r *http.Request) (*http.Response, error) {
						if forbidden && strings.HasSuffix(r.URL.Path, "/nodes") {
							return refusing(http.StatusForbidden)(r), nil
						}
						return nil, nil
					}
					api.answerBy(denied)
					w, stop := following(t, api.troubled, watcher)
					defer stop()
					time.Sleep(3 * time.Minute)
					api.answerBy(func(*http.Request) (*http.Response, error) { return nil, errRefused })
					api.turn(nil)
					time.Sleep(away)
					api.do(api.change)
					refused := map[string]bool{}
					api.answerBy(func(r *http.Request) (*http.Response, error) {
						at := r.URL.Path + r.URL.Query().Get("fieldSelector")
						if r.URL.Query().Get("watch") != "" && !refused[at] {
							refused[at] = true
							return refusing(http.StatusTooManyRequests)(r), nil
						}
						return denied(r)
					})
					time.Sleep(3 * time.Minute)
					w.mu.Lock()
					defer w.mu.Unlock()
					if w.last == nil || w.last.Mode != ModeWatch || w.last.Interrupted != nil {
						t.Errorf("the last snapshot is %+v, want one that is followed", w.last)
					}
					for _, e := range w.why {
						if e.Fallback != nil {
							t.Errorf("nodes forbidden %t: it is taken for a server that cannot be watched: %v", forbidden, e.Fallback)
						}
					}
				})
			})
		}
	}
}

// TestEmptyNamespaceIsFollowed has a namespace without pods, which is looked up: what is
// followed are its pods, and not the namespace.
func TestEmptyNamespaceIsFollowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api, watcher := interceptedCluster(t, func(cfg *Config) { cfg.Namespaces = []string{"x"} })
		api.answerBy(func(r *http.Request) (*http.Response, error) {
			watch := r.URL.Query().Get("watch") != ""
			switch {
			case strings.HasSuffix(r.URL.Path, "/namespaces/x"):
				if watch {
					t.Errorf("the namespace itself is watched: %s", r.URL)
				}
				return answerOf(`{"kind":"Namespace","metadata":{"name":"x","resourceVersion":"3"}}`), nil
			case strings.HasSuffix(r.URL.Path, "/namespaces/x/pods") && watch:
				return answerWith(r, http.StatusOK, io.NopCloser(until(r.Context().Done())), "Content-Type", "application/json"), nil
			case strings.HasSuffix(r.URL.Path, "/namespaces/x/pods"):
				return podPageAt("150", "")(r)
			}
			return nil, nil
		})
		w, stop := following(t, api.troubled, watcher)
		defer stop()
		time.Sleep(time.Minute)
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.last == nil || w.last.Mode != ModeWatch || w.last.Interrupted != nil || w.last.ActivePods() != 0 {
			t.Errorf("the last snapshot is %+v, want an empty one that is followed", w.last)
		}
	})
}

// TestNodesAtSeveralVersions has a server whose pages of nodes are never of one
// resourceVersion: the nodes are all shown, in whatever mode.
func TestNodesAtSeveralVersions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api, watcher := interceptedCluster(t, func(cfg *Config) { cfg.PageSize, cfg.MaxPageSize = 1, 1 })
		api.answerBy(func(r *http.Request) (*http.Response, error) {
			switch {
			case !lists(r, "nodes"), r.URL.Query().Get("fieldSelector") != "":
				return nil, nil
			case r.URL.Query().Get("continue") == "":
				return answerOf(`{"kind":"NodeList","metadata":{"resourceVersion":"101","continue":"t"},"items":[{"metadata":{"name":"n0"}}]}`), nil
			default:
				return answerOf(`{"kind":"NodeList","metadata":{"resourceVersion":"102"},"items":[{"metadata":{"name":"n1"}}]}`), nil
			}
		})
		var last *Snapshot
		observer := &watching{t: t, api: api.fakeAPI, seen: &coverage{}}
		stop := counting(t, watcher, observer, func(s *Snapshot) {
			if last = s; !slices.ContainsFunc(s.Nodes, func(n Node) bool { return n.Name == "n0" }) {
				t.Errorf("node n0 is not shown in mode %s, but %v", s.Mode, s.Nodes)
			}
		})
		time.Sleep(20 * time.Minute)
		stop()
		if last == nil {
			t.Error("nothing was shown")
		}
	})
}

// TestSuspendedAmidItsNodes has a count in list mode fail while it lists the nodes
// again, and the cluster followed after it: all nodes are shown.
func TestSuspendedAmidItsNodes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api, watcher := interceptedCluster(t, nil)
		watcher.listedUntil = time.Now().Add(5 * time.Minute)
		asked, waited := 0, 0
		api.answerBy(func(r *http.Request) (*http.Response, error) {
			switch {
			case lists(r, "nodes"):
				if asked++; asked > 1 { // after the pods, as the first list is old by then
					return refusing(http.StatusServiceUnavailable)(r), nil
				}
			case lists(r, "pods"):
				if waited++; waited <= 2 {
					return answerWith(r, http.StatusTooManyRequests, reader(""), "Retry-After", "60"), nil
				}
			}
			return nil, nil
		})
		if err := watcher.Count(t.Context(), &recorder{}, func(*Snapshot) { t.Error("something is shown") }); err == nil {
			t.Fatal("the count did not fail")
		}
		api.answerBy(nil)
		watcher.listedUntil = time.Time{}
		shown := 0
		stop := counting(t, watcher, &watching{t: t, api: api.fakeAPI, seen: &coverage{}}, func(s *Snapshot) {
			if shown++; len(s.Nodes) != len(api.nodes) || s.Mode != ModeWatch { // which do not change
				t.Errorf("%d nodes of %d are shown in mode %s", len(s.Nodes), len(api.nodes), s.Mode)
			}
		})
		time.Sleep(time.Minute)
		stop()
		if shown == 0 {
			t.Error("nothing was shown")
		}
	})
}

// TestEventsTakeLittleMemory reads events that are as long as they may be, and full of
// small parts.
func TestEventsTakeLittleMemory(t *testing.T) {
	many := func(part string) string { return strings.Repeat(part+",", (maxValueBytes-1000)/(len(part)+1)) + part }
	table := func(rows string) string {
		return `{"type":"ADDED","object":{"kind":"Table","metadata":{"resourceVersion":"9"},"columnDefinitions":[{"name":"Node"}],"rows":[` + rows + `]}}`
	}
	var numbered strings.Builder
	for i := 0; numbered.Len() < maxValueBytes-1000; i++ {
		fmt.Fprintf(&numbered, `"%x":0,`, i)
	}
	for _, tt := range []struct {
		name, event string
		want        error
	}{
		{"rows", table(many("{}")), errEventRows},
		{"cells", table(`{"cells":[` + many("0") + `]}`), errCellNumber},
		{"conditions", table(`{"cells":["a"],"conditions":[` + many("{}") + `]}`), nil},
		{"columns", `{"type":"ADDED","object":{"kind":"Table","columnDefinitions":[` + many("{}") + `]}}`, errNoColumn},
		{"different keys of what is skipped", table(`{"cells":["a"]}],"x":[{` + numbered.String() + `"":0}`), nil},
		{"annotations", table(`{"cells":["a"],"object":{"metadata":{"annotations":{` + many(`"":0`) + `}}}}`), nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before := allocated()
			_, err := newEventReader(strings.NewReader(tt.event), Pods, nil, nil).next()
			if grown := allocated() - before; grown > 1<<20 {
				t.Errorf("%d bytes were allocated for %d", grown, len(tt.event))
			}
			if !errors.Is(err, tt.want) {
				t.Errorf("error %v, want %v", err, tt.want)
			}
		})
	}
}

func allocated() uint64 {
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.TotalAlloc
}

// handOver has another Watcher go on with the streams of first, which has stopped, as
// with other credentials.
func (i *intercepted) handOver(t *testing.T, first *Watcher) (w *watching, stop func()) {
	t.Helper()
	second := newWatcher(t, first.cfg, i, DefaultWatchConfig())
	second.Follow(first)
	return following(t, i.troubled, second)
}

// TestNewCredentialsAfterRefusedNodes hands a cluster whose nodes could not be listed
// over to other credentials: it is up to date as soon as its streams are open.
func TestNewCredentialsAfterRefusedNodes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api, first := interceptedCluster(t, nil)
		w, stop := following(t, api.troubled, first)
		time.Sleep(time.Minute)
		api.answerBy(func(r *http.Request) (*http.Response, error) {
			if lists(r, "nodes") {
				return refusing(http.StatusUnauthorized)(r), nil
			}
			return nil, nil
		})
		time.Sleep(6 * time.Minute)
		w.mu.Lock()
		if w.last.Interrupted == nil {
			t.Error("nothing says that the nodes cannot be listed")
		}
		w.mu.Unlock()
		stop()
		api.answerBy(nil)
		w, stop = api.handOver(t, first)
		defer stop()
		time.Sleep(20 * time.Second)
		w.shows(ModeWatch)
	})
}

// TestNewCredentialsAfterWhichAllIsGone hands a cluster over whose streams have expired
// meanwhile, and whose lists take long: it is not shown as up to date.
func TestNewCredentialsAfterWhichAllIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api, first := interceptedCluster(t, nil)
		w, stop := following(t, api.troubled, first)
		time.Sleep(time.Minute)
		w.shows(ModeWatch)
		stop()
		api.answerBy(func(r *http.Request) (*http.Response, error) {
			if r.URL.Query().Get("watch") != "" {
				return refusing(http.StatusGone)(r), nil
			}
			return silent(r), nil
		})
		w, stop = api.handOver(t, first)
		defer stop()
		time.Sleep(10 * time.Second)
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.last == nil || w.last.Interrupted == nil {
			t.Errorf("the last snapshot is %+v, want one that says that the cluster is not followed", w.last)
		}
	})
}

// TestNewCredentialsWithoutNodes hands a cluster over to credentials that may watch the
// nodes and not list them: the nodes that have pods are shown, and no event was lost.
func TestNewCredentialsWithoutNodes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api, first := interceptedCluster(t, nil)
		w, stop := following(t, api.troubled, first)
		time.Sleep(time.Minute)
		w.shows(ModeWatch)
		stop()
		api.answerBy(func(r *http.Request) (*http.Response, error) {
			if lists(r, "nodes") {
				return refusing(http.StatusForbidden)(r), nil
			}
			return nil, nil
		})
		w, stop = api.handOver(t, first)
		defer stop()
		time.Sleep(10 * time.Minute)
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.last == nil || w.last.Mode != ModeWatch || !w.last.NodesForbidden || w.last.Interrupted != nil {
			t.Errorf("the last snapshot is %+v, want one that is followed without nodes", w.last)
		}
		for _, e := range w.why {
			if e.Restart != nil && e.Restart.Reason == EndDrift {
				t.Errorf("it is taken for a lost event: %v", e.Restart.Err)
			}
		}
	})
}

// idling notes when idle connections are closed.
type idling struct {
	*intercepted
	mu sync.Mutex
	at []time.Time
}

// CloseIdleConnections notes the time.
func (i *idling) CloseIdleConnections() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.at = append(i.at, time.Now())
}

// TestNoConnectionIsKeptBetweenLists lists the nodes every five minutes: a load balancer
// may drop a connection without a sign that is idle for so long.
func TestNoConnectionIsKeptBetweenLists(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api, first := interceptedCluster(t, nil)
		pages := &idling{intercepted: api}
		watcher := newWatcher(t, first.cfg, pages, DefaultWatchConfig())
		watcher.streams = &http.Client{Transport: api}
		listed := time.Time{}
		api.answerBy(func(r *http.Request) (*http.Response, error) {
			if lists(r, "nodes") {
				listed = time.Now()
			}
			return nil, nil
		})
		_, stop := following(t, api.troubled, watcher)
		defer stop()
		time.Sleep(11 * time.Minute)
		pages.mu.Lock()
		defer pages.mu.Unlock()
		if len(pages.at) == 0 || pages.at[len(pages.at)-1].Before(listed) {
			t.Errorf("idle connections were closed at %v, and the nodes were listed at %v", pages.at, listed)
		}
	})
}
