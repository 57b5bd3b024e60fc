package collector

import (
	"errors"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/kube-node-manager/pod_count_exporter/collector/store"
)

// TestSet follows one cluster through changes of what the kubeconfigs say.
func TestSet(t *testing.T) {
	first := &scripted{takes: time.Second}
	tests := []struct {
		name    string
		next    []store.Target
		nodes   string // value of node_active_pods of cluster a in the next second
		old     string // pages counter of cluster a, which had been 0
		counted int32  // counts by the first counter
	}{
		{"the same counter goes on", []store.Target{{Name: "a", Server: "s", Counter: first}}, "1", "present", 1},
		{"other credentials keep the snapshot", []store.Target{{Name: "a", Server: "s", Counter: &scripted{takes: time.Hour}}}, "1", "present", 1},
		{"another server does not", []store.Target{{Name: "a", Server: "t", Counter: &scripted{takes: time.Hour}}}, "absent", "present", 1},
		{"one that is gone has no series", []store.Target{{Name: "b", Server: "s", Counter: &scripted{takes: time.Hour}}}, "absent", "absent", 1},
		{"none at all", nil, "absent", "absent", 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				first.calls.Store(0)
				e := empty(t, steady())
				e.Store.Set(store.Target{Name: "a", Server: "s", Counter: first})
				e.scrape("10")
				e.Store.Set(tt.next...)
				body := e.scrape("1")
				if got := value(body, `node_active_pods{cluster="a",node="a"}`); got != tt.nodes {
					t.Errorf("node_active_pods is %s, want %s", got, tt.nodes)
				}
				if got := value(body, `pod_count_pages_total{cluster="a"}`); (got == "absent") != (tt.old == "absent") {
					t.Errorf("pod_count_pages_total is %s, want it %s", got, tt.old)
				}
				if got := strings.Count(body, `cluster="a"`); tt.old == "absent" && got != 0 {
					t.Errorf("%d series of a cluster that is gone", got)
				}
				if got := first.calls.Load(); got != tt.counted {
					t.Errorf("the first counter counted %d times, want %d", got, tt.counted)
				}
			})
		})
	}
}

// TestCountersBelongToTheirCluster looks for counters and histograms that outlive their
// cluster, or that a reload would have to look for among those of all clusters.
func TestCountersBelongToTheirCluster(t *testing.T) {
	bubble(t, func(t *testing.T) {
		opts := steady()
		opts.Watch = true
		e := empty(t, opts)
		kept := func(when string) {
			t.Helper()
			for _, vector := range e.metrics.vectors() {
				held := make(chan prometheus.Metric, 1000)
				if vector.Collect(held); len(held) > 0 {
					t.Errorf("%s: %d series are kept beside those of their clusters: %v", when, len(held), (<-held).Desc())
				}
			}
		}
		failing := func(server string) store.Target {
			return store.Target{Name: "a", Server: server, Counter: &scripted{err: errors.New("the count failed")}}
		}
		for _, step := range []struct {
			name     string
			targets  []store.Target
			failures string // after a scrape, of which each count fails
		}{
			{"a new cluster", []store.Target{failing("s")}, "1"},
			{"other credentials", []store.Target{failing("s")}, "2"},
			{"another server of the name", []store.Target{failing("t")}, "1"},
			{"it is gone", nil, "absent"},
			{"it is back", []store.Target{failing("t")}, "1"},
		} {
			e.Store.Set(step.targets...)
			kept(step.name)
			if got := value(e.scrape("10"), `pod_count_failures_total{cluster="a"}`); got != step.failures {
				t.Errorf("%s: pod_count_failures_total is %s, want %s", step.name, got, step.failures)
			}
		}
	})
}

// What is removed must stop at once: its count, and so its goroutine and connections.
func TestSetEndsTheCountsOfWhatGoes(t *testing.T) {
	bubble(t, func(t *testing.T) {
		gone := &scripted{takes: time.Hour}
		e := scriptedExporter(t, gone)
		e.scrape("1")
		began := time.Now()
		e.Store.Set()
		e.Store.Wait()
		if took := time.Since(began); took != 0 {
			t.Errorf("the count ended %s after its cluster was removed", took)
		}
		if strings.Contains(e.log.String(), "failed") {
			t.Errorf("the removal was logged as a failure:\n%s", e.log)
		}
	})
}

// A scrape that still holds a removed cluster must not bring it back.
func TestScrapeBesideARemoval(t *testing.T) {
	bubble(t, func(t *testing.T) {
		counter := &scripted{takes: 5 * time.Second}
		e := scriptedExporter(t, counter)
		done := make(chan struct{})
		go func() {
			defer close(done)
			e.scrape("10")
		}()
		synctest.Wait()
		e.Store.Set()
		<-done
		if body := e.scrape("10"); strings.Contains(body, `cluster="one"`) {
			t.Errorf("series of a removed cluster:\n%s", body)
		}
		if calls := counter.calls.Load(); calls != 1 {
			t.Errorf("%d counts, want the one that was cancelled", calls)
		}
	})
}

func TestReloadMetrics(t *testing.T) {
	bubble(t, func(t *testing.T) {
		e := scriptedExporter(t, &scripted{err: errors.New("no luck")})
		read := func() (string, float64) {
			body := e.scrape("1")
			at, err := strconv.ParseFloat(value(body, "pod_count_config_last_reload_success_timestamp_seconds"), 64)
			if err != nil {
				t.Fatal(err)
			}
			return value(body, "pod_count_config_last_reload_successful"), at
		}
		ok, at := read()
		time.Sleep(time.Minute)
		e.Reloaded(false)
		if bad, still := read(); ok != "1" || bad != "0" || still != at {
			t.Errorf("successful %s, then %s; time %f, then %f", ok, bad, at, still)
		}
		e.Reloaded(true)
		if again, later := read(); again != "1" || later <= at {
			t.Errorf("successful %s at %f after %f", again, later, at)
		}
	})
}
