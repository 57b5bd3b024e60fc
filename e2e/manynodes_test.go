//go:build e2e

package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// manyNodes is how many nodes each of the clusters has.
const manyNodes = 1900

// nodesServer serves a cluster with one pod on each node, under every path.
func nodesServer(t *testing.T) string {
	t.Helper()
	var items, rows strings.Builder
	for i := range manyNodes {
		fmt.Fprintf(&items, `,{"metadata":{"name":"gke-production-pool-1-%08x-%04d"},"status":{"allocatable":{"pods":"110"}}}`, i*2654435761, i)
		fmt.Fprintf(&rows, `,{"cells":["pod-%d","gke-production-pool-1-%08x-%04d"]}`, i, i*2654435761, i)
	}
	lists := map[string]string{
		"nodes": `{"kind":"NodeList","metadata":{"resourceVersion":"7"},"items":[` + items.String()[1:] + `]}`,
		"pods":  `{"kind":"Table","metadata":{"resourceVersion":"7"},"columnDefinitions":[{"name":"Name"},{"name":"Node"}],"rows":[` + rows.String()[1:] + `]}`,
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(lists[r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]]))
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// TestManyNodes has clusters with more nodes together than any has, in one process with
// little memory. All are well. Scrapes of all of them stay within the limit, and show
// whole clusters only: those for whose names the budget has no room say so.
func TestManyNodes(t *testing.T) {
	server := nodesServer(t)
	for _, tt := range []struct {
		limit    string
		clusters int
		whole    bool
		memory   int64
	}{
		{"128MiB", 30, true, hostileMemory},
		{"128MiB", 300, false, hostileMemory},
		{"512MiB", 100, true, 440 << 20},
	} {
		t.Run(fmt.Sprintf("%d clusters, %s", tt.clusters, tt.limit), func(t *testing.T) {
			t.Setenv("GOMEMLIMIT", tt.limit)
			e := startExporter(t, oneServer(t, server, tt.clusters), "--kubernetes.all-contexts", "--collector.cache-ttl=5s")
			e.discard(t, "/metrics", "60")
			first, shown := e.peakMemory(t), 0
			for range 3 {
				shown = len(wholeClusters(t, e.scrape(t)))
				e.discard(t, "/metrics", "60")
			}
			peak := e.peakMemory(t)
			t.Logf("%d of %d clusters of %d nodes are shown; peak %d MiB at the first scrape, %d MiB in all", shown, tt.clusters, manyNodes, first>>20, peak>>20)
			if peak > tt.memory {
				t.Errorf("peak memory of %d MiB, want at most %d", peak>>20, tt.memory>>20)
			}
			if tt.whole != (shown == tt.clusters) || shown < 20 {
				t.Errorf("%d of %d clusters are shown", shown, tt.clusters)
			}
			if !tt.whole {
				e.await(t, "half of GOMEMLIMIT")
			}
		})
	}
}

// oneServer is a kubeconfig with so many contexts of one server.
func oneServer(t *testing.T, address string, clusters int) (path string) {
	t.Helper()
	kubeconfig := clientcmdapi.NewConfig()
	for i := range clusters {
		name := fmt.Sprintf("cluster-%03d", i)
		kubeconfig.Clusters[name] = &clientcmdapi.Cluster{Server: address + "/" + name}
		kubeconfig.Contexts[name] = &clientcmdapi.Context{Cluster: name}
	}
	path = filepath.Join(t.TempDir(), "kubeconfig")
	must(t, clientcmd.WriteToFile(*kubeconfig, path))
	return path
}

// wholeClusters returns the clusters that are shown, which have all of their nodes. They
// are those that succeeded, and some that did so before.
func wholeClusters(t *testing.T, got scrape) (shown map[string]int) {
	t.Helper()
	for metric, want := range map[string]float64{"node_active_pods": 1, "node_allocatable_pods": 110} {
		shown = map[string]int{}
		for _, one := range got[metric] {
			if shown[one.labels["cluster"]]++; one.value != want {
				t.Errorf("%s of %v is %v", metric, one.labels, one.value)
			}
		}
		for cluster, nodes := range shown {
			if nodes != manyNodes {
				t.Errorf("%s: %d nodes have %s", cluster, nodes, metric)
			}
		}
	}
	for cluster, success := range got.by(t, "pod_count_success", "cluster") {
		if success == 1 && shown[cluster] == 0 {
			t.Errorf("%s succeeded and is not shown", cluster)
		}
	}
	return shown
}
