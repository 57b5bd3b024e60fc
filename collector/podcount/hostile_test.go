package podcount

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// hostileAPI is a fakeAPI whose streams have other bodies, a number of times.
type hostileAPI struct {
	*fakeAPI
	nodes bool // it is the streams of nodes, not of pods
	times int
	body  func() io.ReadCloser
	read  int // streams with hostile bodies
}

// RoundTrip replaces the body of streams.
func (s *hostileAPI) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Query().Get("watch") == "" || strings.HasSuffix(r.URL.Path, "nodes") != s.nodes || s.read == s.times {
		return s.fakeAPI.RoundTrip(r)
	}
	s.read++
	return answerWith(r, http.StatusOK, s.body()), nil
}

// repeated returns the result of make a number of times.
type repeated struct {
	times int
	make  func(i int) string
	made  int
	rest  strings.Reader
}

// Read returns the next part.
func (r *repeated) Read(p []byte) (int, error) {
	for r.rest.Len() == 0 {
		if r.made == r.times {
			return 0, io.EOF
		}
		r.rest.Reset(r.make(r.made))
		r.made++
	}
	return r.rest.Read(p)
}

func podEvent(i int, kind, node string) string {
	return fmt.Sprintf(`{"type":%q,"object":{"kind":"Table","metadata":{"resourceVersion":"%d"},%s,"rows":[{"cells":["p",%q]}]}}`+"\n",
		kind, 1_000_000+i, definitions(false), node)
}

// TestHostileStreams has streams that would fill memory, or lead to wrong numbers.
// Each fails with a reason or changes nothing, and when they end the cluster is
// followed.
func TestHostileStreams(t *testing.T) {
	tests := []struct {
		name  string
		times int // streams that are so
		body  func() io.ReadCloser
	}{
		{"an event without end", 2, func() io.ReadCloser {
			return io.NopCloser(io.MultiReader(strings.NewReader(`{"type":"ADDED","object":{"a":"`), &repeated{10_000, func(int) string { return strings.Repeat("a", 1000) }, 0, strings.Reader{}}))
		}},
		{"an object without end", 2, func() io.ReadCloser {
			return io.NopCloser(io.MultiReader(strings.NewReader(`{"type":"ADDED","object":{`), &repeated{10_000, func(i int) string {
				return fmt.Sprintf(`"k%d":[%s0],`, i, strings.Repeat("0,", 500))
			}, 0, strings.Reader{}}))
		}},
		{"white space without end", 2, func() io.ReadCloser {
			return io.NopCloser(&repeated{10_000, func(int) string { return strings.Repeat(" ", 1000) }, 0, strings.Reader{}})
		}},
		{"a storm of events that change nothing", 1, func() io.ReadCloser {
			return io.NopCloser(&repeated{50_000, func(i int) string { return podEvent(i, "MODIFIED", "n0") }, 0, strings.Reader{}})
		}},
		{"a storm of bookmarks", 1, func() io.ReadCloser {
			return io.NopCloser(&repeated{50_000, func(i int) string {
				return fmt.Sprintf(`{"type":"BOOKMARK","object":{"kind":"Table","metadata":{"resourceVersion":"%d"}}}`, i)
			}, 0, strings.Reader{}})
		}},
		{"names that never repeat", 6, func() io.ReadCloser {
			return io.NopCloser(&repeated{50_000, func(i int) string { return podEvent(i, "ADDED", fmt.Sprintf("made-up-%d", i)) }, 0, strings.Reader{}})
		}},
		{"pods are taken away that are not there", 3, func() io.ReadCloser {
			return io.NopCloser(&repeated{1000, func(i int) string { return podEvent(i, "DELETED", "n9") }, 0, strings.Reader{}})
		}},
		{"rows without columns", 6, func() io.ReadCloser {
			return io.NopCloser(&repeated{100_000, func(i int) string {
				return fmt.Sprintf(`{"type":"ADDED","object":{"kind":"Table","metadata":{"resourceVersion":"%d"},"rows":[{"cells":["p","n0"]}]}}`, 1_000_000+i)
			}, 0, strings.Reader{}})
		}},
		{"other columns in the middle", 6, func() io.ReadCloser {
			return io.NopCloser(io.MultiReader(strings.NewReader(podEvent(0, "MODIFIED", "n0")),
				strings.NewReader(`{"type":"ADDED","object":{"kind":"Table","metadata":{"resourceVersion":"1000001"},"columnDefinitions":[{"name":"Name"}],"rows":[{"cells":["p"]}]}}`)))
		}},
		{"finished pods", 1, func() io.ReadCloser {
			return io.NopCloser(strings.NewReader(`{"type":"MODIFIED","object":{"kind":"Pod","metadata":{"resourceVersion":"1000000"},"spec":{"nodeName":"n0"},"status":{"phase":"Failed"}}}`))
		}},
		{"a list in place of events", 1, func() io.ReadCloser {
			return io.NopCloser(strings.NewReader(`{"kind":"PodList","metadata":{"resourceVersion":"1000000"},"items":[]}`))
		}},
		{"versions that are no numbers", 6, func() io.ReadCloser {
			return io.NopCloser(strings.NewReader(`{"type":"ADDED","object":{"kind":"Pod","metadata":{"resourceVersion":"abc"},"spec":{"nodeName":"n0"}}}`))
		}},
		{"events in another order", 6, func() io.ReadCloser {
			return io.NopCloser(strings.NewReader(podEvent(1, "ADDED", "n0") + podEvent(0, "ADDED", "n0")))
		}},
		{"an event far ahead of the next", 6, func() io.ReadCloser {
			return io.NopCloser(strings.NewReader(strings.Replace(podEvent(0, "ADDED", "n0"), "1000000", "18446744073709551615", 1) + podEvent(1, "ADDED", "n0")))
		}},
		{"nothing", 2, func() io.ReadCloser { return io.NopCloser(strings.NewReader("")) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				api := newFakeAPI(3)
				server := &hostileAPI{fakeAPI: api, times: tt.times, body: tt.body}
				cfg := DefaultConfig()
				cfg.Jitter = func() float64 { return 0.5 }
				cfg.Budget = NewBudget(128 << 20)
				w := &watching{t: t, api: api, seen: &coverage{}}
				watcher := newWatcher(t, cfg, server, DefaultWatchConfig())
				stop := counting(t, watcher, w, w.keep)
				time.Sleep(90 * time.Minute) // each may have the cluster listed for ten minutes
				synctest.Wait()
				if server.read != tt.times {
					t.Errorf("%d streams were opened while they were hostile, want %d", server.read, tt.times)
				}
				w.mu.Lock()
				w.why = nil // a lost event is what some are about
				w.mu.Unlock()
				w.atTheEnd()
				stop()
			})
		})
	}
}

// TestAuditFindsLostEvent leaves one event out of the stream: the audit says on which
// node, and the pods are listed again.
func TestAuditFindsLostEvent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := newFakeAPI(5)
		cfg := DefaultConfig()
		cfg.Jitter = func() float64 { return 0 }
		w := &watching{t: t, api: api, seen: &coverage{}}
		watcher := newWatcher(t, cfg, api, DefaultWatchConfig())
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			_ = watcher.Count(ctx, w, func(s *Snapshot) {
				w.mu.Lock()
				w.last = s
				w.mu.Unlock()
			})
		}()
		time.Sleep(time.Second)
		api.mu.Lock()
		api.set(false, "lost", &fakePod{node: "n0"})
		api.dropped = api.version
		api.mu.Unlock()
		time.Sleep(firstAudit + 2*time.Minute)
		synctest.Wait()
		w.mu.Lock()
		var drift []Difference
		restarts := 0
		for _, e := range w.why {
			if e.Audit != nil {
				drift = append(drift, e.Audit.Differences...)
			}
			if e.Restart != nil && e.Restart.Reason == EndDrift {
				restarts++
			}
		}
		w.why = nil
		w.mu.Unlock()
		if len(drift) != 1 || drift[0].Node != "n0" || drift[0].Listed != drift[0].Watched+1 || restarts != 1 {
			t.Errorf("differences %+v and %d restarts, want one of a pod on n0, and one restart", drift, restarts)
		}
		w.atTheEnd()
		cancel()
		<-done
	})
}
