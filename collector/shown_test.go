package collector

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
	"github.com/kube-node-manager/pod_count_exporter/collector/store"
	"github.com/kube-node-manager/pod_count_exporter/internal/kubesim"
)

// With some namespaces only, the pods are not compared with the room of a node.
func TestPartialSnapshotsShowNoAllocatable(t *testing.T) {
	tests := []struct {
		name     string
		snapshot podcount.Snapshot
		nodes    int // series of node_allocatable_pods
		api      bool
		source   string
	}{
		{"whole", podcount.Snapshot{Source: podcount.SourceTable}, 1, true, `pod_count_source_info{cluster="one",source="table"} 1`},
		{"of some namespaces", podcount.Snapshot{Source: podcount.SourceListUnfiltered, Nodes: []podcount.Node{{Name: "a", ActivePods: 3}}}, 0, false, `pod_count_source_info{cluster="one",source="list-unfiltered"} 1`},
		{"of an unknown source", podcount.Snapshot{}, 1, true, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				if tt.snapshot.Nodes == nil {
					tt.snapshot.Nodes = []podcount.Node{{Name: "a", ActivePods: 3, AllocatablePods: 110, HasAllocatable: true}}
				}
				e := scriptedExporter(t, shownAs{tt.snapshot})
				body := e.scrape("10")
				if got := len(series(body, "node_allocatable_pods")); got != tt.nodes || len(series(body, "node_active_pods")) != 1 {
					t.Errorf("%d series of allocatable pods, want %d", got, tt.nodes)
				}
				if got := strings.Join(series(body, "pod_count_source_info"), "\n"); got != tt.source {
					t.Errorf("source %q, want %q", got, tt.source)
				}
				for _, target := range []string{"/api/v1/nodes?cluster=one", "/api/v1/clusters"} {
					if _, answer := e.ask(http.MethodGet, target); strings.Contains(answer, "allocatablePods") != tt.api {
						t.Errorf("%s: allocatablePods wanted %t: %s", target, tt.api, answer)
					}
				}
			})
		})
	}
}

func TestSettingsAreShown(t *testing.T) {
	bubble(t, func(t *testing.T) {
		opts := steady()
		opts.CacheTTL, opts.MaxStaleness = 90*time.Second, time.Hour
		e := empty(t, opts)
		e.Store.Set(store.Target{Name: "one", Counter: &scripted{}}, store.Target{Name: "two", Counter: &scripted{}})
		e.SetInvalidContexts(3)
		body := e.scrape("10")
		for name, want := range map[string]string{
			"pod_count_cache_ttl_seconds": "90", "pod_count_max_staleness_seconds": "3600",
			"pod_count_clusters": "2", "pod_count_config_invalid_contexts": "3",
		} {
			if got := value(body, name); got != want {
				t.Errorf("%s is %s, want %s", name, got, want)
			}
		}
	})
}

// TestLogSaysWhatIsShown follows a cluster that fails before its first snapshot,
// with one, and when it is withdrawn.
func TestLogSaysWhatIsShown(t *testing.T) {
	const stays, nothing = "the last complete snapshot stays", "there is no snapshot to show"
	bubble(t, func(t *testing.T) {
		counter := &scripted{err: errors.New("no luck")}
		e := scriptedExporter(t, counter)
		if got := value(e.scrape("10"), "pod_count_failures_total"); got != "1" {
			t.Errorf("pod_count_failures_total is %s, want 1", got)
		}
		expect := func(what, want, never string) {
			t.Helper()
			if text := e.log.String(); !strings.Contains(text, want) || strings.Contains(text, never) {
				t.Errorf("%s: the log wants %q and not %q:\n%s", what, want, never, text)
			}
			e.log.Reset()
		}
		expect("before the first", nothing, stays)
		counter.err = nil
		time.Sleep(time.Minute)
		e.scrape("10")
		counter.err = errors.New("no luck")
		time.Sleep(store.DefaultCacheTTL)
		e.scrape("10")
		expect("with one", stays, nothing)
		time.Sleep(store.DefaultMaxStaleness)
		e.scrape("10")
		expect("withdrawn", nothing, stays)
	})
}

func TestLogOfTheLastAttempt(t *testing.T) {
	bubble(t, func(t *testing.T) {
		cfg := small()
		cfg.Intercept = kubesim.NewScript(kubesim.Rule{Fault: kubesim.HTTPStatus(500), Page: kubesim.AnyPage, Times: kubesim.Forever}).Intercept
		e := startWith(t, cfg, steady(), func(counting *podcount.Config, _ *rest.Config) { counting.PageAttempts = 2 })
		e.scrape("10")
		text := e.log.String()
		if attempts, next := strings.Count(text, "attempt="), strings.Count(text, "next_attempt_in="); attempts != 2 || next != 1 {
			t.Errorf("%d attempts, %d times a next one, want 2 and 1:\n%s", attempts, next, text)
		}
	})
}

func TestFailuresStartAtZero(t *testing.T) {
	bubble(t, func(t *testing.T) {
		e := scriptedExporter(t, &scripted{takes: time.Hour})
		if got := value(e.scrape("1"), "pod_count_failures_total"); got != "0" {
			t.Errorf("pod_count_failures_total is %s before the first count ended", got)
		}
	})
}
