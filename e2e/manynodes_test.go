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

// nodesServer serves a cluster with one pod on each of its nodes, whose names begin with
// pool, under every path.
func nodesServer(t *testing.T, nodes int, pool string) string {
	t.Helper()
	var items, rows strings.Builder
	for i := range nodes {
		name := fmt.Sprintf("%s-%08x-%04d", pool, i*2654435761, i)
		fmt.Fprintf(&items, `,{"metadata":{"name":"%s"},"status":{"allocatable":{"pods":"110"}}}`, name)
		fmt.Fprintf(&rows, `,{"cells":["pod-%d","%s"]}`, i, name)
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
// little memory, and one with as many long names as there is room for, each byte of which
// takes six in JSON. All are well. Scrapes of all of them, and reading the nodes as JSON, stay
// within the limit, and show whole clusters only: those for whose names the budget has no
// room say so.
func TestManyNodes(t *testing.T) {
	const pool = "gke-production-pool-1"
	for _, tt := range []struct {
		limit    string
		clusters int
		nodes    int // of each cluster
		pool     string
		shown    int // clusters at least, all if there is room
		memory   int64
	}{
		{"128MiB", 30, 1900, pool, 30, hostileMemory},
		{"128MiB", 300, 1900, pool, 8, hostileMemory},
		{"512MiB", 100, 1900, pool, 100, 440 << 20},
		{"128MiB", 1, 30_000, strings.Repeat("<", 230), 1, hostileMemory},
	} {
		t.Run(fmt.Sprintf("%d clusters of %d nodes, %s", tt.clusters, tt.nodes, tt.limit), func(t *testing.T) {
			t.Setenv("GOMEMLIMIT", tt.limit)
			server := nodesServer(t, tt.nodes, tt.pool)
			e := startExporter(t, oneServer(t, server, tt.clusters), "--kubernetes.all-contexts", "--collector.cache-ttl=5s")
			e.discard(t, "/metrics", "60")
			first, shown := e.peakMemory(t), map[string]int{}
			for range 3 {
				shown = wholeClusters(t, e.scrape(t), tt.nodes)
				e.discard(t, "/metrics", "60")
				for cluster := range shown {
					e.discard(t, "/api/v1/nodes?cluster="+cluster, "60")
				}
			}
			peak := e.peakMemory(t)
			t.Logf("%d of %d clusters of %d nodes are shown; peak %d MiB at the first scrape, %d MiB in all", len(shown), tt.clusters, tt.nodes, first>>20, peak>>20)
			if peak > tt.memory {
				t.Errorf("peak memory of %d MiB, want at most %d", peak>>20, tt.memory>>20)
			}
			if len(shown) < tt.shown || len(shown) == tt.clusters && tt.shown < tt.clusters {
				t.Errorf("%d of %d clusters are shown", len(shown), tt.clusters)
			}
			if tt.shown < tt.clusters {
				e.await(t, "a part of GOMEMLIMIT")
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
func wholeClusters(t *testing.T, got scrape, of int) (shown map[string]int) {
	t.Helper()
	for metric, want := range map[string]float64{"node_active_pods": 1, "node_allocatable_pods": 110} {
		shown = map[string]int{}
		for _, one := range got[metric] {
			if shown[one.labels["cluster"]]++; one.value != want {
				t.Errorf("%s of %v is %v", metric, one.labels, one.value)
			}
		}
		for cluster, nodes := range shown {
			if nodes != of {
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
