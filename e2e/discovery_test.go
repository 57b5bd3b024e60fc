//go:build e2e

package e2e

import (
	"fmt"
	"testing"
	"time"
)

// TestDiscoveryKeepsTheExporter has Prometheus find its targets at /sd. The
// exporter's own metrics are there, once, and alerts on them fire; a cluster that
// is taken out on purpose fires none.
func TestDiscoveryKeepsTheExporter(t *testing.T) {
	t.Parallel()
	north := startControlPlane(t, clusterArgs(35, 10, 300)...)
	south := startControlPlane(t, clusterArgs(36, 12, 400)...)
	file := newContexts(t, map[string]login{"north": administrator(north), "south": administrator(south)})
	e := startExporter(t, file.path, "--kubernetes.all-contexts", "--collector.cache-ttl=5s")
	mixin := generateMixin(t, impatient)
	prom := startPrometheus(t, fmt.Sprintf(`
rule_files: [%[1]s/*.yaml]
scrape_configs:
- {job_name: pod_count_exporter, honor_labels: true, http_sd_configs: [{url: %[2]q, refresh_interval: 1s}]}
`, mixin, e.url+"/sd"))
	for _, expr := range []string{
		`count(up == 1) == 3`, `count(process_start_time_seconds) == 1`, `count(pod_count_shard_info) == 1`,
		`count(pod_count_success == 1) == 2`, `count(cluster:pod_count_cache_ttl_seconds:max == 5) == 2`,
	} {
		eventually(t, expr, func() bool { return len(prom.query(t, expr)) == 1 })
	}

	delete(file.all, "south")
	file.write(t)
	eventually(t, "the cluster's target is gone", func() bool { return len(prom.query(t, `count(up) == 2`)) == 1 })
	// goneMemory and downFor of the settings, and some time more.
	began := time.Now()
	eventually(t, "a minute and a half has passed", func() bool {
		if got := prom.query(t, `ALERTS{alertstate="firing",alertname!~"NodePod.*|ClusterPod.*|Pods.*"}`); len(got) > 0 {
			t.Fatalf("a cluster was taken out on purpose, and there are alerts: %v", got)
		}
		return time.Since(began) > 90*time.Second
	})

	file.put(t, []byte("no kubeconfig"))
	const failed = `ALERTS{alertname="PodCountConfigReloadFailed",alertstate="firing"}`
	eventually(t, failed, func() bool { return len(prom.query(t, failed)) == 1 })
}
