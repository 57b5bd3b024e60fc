//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestClusterLabelOfOnesOwn has the two setups of mixin/README.md in which a label
// cluster is there already: on the target, without honor_labels; and on
// Prometheus, as an external label. In both, the rules tell the clusters apart,
// and the alerts name them.
func TestClusterLabelOfOnesOwn(t *testing.T) {
	t.Parallel()
	north := startControlPlane(t, append(clusterArgs(33, 10, 300), "--unscheduled=3")...)
	south := startControlPlane(t, append(clusterArgs(34, 12, 400), "--unscheduled=0")...)
	file := newContexts(t, map[string]login{"north": administrator(north), "south": administrator(south)})
	e := startExporter(t, file.path, "--kubernetes.all-contexts", "--collector.cache-ttl=5s")
	target := strings.TrimPrefix(e.url, "http://")
	tests := []struct{ name, label, config string }{
		{
			"target label without honor_labels", "exported_cluster",
			fmt.Sprintf("scrape_configs:\n- {job_name: pod_count_exporter, static_configs: [{targets: [%q], labels: {cluster: management}}]}\n", target),
		},
		{
			"external label", "counted_cluster",
			readmeScrapeConfig(t) + fmt.Sprintf("    static_configs: [{targets: [%q]}]\n", target),
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			hook := startWebhook(t)
			mixin := generateMixin(t, fmt.Sprintf("%s + { clusterLabel: %q }", impatient, tt.label))
			manager := startAlertmanager(t, hook, filepath.Join(mixin, "alertmanager", "inhibit_rules.yaml"))
			prom := startPrometheusWith(t, "external_labels: {cluster: prometheus-1}", fmt.Sprintf(`
rule_files: [%[1]s/*.yaml]
alerting: {alertmanagers: [{static_configs: [{targets: [%[2]q]}]}]}
`, mixin, manager.address)+tt.config)
			for cluster, truth := range map[string]truth{"north": north.truth, "south": south.truth} {
				expr := fmt.Sprintf(`cluster:node_active_pods:sum{%s=%q} == %v`, tt.label, cluster, truth.ActivePods)
				eventually(t, expr, func() bool { return len(prom.query(t, expr)) == 1 })
			}
			if got := prom.query(t, "cluster:node_active_pods:sum"); len(got) != 2 {
				t.Errorf("series %v, want one for each cluster", got)
			}
			fired := hook.await(t, "PodsWithoutNode", "firing")
			if fired.Labels[tt.label] != "north" || fired.Labels["cluster"] != "prometheus-1" || !strings.Contains(fired.Annotations["description"], "cluster north") {
				t.Errorf("the notification is %+v", fired)
			}
			if got := prom.query(t, `ALERTS{alertname=~"PodCountExporterDown|PodCountIncomplete"}`); len(got) != 0 {
				t.Errorf("alerts %v on what is there", got)
			}
		})
	}
}

// readmeScrapeConfig is what mixin/README.md says for external labels.
func readmeScrapeConfig(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../mixin/README.md")
	must(t, err)
	for _, block := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllSubmatch(text, -1) {
		if strings.Contains(string(block[1]), "counted_cluster") {
			return string(block[1])
		}
	}
	t.Fatal("mixin/README.md has no scrape configuration for an external label")
	return ""
}
