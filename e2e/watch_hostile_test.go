//go:build e2e

package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/kube-node-manager/pod_count_exporter/internal/kubesim"
)

const (
	// shippedMemory is GOMEMLIMIT as the Deployment sets it, mostMemory what the process
	// may take in all; the container's limit is 128 MiB.
	shippedMemory, mostMemory = "115MiB", 110 << 20
	// latestSeen is how long a pod of the well cluster may take to be seen: two seconds on
	// two cores that other tests share, and time for a machine that is slower.
	latestSeen = 15 * time.Second
	// hostileTime is how long the streams are hostile.
	hostileTime = 30 * time.Second
	// longNamed is how many clusters have a pod with a long name, and no event after it.
	longNamed = 20
)

// hostileStreams are what servers send in place of events, until write says that nobody
// reads any more.
func hostileStreams() map[string]func(write func(text string) bool) {
	const columns = `"columnDefinitions":[{"name":"Name","type":"string"},{"name":"Node","type":"string"}]`
	event := func(i int, kind, node string) string {
		return fmt.Sprintf(`{"type":%q,"object":{"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":{"resourceVersion":"%d"},%s,"rows":[{"cells":["p",%q]}]}}`+"\n",
			kind, 900_000_000+i, columns, node)
	}
	endless := func(first string, next func(i int) string) func(func(string) bool) {
		return func(write func(string) bool) {
			for i := 0; write(first + next(i)); i++ {
				first = ""
			}
		}
	}
	long := strings.Repeat("a", 32<<10)
	streams := map[string]func(func(string) bool){
		"an event without end":    endless(`{"type":"ADDED","object":{"a":"`, func(int) string { return long }),
		"white space without end": endless("", func(int) string { return strings.Repeat(" ", 32<<10) }),
		"a storm of events":       endless("", func(i int) string { return event(i, "MODIFIED", "n") }),
		"names that never repeat": endless("", func(i int) string { return event(i, "ADDED", fmt.Sprintf("made-up-%d", i)) }),
		"long names":              endless("", func(i int) string { return event(i, "ADDED", fmt.Sprint(i, long)) }),
		"a storm of bookmarks": endless("", func(i int) string {
			return fmt.Sprintf(`{"type":"BOOKMARK","object":{"kind":"Table","metadata":{"resourceVersion":"%d"}}}`+"\n", i)
		}),
		"other columns, always": endless("", func(i int) string {
			return strings.Replace(event(i, "ADDED", "n"), `"Node"`, fmt.Sprintf(`"Node%d"`, i), 1)
		}),
		"pods that were not there": endless("", func(i int) string { return event(i, "DELETED", "n") }),
	}
	named := strings.Replace(event(0, "MODIFIED", "n"), `"p"`, `"`+strings.Repeat("p", longText)+`"`, 1)
	for i := range longNamed {
		streams[fmt.Sprintf("a pod with a long name, %d", i)] = func(write func(string) bool) {
			text := named + strings.Repeat(" ", 8<<10) // or the end would wait in a buffer
			for ; write(text); text = "" {
				time.Sleep(20 * time.Millisecond)
			}
		}
	}
	return streams
}

// hostile answers watches with a hostile stream while on is set, but for the pods without
// a node: one event of a pod that has one ends those, and the cluster is listed.
func hostile(on *atomic.Bool, stream func(func(string) bool)) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			query := r.URL.Query()
			if !on.Load() || query.Get("watch") == "" || strings.Contains(query.Get("fieldSelector"), "spec.nodeName=,") {
				next.ServeHTTP(w, r)
				return
			}
			w.Header().Set("Content-Type", "application/json")
			stream(func(text string) bool {
				_, err := w.Write([]byte(text))
				return err == nil && on.Load() && r.Context().Err() == nil
			})
		})
	}
}

// TestWatchHostileStreams has hostile streams of every kind at once beside a well cluster,
// in one process with the memory of the shipped Deployment: that one is followed all
// the while, memory stays below the limit, and when they end all clusters are right.
func TestWatchHostileStreams(t *testing.T) {
	t.Setenv("GOMEMLIMIT", shippedMemory)
	var on atomic.Bool
	on.Store(true)
	kubeconfig := clientcmdapi.NewConfig()
	add := func(name string, intercept func(http.Handler) http.Handler) *kubesim.Server {
		sim, err := kubesim.New(kubesim.Config{Cluster: name, Nodes: 50, Pods: 2000, Seed: 1, Intercept: intercept})
		must(t, err)
		server := httptest.NewServer(sim)
		t.Cleanup(server.Close)
		one := sim.Kubeconfig(server.URL, nil)
		kubeconfig.Clusters[name], kubeconfig.Contexts[name] = one.Clusters[name], one.Contexts[name]
		for user, entry := range one.AuthInfos {
			kubeconfig.AuthInfos[user] = entry
		}
		return sim
	}
	well := add("well", nil)
	sims := map[string]*kubesim.Server{"well": well}
	for name, stream := range hostileStreams() {
		sims[name] = add(name, hostile(&on, stream))
	}
	path := filepath.Join(t.TempDir(), "kubeconfig")
	must(t, clientcmd.WriteToFile(*kubeconfig, path))
	e := startExporter(t, path, "--kubernetes.all-contexts", "--collector.mode=watch", "--collector.cache-ttl=5s")

	eventually(t, "the well cluster, by watch", func() bool {
		return e.scrapeAt(t, "/metrics?cluster[]=well", "10").by(t, "pod_count_mode_info", "mode")["watch"] == 1
	})
	node := well.NodeNames()[0]
	bound, latest := 0, time.Duration(0)
	for began := time.Now(); time.Since(began) < hostileTime; bound++ {
		well.CreatePod(node)
		want, changed := float64(well.Truth().Pods[node]), time.Now()
		eventually(t, "a pod of the well cluster", func() bool {
			got := e.scrapeAt(t, "/metrics?cluster[]=well", "10").of("well")
			return got.by(t, "node_active_pods", "node")[node] == want && got.value(t, "pod_count_success") == 1
		})
		latest = max(latest, time.Since(changed))
	}
	peak := e.peakMemory(t)
	storm := e.scrapeAt(t, "/metrics", "30").of("a storm of events").by(t, "pod_count_watch_events_total", "type")["modified"]
	t.Logf("%d hostile streams: peak %d MiB; %.0f events were read of the storm; %d pods of the well cluster were seen, the latest after %s",
		len(sims)-1, peak>>20, storm, bound, latest.Round(time.Millisecond))
	if storm < 100_000 {
		t.Errorf("%.0f events are no storm", storm)
	}
	if latest > latestSeen {
		t.Errorf("a pod of the well cluster was seen after %s, want %s at most", latest, latestSeen)
	}
	if peak > mostMemory {
		t.Errorf("peak memory of %d MiB, want at most %d", peak>>20, mostMemory>>20)
	}
	if mode := e.scrapeAt(t, "/metrics?cluster[]=well", "10").by(t, "pod_count_mode_info", "mode"); mode["watch"] != 1 {
		t.Errorf("the well cluster has mode %v, want watch", mode)
	}
	on.Store(false)
	eventually(t, "all clusters as they are", func() bool {
		got := e.scrapeAt(t, "/metrics", "30")
		for name, sim := range sims {
			one, want := got.of(name), sim.Truth()
			nodes := one.by(t, "node_active_pods", "node")
			if len(nodes) != len(want.Pods) || one.by(t, "pod_count_success", "cluster")[name] != 1 {
				return false
			}
			for node, pods := range want.Pods {
				if nodes[node] != float64(pods) {
					return false
				}
			}
		}
		return true
	})
}

// peakMemory is the most that the process ever had resident, bytes.
func (p *process) peakMemory(t *testing.T) int64 {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	must(t, err)
	_, text, _ := strings.Cut(string(status), "VmHWM:")
	var kB int64
	if _, err := fmt.Sscan(text, &kB); err != nil {
		t.Fatalf("no VmHWM: %v", err)
	}
	return kB << 10
}
