package collector

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
	"github.com/kube-node-manager/pod_count_exporter/collector/store"
	"github.com/kube-node-manager/pod_count_exporter/internal/kubesim"
)

// randomClusters is how many TestRandomClusters draws; SOAK sets another number.
const randomClusters = 300

// TestRandomClusters counts clusters drawn from a seed, with faults drawn from
// it and churn between the pages, and compares every snapshot with the truth at
// its resourceVersion, which the simulated server knows without any request.
// SEED repeats one of them.
func TestRandomClusters(t *testing.T) {
	first, count := uint64(1), uint64(randomClusters/share)
	if soak := os.Getenv("SOAK"); soak != "" {
		count = number(t, "SOAK", soak)
	}
	if seed := os.Getenv("SEED"); seed != "" {
		first, count = number(t, "SEED", seed), 1
	}
	complete := 0
	for seed := first; seed < first+count; seed++ {
		if !t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			bubble(t, func(t *testing.T) { complete += newRandomRun(t, seed).run() })
		}) {
			t.Fatalf("repeat it with SEED=%d", seed)
		}
	}
	t.Logf("%d clusters, %d complete counts, all as they should be", count, complete)
	if complete < int(count) {
		t.Errorf("only %d complete counts of %d clusters: the faults leave too little to compare", complete, count)
	}
}

func number(t *testing.T, name, text string) uint64 {
	t.Helper()
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// randomRun is one cluster with its random troubles.
type randomRun struct {
	*exporter
	random *rand.Rand
	churn  bool
}

func newRandomRun(t *testing.T, seed uint64) *randomRun {
	random := rand.New(rand.NewPCG(seed, 0))
	run := &randomRun{random: random, churn: random.IntN(2) == 0}
	cfg := kubesim.Config{
		Cluster: fmt.Sprintf("random-%d", seed), Seed: seed, ImagesPerNode: 1,
		Nodes: 1 + random.IntN(30), Pods: random.IntN(600), Finished: random.IntN(80),
		Unscheduled: random.IntN(20), UnknownNode: random.IntN(2) * random.IntN(10),
		IgnoreAccept: random.IntN(8) == 0,
	}
	script := kubesim.NewScript(randomRules(random)...)
	cfg.Intercept = func(next http.Handler) http.Handler {
		spoiled := script.Intercept(next)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			run.disturb()
			spoiled.ServeHTTP(w, r)
		})
	}
	run.exporter = startWith(t, cfg, steady(), func(counting *podcount.Config, _ *rest.Config) {
		counting.PageSize = 1 + random.IntN(120)
		counting.MaxPageSize = counting.PageSize * (1 + random.IntN(8))
		counting.PageTimeout = 2 * time.Second
	})
	return run
}

func randomRules(random *rand.Rand) []kubesim.Rule {
	faults := kubesim.Faults()
	var rules []kubesim.Rule
	for range random.IntN(5) {
		fault := faults[random.IntN(len(faults))]
		if strings.Contains(fault.Name, "bytes") { // megabytes each time: the fault matrix has them
			continue
		}
		rules = append(rules, kubesim.Rule{
			Fault: fault, Page: kubesim.Page(1 + random.IntN(6)), Times: 1 + random.IntN(6),
			Resource: []string{podcount.Pods, podcount.Pods, podcount.Nodes}[random.IntN(3)],
		})
	}
	return rules
}

// disturb lets pods and nodes come and go before a page is answered.
func (r *randomRun) disturb() {
	if !r.churn {
		return
	}
	for range r.random.IntN(6) {
		r.sim.Churn(r.random.Uint64())
	}
	switch names := r.sim.NodeNames(); {
	case r.random.IntN(8) > 0:
	case len(names) > 1 && r.random.IntN(2) == 0:
		if err := r.sim.RemoveNode(names[r.random.IntN(len(names))]); err != nil {
			r.t.Error(err)
		}
	default:
		r.sim.CreatePod(r.sim.AddNode())
	}
}

// run counts the cluster several times and returns how many snapshots were
// complete and compared.
func (r *randomRun) run() int {
	compared := 0
	for range 4 {
		r.scrape("10")
		time.Sleep(store.DefaultCacheTTL)
		snapshot := r.latest()
		if snapshot != nil && (snapshot.Consistent || !r.churn) {
			r.compare(snapshot)
			compared++
		}
	}
	return compared
}

func (r *randomRun) latest() *podcount.Snapshot { return r.Store.Clusters()[0].View().Snapshot }

// compare compares a snapshot with the truth at its resourceVersion. Nodes are listed
// at a version of their own. While they come and go, the nodes that only one of the
// two knows are compared by their sum.
func (r *randomRun) compare(snapshot *podcount.Snapshot) {
	r.t.Helper()
	version, err := strconv.ParseInt(snapshot.ResourceVersion, 10, 64)
	if err != nil {
		r.t.Fatal(err)
	}
	truth := r.sim.TruthAt(version)
	elsewhere := truth.UnknownNode + truth.ActivePods - snapshot.UnknownNodePods
	for _, node := range snapshot.Nodes {
		pods, known := truth.Pods[node.Name]
		if known && node.ActivePods != pods {
			r.t.Errorf("node %s has %d pods, in truth %d", node.Name, node.ActivePods, pods)
		}
		elsewhere -= node.ActivePods
		if !r.churn && node.AllocatablePods != int64(truth.Allocatable[node.Name]) {
			r.t.Errorf("node %s takes %d pods, in truth %d", node.Name, node.AllocatablePods, truth.Allocatable[node.Name])
		}
	}
	if elsewhere != 0 {
		r.t.Errorf("%d pods are missing", elsewhere)
	}
	if snapshot.UnscheduledPods != truth.Unscheduled {
		r.t.Errorf("%d unscheduled pods, in truth %d", snapshot.UnscheduledPods, truth.Unscheduled)
	}
	if !r.churn && (len(snapshot.Nodes) != len(truth.Pods) || snapshot.UnknownNodePods != truth.UnknownNode) {
		r.t.Errorf("%d nodes and %d pods on unknown ones, in truth %d and %d",
			len(snapshot.Nodes), snapshot.UnknownNodePods, len(truth.Pods), truth.UnknownNode)
	}
}

// TestNothingLeaks counts a thousand times with every fault, and then checks for
// leaks.
func TestNothingLeaks(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var rules []kubesim.Rule
		for _, fault := range kubesim.Faults() {
			if !strings.Contains(fault.Name, "bytes") {
				rules = append(rules, kubesim.Rule{Fault: fault, Page: kubesim.AnyPage, Times: kubesim.Forever})
			}
		}
		var turn atomic.Int64
		cfg := small()
		cfg.ImagesPerNode = 1
		cfg.Intercept = func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				now := int(turn.Add(1))
				rule := rules[now%len(rules)]
				if now%3 == 0 || rule.Fault.NeedsToken && r.URL.Query().Get("continue") == "" {
					next.ServeHTTP(w, r)
					return
				}
				kubesim.NewScript(rule).Intercept(next).ServeHTTP(w, r)
			})
		}
		var open atomic.Int64
		e := startWith(t, cfg, steady(), func(counting *podcount.Config, config *rest.Config) {
			counting.PageSize, counting.MaxPageSize = 20, 20
			counting.PageTimeout = 500 * time.Millisecond
			counting.PageAttempts = 2
			config.Dial = countOpen(config.Dial, &open)
		})
		count := func(times int) (goroutines int, connections int64, heap uint64) {
			for range times {
				e.scrape("10")
				e.log.Reset() // the log is not the exporter's memory
				time.Sleep(store.DefaultCacheTTL)
			}
			var memory runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&memory)
			return runtime.NumGoroutine(), open.Load(), memory.HeapAlloc
		}
		goroutines, connections, heap := count(100)
		goroutinesAfter, connectionsAfter, heapAfter := count(1000 / share)
		if goroutinesAfter > goroutines || connectionsAfter > connections {
			t.Errorf("%d goroutines and %d connections, were %d and %d", goroutinesAfter, connectionsAfter, goroutines, connections)
		}
		if heapAfter > heap+1<<20 {
			t.Errorf("the heap grew from %d to %d bytes", heap, heapAfter)
		}
		t.Logf("after %d faulty counts: %d goroutines, %d connections, heap %+d bytes", 1000/share, goroutinesAfter, connectionsAfter, int64(heapAfter)-int64(heap))
	})
}
