package podcount

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// asks are the times at which each stream was asked for, by path and selector.
type asks struct {
	mu sync.Mutex
	at map[string][]time.Time
}

func (a *asks) note(r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.at == nil {
		a.at = map[string][]time.Time{}
	}
	key := r.URL.Path + "?" + r.URL.Query().Get("fieldSelector")
	a.at[key] = append(a.at[key], time.Now())
}

// TestSilence has streams that say nothing. One that has had a bookmark is taken for
// dead after three minutes, as the server sends one each minute; a server without
// bookmarks may be silent.
func TestSilence(t *testing.T) {
	for _, bookmarks := range []bool{false, true} {
		t.Run(fmt.Sprintf("bookmarks %t", bookmarks), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				api, watcher := interceptedCluster(t, nil)
				var asked asks
				api.answerBy(func(r *http.Request) (*http.Response, error) {
					if r.URL.Query().Get("watch") == "" {
						return nil, nil
					}
					asked.note(r)
					node, at := "n0", r.URL.Query().Get("resourceVersion")
					if selector := r.URL.Query().Get("fieldSelector"); strings.HasSuffix(r.URL.Path, "/pods") && !strings.Contains(selector, "nodeName!=") {
						node = noNode
					}
					said := `{"type":"MODIFIED","object":{"kind":"Table","metadata":{"resourceVersion":"` + at + `"},"columnDefinitions":[{"name":"Name"},{"name":"Node"}],"rows":[{"cells":["` + node + `","` + node + `"]}]}}`
					if bookmarks {
						said += `{"type":"BOOKMARK","object":{"kind":"Table","metadata":{"resourceVersion":"` + at + `"}}}`
					}
					body := io.MultiReader(strings.NewReader(said), until(r.Context().Done()))
					return answerWith(r, http.StatusOK, io.NopCloser(body), "Content-Type", "application/json"), nil
				})
				_, stop := following(t, api.troubled, watcher)
				defer stop()
				time.Sleep(maxSilence + time.Minute) // streams last five minutes at least
				asked.mu.Lock()
				defer asked.mu.Unlock()
				if len(asked.at) != 3 {
					t.Errorf("streams of %d kinds, want 3", len(asked.at))
				}
				for stream, at := range asked.at {
					if again := len(at) > 1; again != bookmarks {
						t.Errorf("%s was asked for %d times in %s", stream, len(at), maxSilence+time.Minute)
					}
				}
			})
		})
	}
}

// TestSilenceAfterReopening has streams of a server that sends bookmarks break, and be opened
// again with headers and nothing more, without audits. That is noticed after a quarter of an
// hour, and where it goes on, the cluster is listed.
func TestSilenceAfterReopening(t *testing.T) {
	for _, tt := range []struct {
		name  string
		quiet int // streams of each kind that say nothing
		after time.Duration
		want  Mode
	}{
		{"once", 1, longestStream + endSlack + time.Minute, ModeWatch},
		{"thrice", 3, maxQuiet + 2*maxSilence + time.Minute, ModeWatch},
		{"again and again", 1 << 30, maxQuiet + maxShortStreams*maxSilence + 2*time.Minute, ModeList},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				api := &intercepted{troubled: &troubled{fakeAPI: newFakeAPI(5)}}
				api.forgetful = false
				cfg := DefaultConfig()
				cfg.Jitter = func() float64 { return 0.5 }
				watcher := newWatcher(t, cfg, api, WatchConfig{NodesInterval: DefaultNodesInterval})
				w, stop := following(t, api.troubled, watcher)
				defer stop()
				time.Sleep(90 * time.Second)
				w.shows(ModeWatch)
				var mu sync.Mutex
				opened := map[string]int{}
				api.answerBy(func(r *http.Request) (*http.Response, error) {
					if r.URL.Query().Get("watch") == "" {
						return nil, nil
					}
					mu.Lock()
					defer mu.Unlock()
					stream := r.URL.Path + r.URL.Query().Get("fieldSelector")
					if opened[stream]++; opened[stream] > tt.quiet {
						return nil, nil
					}
					return answerWith(r, http.StatusOK, io.NopCloser(until(r.Context().Done()))), nil
				})
				api.turn(nil)
				api.do(api.change)
				time.Sleep(tt.after)
				w.shows(tt.want)
				if fell := w.fellBackFor(errSilent); fell != (tt.want == ModeList) {
					t.Errorf("it fell back for silence: %t", fell)
				}
			})
		})
	}
}

// TestQuietPackedStreams has a proxy pack streams on which nothing happens, so that not
// even the beginning of the packing comes for minutes. That is no reason to end them.
func TestQuietPackedStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api, watcher := interceptedCluster(t, nil)
		var asked asks
		api.answerBy(func(r *http.Request) (*http.Response, error) {
			if r.URL.Query().Get("watch") == "" {
				return nil, nil
			}
			asked.note(r)
			return answerWith(r, http.StatusOK, io.NopCloser(until(r.Context().Done())), "Content-Type", "application/json", "Content-Encoding", "gzip"), nil
		})
		w, stop := following(t, api.troubled, watcher)
		defer stop()
		time.Sleep(shortestStream - time.Second)
		w.shows(ModeWatch)
		asked.mu.Lock()
		defer asked.mu.Unlock()
		for stream, at := range asked.at {
			if len(at) != 1 {
				t.Errorf("%s was asked for at %v, want once", stream, at)
			}
		}
	})
}

// TestRetryAfterOfStreams has a server that wants streams to wait.
func TestRetryAfterOfStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api, watcher := interceptedCluster(t, nil)
		_, stop := following(t, api.troubled, watcher)
		defer stop()
		time.Sleep(time.Minute)
		var asked asks
		api.answerBy(func(r *http.Request) (*http.Response, error) {
			if r.URL.Query().Get("watch") == "" {
				return nil, nil
			}
			asked.note(r)
			return answerWith(r, http.StatusTooManyRequests, reader(""), "Retry-After", "12"), nil
		})
		api.turn(nil)
		time.Sleep(50 * time.Second)
		asked.mu.Lock()
		defer asked.mu.Unlock()
		for stream, at := range asked.at {
			for i := range at[1:] {
				if wait := at[i+1].Sub(at[i]); wait < 12*time.Second {
					t.Errorf("%s is asked for again after %s", stream, wait)
				}
			}
			if len(at) < 2 {
				t.Errorf("%s was asked for %d times", stream, len(at))
			}
		}
	})
}

// TestStreamedStartWithoutProgress has a server that accepts a streamed start, which it
// was asked to compress, and does not go on with it: a minute later the cluster is listed.
func TestStreamedStartWithoutProgress(t *testing.T) {
	const columns = `"columnDefinitions":[{"name":"Name"},{"name":"Node"}]`
	for name, c := range map[string]struct {
		headers []string
		said    func(kind string) string
	}{
		"nothing":        {nil, func(string) string { return "" }},
		"nothing packed": {[]string{"Content-Encoding", "gzip"}, func(string) string { return "" }},
		"no bookmark at the end": {nil, func(kind string) string {
			return `{"type":"ADDED","object":{"kind":"Table","metadata":{"resourceVersion":"1"},` + columns + `,"rows":[{"cells":["n0","` + kind + `"]}]}}`
		}},
		"a bookmark that is not the end": {nil, func(string) string {
			return `{"type":"BOOKMARK","object":{"kind":"Table","metadata":{"resourceVersion":"9"},` + columns + `,"rows":[]}}`
		}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				api, watcher := interceptedCluster(t, nil)
				watcher.stale = 2
				api.answerBy(func(r *http.Request) (*http.Response, error) {
					if r.URL.Query().Get("sendInitialEvents") == "" {
						return nil, nil
					}
					if got := r.Header.Get("Accept-Encoding"); got != "gzip" {
						t.Errorf("Accept-Encoding: %s", got)
					}
					node := "n0"
					if selector := r.URL.Query().Get("fieldSelector"); strings.HasSuffix(r.URL.Path, "/pods") && !strings.Contains(selector, "nodeName!=") {
						node = noNode
					}
					body := io.MultiReader(strings.NewReader(c.said(node)), until(r.Context().Done()))
					return answerWith(r, http.StatusOK, io.NopCloser(body), append(c.headers, "Content-Type", "application/json")...), nil
				})
				w, stop := following(t, api.troubled, watcher)
				defer stop()
				time.Sleep(maxIdleStart - 2*time.Second)
				w.mu.Lock()
				if w.last != nil {
					t.Errorf("published before the time is over: %+v", w.last)
				}
				w.mu.Unlock()
				time.Sleep(10 * time.Second)
				w.shows(ModeList)
			})
		})
	}
}

// TestQuietServer has nothing happen for hours. kube-apiserver sends no bookmark that is no
// newer than the beginning of its stream (k8s.io/apiserver/pkg/storage/cacher,
// cache_watcher.go), and etcd has it know newer ones every ten minutes: streams that were
// opened again are not taken for dead.
func TestQuietServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api, watcher := interceptedCluster(t, nil)
		api.newerOnly = true
		w, stop := following(t, api.troubled, watcher)
		defer stop()
		for i := range 3 * 60 {
			time.Sleep(time.Minute)
			if i%10 == 9 {
				api.do(func() {
					api.version++
					close(api.changed)
					api.changed = make(chan struct{})
				})
			}
		}
		w.shows(ModeWatch)
		for _, e := range w.told() {
			if e.Ended != nil && e.Ended.Reason == EndSilent || e.Fallback != nil || e.Restart != nil {
				t.Errorf("it was told of %+v", e)
			}
		}
	})
}
