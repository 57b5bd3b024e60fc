package collector

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
	"github.com/kube-node-manager/pod_count_exporter/collector/store"
	"github.com/kube-node-manager/pod_count_exporter/internal/kubesim"
)

// neighbours are the bad clusters that must not affect the others.
func neighbours() map[string]func(*kubesim.Config) {
	always := func(fault kubesim.Fault) func(*kubesim.Config) {
		return func(cfg *kubesim.Config) {
			cfg.Intercept = kubesim.NewScript(kubesim.Rule{Fault: fault, Page: kubesim.AnyPage, Times: kubesim.Forever}).Intercept
		}
	}
	return map[string]func(*kubesim.Config){
		"dead":      always(kubesim.BlackHole()),
		"stalled":   always(kubesim.StalledBody()),
		"trickling": always(kubesim.Trickle()),
		"endless":   always(kubesim.EndlessTokens()),
		"refusing":  always(kubesim.HTTPStatus(503)),
		"slow":      func(cfg *kubesim.Config) { cfg.Latency = func(int, int) time.Duration { return 10 * time.Second } },
	}
}

// failingOnce makes one answer a failure, so long after now.
func failingOnce(after time.Duration) func(http.Handler) http.Handler {
	var failed atomic.Bool
	began := time.Now()
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if time.Since(began) >= after && failed.CompareAndSwap(false, true) {
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

// outlook is the state of the clusters that can be counted.
type outlook struct {
	first map[string]time.Duration // until the first snapshot
	worst map[string]time.Duration // greatest age of a snapshot
}

// watch puts five healthy clusters and a slow one among bad ones, and observes them
// for a while. Bad ones come first, and all begin at once.
func watch(t *testing.T, bad int, kind func(*kubesim.Config)) outlook {
	t.Helper()
	opts := steady()
	e := empty(t, opts)
	var targets []store.Target
	add := func(name string, change func(*kubesim.Config)) {
		cfg := slow(small(), 20*time.Millisecond)
		cfg.Cluster = name
		change(&cfg)
		member, _ := e.simulate(cfg, func(counting *podcount.Config, _ *rest.Config) {
			counting.PageSize, counting.MaxPageSize = 10, 10
		})
		targets = append(targets, member)
	}
	for i := range bad {
		add(fmt.Sprintf("bad-%03d", i), kind)
	}
	for i := range 5 {
		add(fmt.Sprintf("well-%d", i), func(*kubesim.Config) {})
	}
	add("well-late", func(cfg *kubesim.Config) {
		cfg.Latency = func(int, int) time.Duration { return 1500 * time.Millisecond }
	})
	add("well-once", func(cfg *kubesim.Config) { cfg.Intercept = failingOnce(5 * time.Minute) })
	e.Store.Set(targets...)

	seen := outlook{first: map[string]time.Duration{}, worst: map[string]time.Duration{}}
	for began := time.Now(); time.Since(began) < 11*time.Minute; time.Sleep(time.Second) {
		e.Store.Warm() // as a scrape does
		for _, one := range e.Store.Clusters() {
			s := one.View()
			if !strings.HasPrefix(one.Name(), "well-") || s.Snapshot == nil {
				continue
			}
			if _, counted := seen.first[one.Name()]; !counted {
				seen.first[one.Name()] = time.Since(began)
			}
			seen.worst[one.Name()] = max(seen.worst[one.Name()], s.Age)
		}
	}
	return seen
}

// TestNeighbours has bad clusters of every kind beside healthy ones, far more than
// there are places: the healthy ones are counted as soon as without them, and as
// often.
func TestNeighbours(t *testing.T) {
	var alone outlook
	bubble(t, func(t *testing.T) { alone = watch(t, 0, nil) })
	for kind, change := range neighbours() {
		for _, bad := range []int{20, 60, 200} {
			if share > 1 && bad > 20 {
				continue // the race detector finds nothing more in many
			}
			if kind == "endless" && bad > 20 {
				continue // a million pages would be read in the test
			}
			t.Run(fmt.Sprint(bad, " ", kind), func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					among := watch(t, bad, change)
					for name, first := range alone.first {
						got, counted := among.first[name]
						if !counted || got > first+5*time.Second {
							t.Errorf("%s is counted first after %s (%t), alone after %s", name, got, counted, first)
						}
						if age := among.worst[name]; age > alone.worst[name]*11/10 {
							t.Errorf("%s is %s old, alone %s", name, age, alone.worst[name])
						}
					}
				})
			})
		}
	}
}
