package collector

import (
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/client-go/rest"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
	"github.com/kube-node-manager/pod_count_exporter/collector/store"
	"github.com/kube-node-manager/pod_count_exporter/internal/kubesim"
)

// outcome returns success as the metrics and the API show it, and the number of node
// series.
func (e *exporter) outcome(timeout string) (metric string, api bool, nodes int) {
	e.t.Helper()
	body := e.scrape(timeout)
	return value(body, "pod_count_success"), e.only().LastCountSucceeded, len(series(body, "node_active_pods"))
}

func (e *exporter) wantOutcome(what, success string, nodes int) {
	e.t.Helper()
	metric, api, shown := e.outcome("1")
	if metric != success || api != (success == "1") || shown != nodes {
		e.t.Errorf("%s: pod_count_success %s, lastCountSucceeded %t, %d node series; want %s and %d", what, metric, api, shown, success, nodes)
	}
}

// The latest count was complete, but its snapshot is not shown any more.
func TestWithdrawnIsNoSuccess(t *testing.T) {
	bubble(t, func(t *testing.T) {
		e := scriptedExporter(t, &succeeding{times: []time.Duration{0, 24 * time.Hour}})
		e.wantOutcome("counted", "1", 1)
		time.Sleep(store.DefaultMaxStaleness - time.Second)
		e.wantOutcome("just in time", "1", 1)
		time.Sleep(time.Second)
		e.wantOutcome("withdrawn", "0", 0)
	})
}

// A count that was cancelled is neither a success nor a failure.
func TestCancelledCountsSayNothing(t *testing.T) {
	tests := []struct {
		name   string
		failed bool // the count before
		cancel func(*exporter)
	}{
		{"shutdown after a success", false, func(e *exporter) { e.stop() }},
		{"shutdown after a failure", true, func(e *exporter) { e.stop() }},
		{"other credentials after a success", false, func(e *exporter) {
			e.Store.Set(store.Target{Name: "one", Counter: &scripted{takes: 24 * time.Hour}})
		}},
		{"other credentials after a failure", true, func(e *exporter) {
			e.Store.Set(store.Target{Name: "one", Counter: &scripted{takes: 24 * time.Hour}})
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				counter := &scripted{}
				e := scriptedExporter(t, counter)
				e.scrape("10")
				want, failures := "1", "0"
				if tt.failed {
					counter.err = errors.New("no luck")
					time.Sleep(store.DefaultCacheTTL)
					e.scrape("10")
					want, failures = "0", "1"
				}
				counter.takes = time.Hour
				time.Sleep(store.DefaultCacheTTL)
				var body string
				var amid sync.WaitGroup
				amid.Go(func() { body = e.scrape("10") })
				synctest.Wait()
				tt.cancel(e)
				amid.Wait()
				if got := value(body, "pod_count_success"); got != want || len(series(body, "node_active_pods")) != 1 {
					t.Errorf("amid the scrape, pod_count_success is %s, want %s and the node:\n%s", got, want, body)
				}
				if got := value(body, "pod_count_failures_total"); got != failures {
					t.Errorf("pod_count_failures_total is %s, want %s", got, failures)
				}
				e.wantOutcome("after it", want, 1)
			})
		})
	}
}

// Credentials that change faster than a count that makes no progress must not look
// healthy for ever.
func TestCredentialsThatChangeTooOften(t *testing.T) {
	bubble(t, func(t *testing.T) {
		e := scriptedExporter(t, &scripted{})
		e.wantOutcome("counted", "1", 1)
		for end := time.Now().Add(store.DefaultMaxStaleness); !time.Now().After(end); time.Sleep(20 * time.Second) {
			e.Store.Set(store.Target{Name: "one", Counter: &scripted{takes: time.Minute}})
			e.scrape("1")
		}
		e.wantOutcome("never complete again", "0", 0)
	})
}

// heir is a Counter that notes whose progress it takes over.
type heir struct {
	*podcount.Counter
	pages  *atomic.Int64
	former []*podcount.Counter
	amid   bool // it was handed something while the former was counting
}

func (h *heir) Resume(former *podcount.Counter) {
	h.former = append(h.former, former)
	h.amid = h.amid || h.pages.Load() > 0
}

// TestCredentialsChangeAmidACount has a scrape wait while the credentials of its
// cluster change: it gets the result of the new credentials' count, which took over
// from the old count when that had ended.
func TestCredentialsChangeAmidACount(t *testing.T) {
	for _, amid := range []bool{true, false} {
		t.Run(map[bool]string{true: "while it runs", false: "while none runs"}[amid], func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				e := empty(t, steady())
				var pages atomic.Int64
				cfg := slow(small(), 2*time.Second)
				cfg.Intercept = func(next http.Handler) http.Handler {
					return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						pages.Add(1)
						defer pages.Add(-1)
						next.ServeHTTP(w, r)
					})
				}
				old, _ := e.simulate(cfg, func(*podcount.Config, *rest.Config) {})
				next, _ := e.simulate(small(), unchanged)
				next.Server = old.Server
				former, isCounter := old.Counter.(*podcount.Counter)
				own, isOwn := next.Counter.(*podcount.Counter)
				if !isCounter || !isOwn {
					t.Fatal("no Counters of podcount")
				}
				took := &heir{Counter: own, pages: &pages}
				next.Counter = took
				e.Store.Set(old)
				var body string
				var waiting sync.WaitGroup
				if amid {
					waiting.Go(func() { body = e.scrape("10") })
					time.Sleep(3 * time.Second)
				}
				e.Store.Set(next)
				waiting.Wait()
				if !amid {
					body = e.scrape("10")
				}
				if got := len(series(body, "node_active_pods")); got != 6 || value(body, "pod_count_success") != "1" {
					t.Errorf("the scrape has %d nodes, want 6, and success:\n%s", got, body)
				}
				if len(took.former) != 1 || took.former[0] != former {
					t.Errorf("the progress was handed over %d times, want once", len(took.former))
				}
				if strings.Contains(e.log.String(), "failed") {
					t.Errorf("the change was logged as a failure:\n%s", e.log)
				}
			})
		})
	}
}

// A reload that changes credentials while the API server has just refused the
// old ones must not wait for the pause.
func TestOtherCredentialsEndThePause(t *testing.T) {
	bubble(t, func(t *testing.T) {
		e := scriptedExporter(t, &scripted{err: errors.New("refused")})
		e.wantOutcome("refused", "0", 0)
		e.Store.Set(store.Target{Name: "one", Counter: &scripted{}})
		e.wantOutcome("at once with others", "1", 1)
	})
}

func TestPauseAfterFailures(t *testing.T) {
	tests := []struct {
		name   string
		ttl    time.Duration
		pauses []time.Duration
	}{
		{"doubling up to a minute", store.DefaultCacheTTL, []time.Duration{5 * time.Second, 10 * time.Second, 20 * time.Second, 40 * time.Second, time.Minute, time.Minute}},
		{"never over the cache TTL", 2 * time.Second, []time.Duration{2 * time.Second, 2 * time.Second}},
		{"up to the cache TTL", 15 * time.Second, []time.Duration{5 * time.Second, 10 * time.Second, 15 * time.Second, 15 * time.Second}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				opts := steady()
				opts.CacheTTL = tt.ttl
				counter := &scripted{err: errors.New("no luck")}
				e := empty(t, opts)
				e.Store.Set(store.Target{Name: "one", Counter: counter})
				e.scrape("10")
				for i, pause := range tt.pauses {
					before := counter.calls.Load()
					time.Sleep(pause - time.Nanosecond)
					began := time.Now()
					if e.scrape("10"); counter.calls.Load() != before || time.Since(began) != 0 {
						t.Errorf("pause %d: a count began within %s, or the scrape took %s", i, pause, time.Since(began))
					}
					time.Sleep(time.Nanosecond)
					if e.scrape("10"); counter.calls.Load() != before+1 {
						t.Errorf("pause %d: no count began after %s", i, pause)
					}
				}
				counter.err = nil
				time.Sleep(time.Minute)
				e.wantOutcome("healed", "1", 1)
				counter.err = errors.New("again")
				time.Sleep(tt.ttl)
				e.wantOutcome("failed again", "0", 1)
				counter.err = nil
				time.Sleep(min(5*time.Second, tt.ttl))
				e.wantOutcome("healed after the first pause again", "1", 1)
			})
		})
	}
}

// A later scrape repeats a failed count for fresh=true, even if the earlier snapshot
// is not stale.
func TestFailedFreshCountHeals(t *testing.T) {
	bubble(t, func(t *testing.T) {
		counter := &scripted{}
		e := scriptedExporter(t, counter)
		e.wantOutcome("counted", "1", 1)
		counter.err = errors.New("no luck")
		time.Sleep(time.Second)
		e.ask(http.MethodGet, "/api/v1/nodes?cluster=one&fresh=true")
		counter.err = nil
		e.wantOutcome("failed", "0", 1)
		time.Sleep(5 * time.Second)
		e.wantOutcome("after the pause", "1", 1)
	})
}

// TestPauseKeepsTheProgress fails the last page until the attempts are used up:
// the count after the pause goes on there.
func TestPauseKeepsTheProgress(t *testing.T) {
	bubble(t, func(t *testing.T) {
		cfg := small()
		script := kubesim.NewScript(kubesim.Rule{Fault: kubesim.HTTPStatus(500), Resource: podcount.Pods, Page: kubesim.LastPage, Times: 10})
		cfg.Intercept = script.Intercept
		e := startWith(t, cfg, steady(), func(counting *podcount.Config, _ *rest.Config) {
			counting.PageSize, counting.MaxPageSize, counting.PageAttempts = 20, 20, 2
		})
		for range 12 {
			e.scrape("10")
			time.Sleep(15 * time.Second)
		}
		body := e.scrape("10")
		if got := value(body, "pod_count_pages_total"); got != "4" || value(body, "pod_count_success") != "1" {
			t.Errorf("%s pages for a cluster of four, success %s", got, value(body, "pod_count_success"))
		}
		if got := value(body, "pod_count_failures_total"); got != "5" {
			t.Errorf("pod_count_failures_total is %s, want 5", got)
		}
	})
}

// suspended is a machine that can be suspended.
type suspended struct {
	clock func() store.Instant
	slept time.Duration // by the wall clock only
}

func (s *suspended) now() store.Instant {
	now := s.clock()
	now.Wall = now.Wall.Add(s.slept)
	return now
}

func TestAgesGoOnWhileTheMachineIsSuspended(t *testing.T) {
	tests := []struct {
		name    string
		slept   time.Duration
		passes  time.Duration // by both clocks
		counted int32
		nodes   string
	}{
		{"not at all", 0, 0, 1, "1"},
		{"up to the cache TTL", store.DefaultCacheTTL, 0, 2, "1"},
		{"beyond the staleness", store.DefaultMaxStaleness + time.Second, 0, 2, "absent"},
		{"a clock that was set back", -time.Hour, 0, 1, "1"},
		{"a clock that was set back, and up to the cache TTL", -time.Hour, store.DefaultCacheTTL, 2, "1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				opts := steady()
				machine := &suspended{clock: store.NewClock()}
				opts.Clock = machine.now
				counter := &succeeding{times: []time.Duration{0, time.Hour}}
				e := empty(t, opts)
				e.Store.Set(store.Target{Name: "one", Counter: counter})
				e.scrape("10")
				machine.slept = tt.slept
				time.Sleep(tt.passes)
				body := e.scrape("10")
				if got := value(body, "node_active_pods"); got != tt.nodes || counter.calls.Load() != tt.counted {
					t.Errorf("node_active_pods is %s after %d counts, want %s and %d", got, counter.calls.Load(), tt.nodes, tt.counted)
				}
			})
		})
	}
}
