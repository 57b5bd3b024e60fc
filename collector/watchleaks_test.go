package collector

import (
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
	"github.com/kube-node-manager/pod_count_exporter/internal/kubesim"
)

// brake holds up the requests that match, until it is let go or they end.
type brake struct {
	on   atomic.Pointer[func(*http.Request) bool]
	held atomic.Int64
}

func (b *brake) hold(which func(*http.Request) bool) { b.on.Store(&which) }

func (b *brake) intercept(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if which := b.on.Load(); which != nil && (*which)(r) {
			b.held.Add(1)
			<-r.Context().Done()
			return
		}
		next.ServeHTTP(w, r)
	})
}

// braked is an exporter with a cluster of two namespaces whose server has a brake, and
// whose connections are counted. It is not counted yet.
func braked(t *testing.T) (e *watched, b *brake, open *atomic.Int64) {
	t.Helper()
	b, open = &brake{}, &atomic.Int64{}
	e = followWith(t, steady(), func(cfg *kubesim.Config, e *watched) {
		cfg.Namespaces, e.pages.Namespaces = []string{"batch", "web"}, []string{"web", "batch"}
		e.pages.PageSize, e.pages.MaxPageSize = 5, 5
		cfg.Intercept = b.intercept
	})
	e.config.Dial = countOpen(e.config.Dial, open)
	e.Store.Set() // what it was made with dials without being counted
	return e, b, open
}

func listOf(resource string) func(*http.Request) bool {
	return func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, resource) && !isWatch(r) }
}

func laterPage(r *http.Request) bool {
	return listOf("/pods")(r) && r.URL.Query().Get("continue") != ""
}

// inBubble returns how many goroutines of the test's bubble there are, and the stacks of
// all: the runtime and the test's framework have goroutines that come and go.
func inBubble() (goroutines int, stacks string) {
	text := make([]byte, 1<<20)
	stacks = string(text[:runtime.Stack(text, true)])
	return strings.Count(stacks, "synctest bubble "), stacks
}

// TestRemovedClusterLeavesNothing removes a cluster in each phase of its life: no
// goroutine and no connection is left.
func TestRemovedClusterLeavesNothing(t *testing.T) {
	lookup := listOf("/namespaces/batch")
	for _, tt := range []struct {
		name string
		held func(*http.Request) bool   // from the start; nil: none
		then func(e *watched, b *brake) // what happens while the cluster is followed; nil: it is not
		hold bool                       // whether a request hangs when the cluster is removed
	}{
		{"start, first page of nodes", listOf("/nodes"), nil, true},
		{"start, first page of pods", listOf("/pods"), nil, true},
		{"start, later page, with streams open", laterPage, nil, true},
		{"start, streams are not answered", isWatch, nil, true},
		{"start, streams of pods are not answered", func(r *http.Request) bool { return isWatch(r) && strings.HasSuffix(r.URL.Path, "/pods") }, nil, true},
		{"followed", nil, func(*watched, *brake) {}, false},
		{"followed, with events", nil, func(e *watched, _ *brake) { e.churns(100) }, false},
		{"followed, after lists and audits", nil, func(*watched, *brake) { time.Sleep(3 * time.Hour) }, false},
		{"break, refused", nil, func(e *watched, _ *brake) { e.tap.breaks(true); time.Sleep(10 * time.Second) }, false},
		{"break, not answered", nil, func(e *watched, b *brake) { b.hold(isWatch); e.tap.breaks(false); time.Sleep(10 * time.Second) }, true},
		{"break, within the second", nil, func(e *watched, _ *brake) { e.tap.breaks(true) }, false},
		{"new start", nil, func(e *watched, b *brake) {
			b.hold(laterPage)
			e.tap.breaks(true)
			e.churns(10)
			e.sim.Compact()
			e.churns(10)
			e.sim.Compact()
			e.tap.breaks(false)
			time.Sleep(20 * time.Second)
		}, true},
		{"new start, streamed", nil, func(e *watched, b *brake) {
			streamed := func(r *http.Request) bool { return isWatch(r) && r.URL.Query().Get("sendInitialEvents") != "" }
			b.hold(streamed)
			e.tap.strike(func(r *http.Request) bool {
				return isWatch(r) && !streamed(r) && strings.HasSuffix(r.URL.Path, "/pods")
			}, http.StatusGone)
			e.tap.breaks(false)
			time.Sleep(30 * time.Second) // nothing happens, so the list begins where no stream can
		}, true},
		{"audit, first page", nil, func(_ *watched, b *brake) { b.hold(listOf("/pods")); time.Sleep(2 * time.Minute) }, true},
		{"audit, later page", nil, func(_ *watched, b *brake) { b.hold(laterPage); time.Sleep(2 * time.Minute) }, true},
		{"audit, waiting for the streams", nil, func(e *watched, _ *brake) {
			time.Sleep(110 * time.Second)
			e.sim.Compact() // a resourceVersion without an event
			time.Sleep(5 * time.Second)
		}, false},
		{"list of the nodes", nil, func(_ *watched, b *brake) { b.hold(listOf("/nodes")); time.Sleep(5*time.Minute + time.Second) }, true},
		{"look-up of a namespace", nil, func(e *watched, b *brake) { b.hold(lookup); e.empties("batch"); time.Sleep(11 * time.Second) }, true},
		{"fallback", nil, func(e *watched, _ *brake) { e.tap.strike(isWatch, http.StatusForbidden); time.Sleep(3 * time.Minute) }, false},
		{"fallback, amid a try", nil, func(e *watched, b *brake) {
			e.tap.strike(isWatch, http.StatusForbidden)
			time.Sleep(5 * time.Minute)
			b.hold(laterPage)
			time.Sleep(9*time.Minute - time.Second)
		}, true},
		{"a namespace is gone", nil, func(e *watched, _ *brake) {
			if err := e.sim.DeleteNamespace("batch"); err != nil {
				e.t.Error(err)
			}
			time.Sleep(time.Minute)
		}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				e, b, open := braked(t)
				synctest.Wait()
				goroutines, _ := inBubble()
				if tt.held != nil {
					b.hold(tt.held)
				}
				e.Store.Set(e.target())
				e.Store.Warm()
				time.Sleep(5 * time.Second)
				if followed := e.mode() == podcount.ModeWatch; followed != (tt.then != nil) {
					t.Fatalf("followed %t, want %t:\n%s", followed, tt.then != nil, e.log.String())
				}
				if tt.then != nil {
					tt.then(e, b)
				}
				synctest.Wait()
				if held := b.held.Load() > 0; held != tt.hold {
					t.Fatalf("a request hangs: %t, want %t", held, tt.hold)
				}
				e.Store.Set()
				synctest.Wait()
				if n := open.Load(); n != 0 {
					t.Errorf("%d connections are left", n)
				}
				if after, stacks := inBubble(); after > goroutines {
					t.Errorf("%d goroutines are left of %d:\n%s", after, goroutines, stacks)
				}
			})
		})
	}
}

// churns changes pods.
func (e *watched) churns(times uint64) {
	for n := range times {
		e.sim.Churn(n * 7)
		time.Sleep(10 * time.Millisecond)
	}
}

// TestNothingLeaksInWatchMode follows a cluster with faults of all kinds and removes it,
// again and again, and then checks for leaks.
func TestNothingLeaksInWatchMode(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var rules []kubesim.Rule
		for _, fault := range kubesim.Faults() {
			if !strings.Contains(fault.Name, "bytes") && !strings.Contains(fault.Name, "endless") {
				rules = append(rules, kubesim.Rule{Fault: fault, Page: kubesim.AnyPage, Times: kubesim.Forever})
			}
		}
		var turn, open atomic.Int64
		e := followWith(t, steady(), func(cfg *kubesim.Config, e *watched) {
			e.pages.PageSize, e.pages.MaxPageSize, e.pages.PageTimeout = 10, 10, 500*time.Millisecond
			e.watch.AuditInterval, e.watch.NodesInterval = 3*time.Minute, time.Minute
			cfg.Intercept = func(next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					now := int(turn.Add(1))
					rule := rules[now%len(rules)]
					switch {
					case now%3 > 0 || rule.Fault.NeedsToken && r.URL.Query().Get("continue") == "":
						next.ServeHTTP(w, r)
					case isWatch(r):
						kubesim.HTTPStatus([]int{500, 503, 410, 429, 401}[now%5]).Spoil(&kubesim.Answer{Writer: w, Request: r})
					default:
						kubesim.NewScript(rule).Intercept(next).ServeHTTP(w, r)
					}
				})
			}
		})
		e.config.Dial = countOpen(e.config.Dial, &open)
		followed := 0
		rounds := func(times int) (goroutines int, connections int64, heap uint64) {
			for range times {
				e.Store.Set(e.target())
				for range 10 {
					e.scrape("10")
					e.churns(5)
					e.tap.breaks(false)
					time.Sleep(time.Minute)
					if e.mode() == podcount.ModeWatch {
						followed++
					}
				}
				e.Store.Set()
				e.tap.forget()
				e.sim.Compact()
				e.log.Reset() // the log is not the exporter's memory
				time.Sleep(time.Minute)
			}
			synctest.Wait()
			var memory runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&memory)
			goroutines, _ = inBubble()
			return goroutines, open.Load(), memory.HeapAlloc
		}
		goroutines, connections, heap := rounds(8)
		goroutinesAfter, connectionsAfter, heapAfter := rounds(24 / share)
		if goroutinesAfter > goroutines || connections != 0 || connectionsAfter != 0 {
			t.Errorf("%d goroutines and %d connections, were %d and %d", goroutinesAfter, connectionsAfter, goroutines, connections)
		}
		if heapAfter > heap+1<<20 {
			t.Errorf("the heap grew from %d to %d bytes", heap, heapAfter)
		}
		if followed < 24/share {
			t.Errorf("the cluster was followed for %d minutes only", followed)
		}
		t.Logf("after %d removals: %d goroutines, heap %+d bytes, followed for %d minutes", 24/share, goroutinesAfter, int64(heapAfter)-int64(heap), followed)
	})
}
