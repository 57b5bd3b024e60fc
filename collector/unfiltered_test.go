package collector

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
	"github.com/kube-node-manager/pod_count_exporter/collector/store"
	"github.com/kube-node-manager/pod_count_exporter/internal/kubesim"
)

// ignoresSelectors answers requests for pods as if they had no field selector, as some
// aggregating servers do: finished pods are in the answers. In a Table, only a condition
// of their rows tells them apart.
func ignoresSelectors(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if query := r.URL.Query(); strings.HasSuffix(r.URL.Path, "/pods") && query.Has("fieldSelector") {
			query.Del("fieldSelector")
			address := *r.URL
			address.RawQuery = query.Encode()
			r = r.Clone(r.Context())
			r.URL, r.RequestURI = &address, address.RequestURI()
		}
		next.ServeHTTP(w, r)
	})
}

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
				cfg.Intercept, cfg.IgnoreAccept = ignoresSelectors, tt.plain
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
	w := &watched{exporter: e}
	member, e.sim = e.simulate(cfg, func(counting *podcount.Config, config *rest.Config) {
		counting.PageSize, counting.MaxPageSize = 20, 20
		w.config = config
	})
	if follows {
		member.Counter = w.target().Counter
	}
	return member
}
