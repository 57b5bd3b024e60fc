package podcount

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// hiding has a proxy hide all rows without their object from lists and watches, pods and
// nodes alike, while it is on.
func (i *intercepted) hiding(on *atomic.Bool) {
	i.answerBy(func(r *http.Request) (*http.Response, error) {
		query := r.URL.Query()
		if on.Load() && query.Get("includeObject") == "None" {
			none := "spec.nodeName=nosuchnode," + activeSelector
			if !isPods(r) {
				none = "metadata.name=nosuchnode"
			}
			query.Set("fieldSelector", none)
			r.URL.RawQuery = query.Encode()
		}
		return nil, nil
	})
}

// TestHiddenEvents has a proxy hide events without objects: of an empty cluster, before and
// after its first pods, and of one to which the proxy comes later.
func TestHiddenEvents(t *testing.T) {
	for name, tt := range map[string]struct {
		empty, later bool
		audits       time.Duration
	}{
		"an empty cluster":                 {true, false, DefaultAuditInterval},
		"an empty cluster, without audits": {true, false, 0},
		"a cluster with pods":              {false, false, 0},
		"a proxy that comes later":         {false, true, DefaultAuditInterval},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				api, watcher := interceptedCluster(t, nil)
				watcher.watch.AuditInterval = tt.audits
				if tt.empty {
					api.do(func() {
						for key := range api.pods {
							api.set(false, key, nil)
						}
					})
				}
				var hides atomic.Bool
				hides.Store(!tt.later)
				api.hiding(&hides)
				w, stop := following(t, api.troubled, watcher)
				defer stop()
				time.Sleep(3 * time.Minute)
				if tt.later {
					hides.Store(true)
					time.Sleep(31 * time.Minute) // the streams have been opened again, and an audit has come
				}
				w.shows(ModeWatch)
				api.do(func() {
					for i := range 10 {
						api.set(false, fmt.Sprint("new", i), &fakePod{node: "n0"})
					}
				})
				time.Sleep(10 * time.Second)
				w.shows(ModeWatch)
			})
		})
	}
}

// TestHiddenNodeEvents has such a proxy hide the event of a node that joins: its pods are not
// those of an unknown one.
func TestHiddenNodeEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api, watcher := interceptedCluster(t, nil)
		var hides atomic.Bool
		hides.Store(true)
		api.hiding(&hides)
		w, stop := following(t, api.troubled, watcher)
		defer stop()
		for range 2 { // by the streams that a start opens, and by later ones
			time.Sleep(15*time.Minute + 30*time.Second)
			unknown := w.state().UnknownNodePods
			key := fmt.Sprint("n7", time.Now().Unix())
			api.do(func() {
				api.set(true, key, &fakePod{})
				api.set(false, key, &fakePod{node: key})
			})
			time.Sleep(time.Second)
			if now := w.state().UnknownNodePods; now != unknown {
				t.Errorf("%d pods on unknown nodes, want %d", now, unknown)
			}
		}
	})
}

// TestEventsHaveNoObjects has a usual server, which is asked for none once it has listed pods:
// in the start, or in the audit after one with initial events.
func TestEventsHaveNoObjects(t *testing.T) {
	for name, stale := range map[string]int{"a start with pages": 0, "a start with initial events": maxStale} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				api, watcher := interceptedCluster(t, nil)
				watcher.stale = stale
				var mu sync.Mutex
				include := make(map[string]string) // of the latest watch
				api.answerBy(func(r *http.Request) (*http.Response, error) {
					query := r.URL.Query()
					mu.Lock()
					defer mu.Unlock()
					if query.Get("watch") != "" {
						include[r.URL.Path+strings.Split(query.Get("fieldSelector"), ",")[0]] = query.Get("includeObject")
					}
					return nil, nil
				})
				w, stop := following(t, api.troubled, watcher)
				defer stop()
				time.Sleep(3 * time.Minute)
				api.turn(nil)
				time.Sleep(time.Minute)
				w.shows(ModeWatch)
				mu.Lock()
				defer mu.Unlock()
				for stream, got := range include {
					if got != "None" {
						t.Errorf("%s: %q", stream, got)
					}
				}
				if len(include) != 3 {
					t.Errorf("%d streams, want 3", len(include))
				}
			})
		})
	}
}

// TestTroubleOfAnAuditIsNoDrift has a usual server, of which the namespace y is empty, answer 503
// some times in the first audit: no event was lost, and nothing is hidden.
func TestTroubleOfAnAuditIsNoDrift(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api, watcher := interceptedCluster(t, func(cfg *Config) { cfg.Namespaces = []string{"x", "y"} })
		var fails atomic.Int32
		api.answerBy(func(r *http.Request) (*http.Response, error) {
			query := r.URL.Query()
			if strings.HasSuffix(r.URL.Path, "/namespaces/y") {
				return body(http.StatusOK, `{"kind":"Namespace"}`)(r)
			}
			if !strings.HasSuffix(r.URL.Path, "/y/pods") {
				return nil, nil
			}
			if query.Get("watch") == "" && fails.Load() > 0 { // one request at a time lists
				fails.Add(-1)
				return refusing(http.StatusServiceUnavailable)(r), nil
			}
			query.Set("fieldSelector", "spec.nodeName=nosuchnode,"+activeSelector)
			r.URL.RawQuery = query.Encode()
			return nil, nil
		})
		w, stop := following(t, api.troubled, watcher)
		defer stop()
		time.Sleep(time.Minute)
		fails.Store(3)
		time.Sleep(4 * time.Minute)
		if left := fails.Load(); left > 0 {
			t.Errorf("%d failures are left, so there was no trouble", left)
		}
		for _, e := range w.told() {
			if e.Restart != nil {
				t.Errorf("restarted: %s: %v", e.Restart.Reason, e.Restart.Err)
			}
		}
	})
}
