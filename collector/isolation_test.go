package collector

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
	"github.com/kube-node-manager/pod_count_exporter/collector/store"
	"github.com/kube-node-manager/pod_count_exporter/internal/kubesim"
)

func unchanged(*podcount.Config, *rest.Config) {}

// fleet adds clusters to an exporter: healthy ones, black holes, and ones whose
// pages take ten seconds.
func fleet(t *testing.T, places, healthy, holes, slugs int) *exporter {
	t.Helper()
	opts := steady()
	opts.Concurrency = places
	e := empty(t, opts)
	var targets []store.Target
	add := func(kind string, n int, change func(*kubesim.Config)) {
		for i := range n {
			cfg := slow(small(), 20*time.Millisecond)
			cfg.Cluster = fmt.Sprintf("%s-%02d", kind, i)
			cfg.Seed = uint64(i)
			change(&cfg)
			member, _ := e.simulate(cfg, unchanged)
			targets = append(targets, member)
		}
	}
	add("healthy", healthy, func(*kubesim.Config) {})
	add("hole", holes, func(cfg *kubesim.Config) {
		cfg.Intercept = kubesim.NewScript(kubesim.Rule{Fault: kubesim.BlackHole(), Page: kubesim.AnyPage, Times: 1 << 30}).Intercept
	})
	add("slug", slugs, func(cfg *kubesim.Config) { cfg.Latency = func(int, int) time.Duration { return 10 * time.Second } })
	e.Store.Set(targets...)
	return e
}

// ages scrapes for an hour, and returns the greatest age that a healthy cluster's
// snapshot was shown with.
func ages(t *testing.T, e *exporter, healthy int) time.Duration {
	t.Helper()
	e.Store.Warm()
	time.Sleep(2 * time.Minute)
	worst := time.Duration(0)
	for end := time.Now().Add(time.Hour); time.Now().Before(end); time.Sleep(15 * time.Second) {
		began := time.Now()
		body := e.scrape("10")
		if took := time.Since(began); took > 10*time.Second-DefaultTimeoutOffset {
			t.Fatalf("a scrape took %s", took)
		}
		nodes := 0
		for _, line := range series(body, "node_active_pods") {
			if strings.Contains(line, `cluster="healthy-`) {
				nodes++
			}
		}
		if nodes != healthy*6 {
			t.Fatalf("%d series of healthy clusters, want %d", nodes, healthy*6)
		}
		for _, one := range e.Store.Clusters() {
			if strings.HasPrefix(one.Name(), "healthy-") {
				worst = max(worst, time.Since(one.View().Snapshot.Time))
			}
		}
	}
	return worst
}

// TestBadClustersHurtNoOther has five black holes and five clusters with pages of ten
// seconds among fifty, with places for all of the bad ones and with fewer.
func TestBadClustersHurtNoOther(t *testing.T) {
	for _, places := range []int{store.DefaultConcurrency, 3} {
		t.Run(fmt.Sprint(places, " places"), func(t *testing.T) {
			var alone, among time.Duration
			bubble(t, func(t *testing.T) { alone = ages(t, fleet(t, places, 40, 0, 0), 40) })
			bubble(t, func(t *testing.T) { among = ages(t, fleet(t, places, 40, 5, 5), 40) })
			t.Logf("snapshots are up to %s old among bad clusters, %s alone", among, alone)
			// Scrapes take longer beside the bad ones, so ages are read at different
			// times.
			if among > alone+10*time.Second {
				t.Errorf("snapshots are up to %s old among bad clusters, %s alone", among, alone)
			}
		})
	}
}

func TestScrapesWaitInVainOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		counter := &scripted{takes: time.Hour}
		e := scriptedExporter(t, counter)
		took := func(timeout string) time.Duration {
			began := time.Now()
			e.scrape(timeout)
			return time.Since(began)
		}
		full := 10*time.Second - DefaultTimeoutOffset
		for _, step := range []struct {
			name, timeout string
			want          time.Duration
		}{
			{"the first scrape waits", "5", 5*time.Second - DefaultTimeoutOffset},
			{"one with more time waits too", "10", full},
			{"then they wait a moment", "10", time.Second},
			{"each of them", "10", time.Second},
			{"one with less than that its time", "1", 500 * time.Millisecond},
		} {
			if got := took(step.timeout); got != step.want {
				t.Errorf("%s: %s, want %s", step.name, got, step.want)
			}
		}
		time.Sleep(time.Hour)
		if body := e.scrape("10"); value(body, "pod_count_success") != "1" {
			t.Error("the count was not completed")
		}
		time.Sleep(store.DefaultCacheTTL)
		if got := took("10"); got != full {
			t.Errorf("after a complete count a scrape waits %s, want %s", got, full)
		}
	})
}

// panicking is a Counter with a fault of its own.
type panicking struct{ value any }

func (p panicking) Count(context.Context, podcount.Observer, func(*podcount.Snapshot)) error {
	panic(p.value)
}

func TestPanicStaysInItsCluster(t *testing.T) {
	tests := []struct {
		name  string
		value any
		text  string
	}{
		{"of Go's own", indexError(), "index out of range"},
		{"of a text that may be secret", "token abc", "(string)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				well := &scripted{takes: time.Second}
				e := scriptedExporter(t, well)
				e.Store.Set(store.Target{Name: "bad", Counter: panicking{tt.value}}, store.Target{Name: "well", Counter: well})
				body := e.scrape("10")
				for _, want := range []string{
					`pod_count_panics_total{cluster="bad"} 1`, `pod_count_success{cluster="bad"} 0`,
					`pod_count_panics_total{cluster="well"} 0`, `node_active_pods{cluster="well",node="a"} 1`,
				} {
					if !strings.Contains(body, want+"\n") {
						t.Errorf("the exposition lacks %s", want)
					}
				}
				line := e.log.String()
				if !strings.Contains(line, tt.text) || !strings.Contains(line, "isolation_test.go") || strings.Contains(line, "abc") {
					t.Errorf("the log has no fitting line with a stack: %s", line)
				}
			})
		})
	}
}

func indexError() (value any) {
	defer func() { value = recover() }()
	_ = []int{}[len("x")]
	return nil
}
