package collector

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/client-go/rest"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
	"github.com/kube-node-manager/pod_count_exporter/collector/store"
	"github.com/kube-node-manager/pod_count_exporter/internal/kubesim"
)

// followed adds clusters in watch mode to an exporter, and returns them by name.
func followed(t *testing.T, e *exporter, clusters int, latency time.Duration) map[string]*kubesim.Server {
	t.Helper()
	sims := map[string]*kubesim.Server{}
	var targets []store.Target
	for i := range clusters {
		cfg := slow(small(), latency)
		cfg.Cluster, cfg.Seed = fmt.Sprintf("c%d", i), uint64(i)
		var pages podcount.Config
		var config *rest.Config
		one, sim := e.simulate(cfg, func(c *podcount.Config, r *rest.Config) {
			c.PageSize, c.MaxPageSize = 10, 10
			pages, config = *c, r
		})
		one.Counter = newWatcher(t, pages, podcount.DefaultWatchConfig(), config)
		targets, sims[cfg.Cluster] = append(targets, one), sim
	}
	e.Store.Set(targets...)
	return sims
}

// TestStreamsHoldNoPlace has more clusters in watch mode than answers may be read at once:
// all are followed, and stay so beside the lists and audits of each other.
func TestStreamsHoldNoPlace(t *testing.T) {
	for _, tt := range []struct {
		places  int
		latency time.Duration
		within  time.Duration // until all are followed
	}{
		{1, 0, time.Second},
		{2, 0, time.Second},
		{2, 5 * time.Second, 2 * time.Minute},
	} {
		t.Run(fmt.Sprintf("%d places, pages take %s", tt.places, tt.latency), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				opts := steady()
				opts.Watch, opts.Concurrency = true, tt.places
				e := empty(t, opts)
				sims := followed(t, e, 5, tt.latency)
				e.Store.Warm()
				time.Sleep(tt.within)
				for end := time.Now().Add(45 * time.Minute); time.Now().Before(end); time.Sleep(time.Minute) {
					node, want := map[string]string{}, map[string]int{}
					for name, sim := range sims {
						node[name] = sim.NodeNames()[0]
						sim.CreatePod(node[name])
						want[name] = sim.Truth().Pods[node[name]]
					}
					time.Sleep(time.Second)
					synctest.Wait()
					body := e.scrape("10")
					for name := range sims {
						of := func(family, label string) string {
							for _, line := range series(body, family) {
								if strings.Contains(line, `cluster="`+name+`"`) && strings.Contains(line, label) {
									return line[strings.LastIndexByte(line, ' ')+1:]
								}
							}
							return "absent"
						}
						pods := of("node_active_pods", `"`+node[name]+`"`)
						if of("pod_count_mode_info", `"watch"`) != "1" || of("pod_count_success", "") != "1" || pods != strconv.Itoa(want[name]) {
							t.Fatalf("%s, %s: node %s has %s pods, want %d; success %s, %v", time.Until(end), name, node[name],
								pods, want[name], of("pod_count_success", ""), series(body, "pod_count_mode_info"))
						}
					}
				}
				body := e.scrape("10")
				for _, line := range append(series(body, restarts), series(body, audits)...) {
					switch number := line[strings.LastIndexByte(line, ' ')+1:]; {
					case strings.Contains(line, `"equal"`):
						if number == "0" {
							t.Errorf("no audit: %s", line)
						}
					case strings.HasPrefix(line, restarts) && strings.Contains(line, `"closed"`): // streams end in time
					case number != "0":
						t.Error(line)
					}
				}
			})
		})
	}
}
