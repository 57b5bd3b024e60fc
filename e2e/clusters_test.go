//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestManyClusters has two control planes with different truths behind one
// exporter. One is killed and comes back.
func TestManyClusters(t *testing.T) {
	t.Parallel()
	north := startControlPlane(t, clusterArgs(31, 20, 1000)...)
	south := startControlPlane(t, clusterArgs(32, 30, 2000)...)
	file := newContexts(t, map[string]login{"north": administrator(north), "south": administrator(south)})
	e := startExporter(t, file.path, "--kubernetes.all-contexts", "--collector.cache-ttl=1s", "--collector.page-attempts=2")
	got := e.scrape(t)
	wantTruth(t, got.of("north").counted(t), north.truth)
	wantTruth(t, got.of("south").counted(t), south.truth)

	t.Run("one of them", func(t *testing.T) {
		got := e.scrapeAt(t, "/metrics?cluster[]=south", "60")
		wantTruth(t, got.counted(t), south.truth)
		if _, whole := got["process_start_time_seconds"]; whole {
			t.Error("the metrics of the process come with each cluster, and so more than once")
		}
		if status, body := e.request(t, http.MethodGet, "/metrics?cluster[]=west"); status != http.StatusBadRequest || !strings.Contains(string(body), `"west"`) {
			t.Errorf("an unknown cluster: status %d: %s", status, body)
		}
	})
	t.Run("as JSON", func(t *testing.T) {
		wantNodes(t, e, "north", north.truth)
		wantNodes(t, e, "south", south.truth)
	})
	t.Run("discovered by Prometheus", func(t *testing.T) {
		prom := startPrometheus(t, fmt.Sprintf(`
scrape_configs:
- {job_name: discovered, honor_labels: true, http_sd_configs: [{url: %q, refresh_interval: 1s}]}
`, e.url+"/sd"))
		for cluster, truth := range map[string]truth{"north": north.truth, "south": south.truth} {
			expr := fmt.Sprintf(`sum(node_active_pods{job="discovered",cluster=%q,instance=~".*/%s"}) == %v`, cluster, cluster, truth.ActivePods)
			eventually(t, expr, func() bool { return len(prom.query(t, expr)) == 1 })
		}
		const targets = `count(up{job="discovered"} == 1) == 3`
		eventually(t, "the clusters and the exporter itself are targets", func() bool { return len(prom.query(t, targets)) == 1 })
	})
	north.kill(t)
	wantOthersIntact(t, e, north, south)
	north.run(t)
	eventually(t, "the killed cluster is counted again", func() bool {
		return e.scrapeAt(t, "/metrics", "5").of("north").value(t, "pod_count_success") == 1
	})
	got = e.scrape(t)
	wantTruth(t, got.of("north").counted(t), north.truth)
	wantTruth(t, got.of("south").counted(t), south.truth)
}

// wantOthersIntact scrapes while north is dead: its last count stays, and south
// is counted again and again as if nothing had happened.
func wantOthersIntact(t *testing.T, e *exporter, north, south *controlPlane) {
	t.Helper()
	const last = "pod_count_last_success_timestamp_seconds"
	began := float64(time.Now().Unix())
	failed := false
	eventually(t, "the dead cluster is seen to be dead, and the other one counted three seconds on", func() bool {
		asked := time.Now()
		got := e.scrapeAt(t, "/metrics", "5")
		if took := time.Since(asked); took > 5*time.Second {
			t.Errorf("the scrape took %s of the five seconds it had", took)
		}
		wantTruth(t, got.of("north").counted(t), north.truth)
		wantTruth(t, got.of("south").counted(t), south.truth)
		if n := got.of("south").value(t, "pod_count_success"); n != 1 {
			t.Errorf("pod_count_success of the other cluster is %v", n)
		}
		failed = failed || got.of("north").value(t, "pod_count_success") == 0
		return failed && got.of("south").value(t, last) > began+3
	})
}

// wantNodes holds a fresh answer of the JSON API against the truth, and the
// list of clusters against the answer.
func wantNodes(t *testing.T, e *exporter, cluster string, want truth) {
	t.Helper()
	status, body := e.request(t, http.MethodGet, "/api/v1/nodes?fresh=true&timeout=60s&cluster="+cluster)
	var answer struct {
		Cluster         string  `json:"cluster"`
		ActivePods      float64 `json:"activePods"`
		UnscheduledPods float64 `json:"unscheduledPods"`
		UnknownNodePods float64 `json:"unknownNodePods"`
		Nodes           []struct {
			Name            string  `json:"name"`
			ActivePods      float64 `json:"activePods"`
			AllocatablePods float64 `json:"allocatablePods"`
		} `json:"nodes"`
	}
	if err := json.Unmarshal(body, &answer); err != nil || status != http.StatusOK || answer.Cluster != cluster {
		t.Fatalf("status %d, %v: %s", status, err, body)
	}
	got := truth{
		Nodes: map[string]float64{}, Allocatable: map[string]float64{},
		UnscheduledPods: answer.UnscheduledPods, UnknownNodePods: answer.UnknownNodePods,
	}
	for _, node := range answer.Nodes {
		got.Nodes[node.Name], got.Allocatable[node.Name] = node.ActivePods, node.AllocatablePods
		got.ActivePods += node.ActivePods
	}
	wantTruth(t, got, want)
	if _, list := e.request(t, http.MethodGet, "/api/v1/clusters"); !strings.Contains(string(list), fmt.Sprintf(`"cluster":%q`, cluster)) {
		t.Errorf("the list of clusters lacks %s: %s", cluster, list)
	}
}
