package collector

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/rest"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
	"github.com/kube-node-manager/pod_count_exporter/collector/store"
	"github.com/kube-node-manager/pod_count_exporter/internal/kubesim"
)

// TestFinishedPodsAreNotCounted has a server that ignores field selectors, and one that
// does not know Tables either.
func TestFinishedPodsAreNotCounted(t *testing.T) {
	for _, tt := range []struct {
		name   string
		plain  bool // no Tables
		watch  bool
		source podcount.Source
	}{
		{"rows", false, false, podcount.SourceTable},
		{"objects", true, false, podcount.SourceList},
		{"rows, of a cluster that is to be followed", false, true, podcount.SourceTable},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				cfg := small()
				cfg.Intercept, cfg.IgnoreAccept = kubesim.IgnoreSelectors, tt.plain
				opts := steady()
				opts.Watch = tt.watch
				e := empty(t, opts)
				e.Store.Set(e.clusterThat(cfg, tt.watch))
				for _, step := range []string{"at first", "after changes"} {
					body := e.scrape("10")
					if got, want := numbers(body), shown(e.sim.Truth()); got != want {
						t.Errorf("%s the exposition shows\n%s\nwant\n%s", step, got, want)
					}
					if got := value(body, "pod_count_success"); got != "1" {
						t.Errorf("%s success is %s", step, got)
					}
					if source := e.Store.Find(cfg.Cluster).View().Snapshot.Source; source != tt.source {
						t.Errorf("%s the pods are from %s, want %s", step, source, tt.source)
					}
					for _, node := range e.sim.NodeNames() {
						e.sim.CreatePod(node)
					}
					time.Sleep(store.DefaultCacheTTL)
				}
			})
		})
	}
}

// clusterThat is one that is listed in several pages, or followed.
func (e *exporter) clusterThat(cfg kubesim.Config, follows bool) (member store.Target) {
	e.t.Helper()
	w := &watched{exporter: e, pages: podcount.DefaultConfig(), watch: podcount.DefaultWatchConfig()}
	member, e.sim = e.simulate(cfg, func(counting *podcount.Config, config *rest.Config) {
		counting.PageSize, counting.MaxPageSize = 20, 20
		w.config = config
	})
	if follows {
		member.Counter = w.target().Counter
	}
	return member
}

// unfilteredStreams ignores field selectors of watches only: lists give no sign of it.
func unfilteredStreams(next http.Handler) http.Handler {
	ignoring := kubesim.IgnoreSelectors(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Has("watch") {
			ignoring.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// TestUnfilteredStreamsAreNotFollowed has a server that ignores field selectors of watches, and
// one change of each kind as the first that its streams tell of: the numbers are never wrong,
// and the cluster is listed from then on.
func TestUnfilteredStreamsAreNotFollowed(t *testing.T) {
	fits := func(want func(kubesim.Pod) bool, change func(*kubesim.Server, string) error) func(*kubesim.Server) error {
		return func(s *kubesim.Server) error {
			pod, found := s.FindPod(0, want)
			if !found {
				t.Fatal("no such pod")
			}
			return change(s, pod.Key)
		}
	}
	waits := func(p kubesim.Pod) bool { return p.Node == "" }
	finished := func(p kubesim.Pod) bool { return p.Node != "" && !p.Active() }
	phase := func(phase corev1.PodPhase) func(*kubesim.Server, string) error {
		return func(s *kubesim.Server, key string) error { return s.SetPhase(key, phase) }
	}
	for _, tt := range []struct {
		name   string
		change func(*kubesim.Server) error
	}{
		{"created without a node", func(s *kubesim.Server) error { s.CreatePod(""); return nil }},
		{"created on a node", func(s *kubesim.Server) error { s.CreatePod(s.NodeNames()[0]); return nil }},
		{"bound", fits(waits, func(s *kubesim.Server, key string) error { return s.BindPod(key, s.NodeNames()[0]) })},
		{"changed", fits(kubesim.Pod.Active, (*kubesim.Server).TouchPod)},
		{"succeeds", fits(kubesim.Pod.Active, phase(corev1.PodSucceeded))},
		{"fails", fits(kubesim.Pod.Active, phase(corev1.PodFailed))},
		{"runs again", fits(finished, phase(corev1.PodRunning))},
		{"deleted on a node", fits(kubesim.Pod.Active, (*kubesim.Server).DeletePod)},
		{"deleted when finished", fits(finished, (*kubesim.Server).DeletePod)},
		{"deleted without a node", fits(waits, (*kubesim.Server).DeletePod)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				cfg := small()
				cfg.Intercept = unfilteredStreams
				opts := steady()
				opts.Watch = true
				e := empty(t, opts)
				e.Store.Set(e.clusterThat(cfg, true))
				e.scrape("10")
				if body := e.scrape("10"); value(body, "pod_count_success") != "1" || !strings.Contains(body, `mode="watch"} 1`) {
					t.Fatal("the cluster is not followed at first")
				}
				if err := tt.change(e.sim); err != nil {
					t.Fatal(err)
				}
				time.Sleep(5 * time.Second)
				synctest.Wait()
				body := e.scrape("10")
				if got, want := numbers(body), shown(e.sim.Truth()); got != want {
					t.Errorf("the exposition shows\n%s\nwant\n%s", got, want)
				}
				if got := series(body, "pod_count_mode_info"); len(got) != 1 || !strings.Contains(got[0], `mode="list"`) {
					t.Errorf("mode %v, want list", got)
				}
			})
		})
	}
}
