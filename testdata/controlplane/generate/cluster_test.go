package generate

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
)

func mustNew(t *testing.T, spec Spec) *Cluster {
	t.Helper()
	c, err := New(spec)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func drawnSpec(seed uint64, nodes, pods int) Spec {
	return Spec{Nodes: nodes, Pods: pods, Images: 10, Seed: seed, Unscheduled: Drawn, UnknownNode: Drawn, Finished: Drawn}
}

func allPods(c *Cluster) []*corev1.Pod {
	pods := make([]*corev1.Pod, c.Spec().Pods)
	for i := range pods {
		pods[i] = c.Pod(i)
	}
	return pods
}

func truthOf(c *Cluster) *Truth {
	truth := NewTruth(c.Nodes())
	for _, pod := range allPods(c) {
		truth.Add(pod)
	}
	return truth
}

func TestSameSeedGivesSameObjects(t *testing.T) {
	a, b := mustNew(t, drawnSpec(7, 12, 300)), mustNew(t, drawnSpec(7, 12, 300))
	if diff := cmp.Diff(a.Nodes(), b.Nodes()); diff != "" {
		t.Errorf("nodes differ:\n%s", diff)
	}
	pods := allPods(a)
	for _, i := range rand.New(rand.NewPCG(1, 1)).Perm(len(pods)) { // out of order, as several loaders make them
		if diff := cmp.Diff(pods[i], b.Pod(i)); diff != "" {
			t.Fatalf("pod %d differs:\n%s", i, diff)
		}
	}
}

func TestOtherSeedGivesOtherCounts(t *testing.T) {
	a, b := truthOf(mustNew(t, drawnSpec(1, 20, 1000))), truthOf(mustNew(t, drawnSpec(2, 20, 1000)))
	if a.TotalPods != b.TotalPods {
		t.Errorf("total pods %d and %d, want the same", a.TotalPods, b.TotalPods)
	}
	if cmp.Equal(a.Nodes, b.Nodes) {
		t.Error("two seeds give the same counts per node")
	}
}

func TestCountsAreThoseAskedFor(t *testing.T) {
	tests := map[string]struct {
		spec Spec
	}{
		"empty cluster":        {Spec{}},
		"nodes without pods":   {Spec{Nodes: 3}},
		"one node":             {Spec{Nodes: 1, Pods: 50, Unscheduled: 5, UnknownNode: 3, Finished: 12}},
		"nothing but waiting":  {Spec{Pods: 9, Unscheduled: 9}},
		"no node is left":      {Spec{Pods: 12, UnknownNode: 7, Finished: 5}},
		"more than nodes hold": {Spec{Nodes: 2, Pods: 900, Unscheduled: 1}},
		"default size":         {Spec{Nodes: 104, Pods: 10000, Unscheduled: 80, UnknownNode: 40, Finished: 700, Seed: 3}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			truth := truthOf(mustNew(t, tt.spec))
			got := []int{len(truth.Nodes), truth.TotalPods, truth.UnscheduledPods, truth.UnknownNodePods, truth.ActivePods}
			active := tt.spec.Pods - tt.spec.Unscheduled - tt.spec.UnknownNode - tt.spec.Finished
			want := []int{tt.spec.Nodes, tt.spec.Pods, tt.spec.Unscheduled, tt.spec.UnknownNode, active}
			if !slices.Equal(got, want) {
				t.Errorf("nodes, pods, unscheduled, unknown, active = %v, want %v", got, want)
			}
		})
	}
}

// TestTruthEqualsRecount counts a second time, by fields of the whole objects
// and not by Truth's own steps.
func TestTruthEqualsRecount(t *testing.T) {
	for seed := range uint64(5) {
		c := mustNew(t, drawnSpec(seed, 30, 2000))
		truth, pods := truthOf(c), allPods(c)
		sum := 0
		for _, node := range c.Nodes() {
			held := slices.DeleteFunc(slices.Clone(pods), func(p *corev1.Pod) bool {
				finished := p.Status.Phase == corev1.PodSucceeded || p.Status.Phase == corev1.PodFailed
				return finished || p.Spec.NodeName != node.Name
			})
			if truth.Nodes[node.Name] != len(held) {
				t.Errorf("seed %d, node %s: truth says %d, recount %d", seed, node.Name, truth.Nodes[node.Name], len(held))
			}
			if limit := node.Status.Allocatable.Pods().Value(); int64(len(held)) > limit {
				t.Errorf("seed %d, node %s: %d pods where %d fit", seed, node.Name, len(held), limit)
			}
			sum += len(held)
		}
		if truth.ActivePods != sum {
			t.Errorf("seed %d: truth says %d active pods, recount %d", seed, truth.ActivePods, sum)
		}
	}
}

func TestEveryStateIsThere(t *testing.T) {
	c := mustNew(t, drawnSpec(11, 104, 10000))
	phases := map[corev1.PodPhase]int{}
	kinds := map[string]int{}
	names := map[string]bool{}
	for _, pod := range allPods(c) {
		phases[pod.Status.Phase]++
		if pod.DeletionTimestamp != nil {
			kinds["terminating"]++
		}
		if pod.Status.Phase == corev1.PodFailed && pod.Spec.NodeName == "" {
			kinds["failed before it was bound"]++
		}
		names[pod.Namespace+"/"+pod.Name] = true
	}
	for _, phase := range []corev1.PodPhase{
		corev1.PodPending, corev1.PodRunning, corev1.PodSucceeded, corev1.PodFailed, corev1.PodUnknown,
	} {
		if phases[phase] == 0 {
			t.Errorf("no pod is %s", phase)
		}
	}
	for _, kind := range []string{"terminating", "failed before it was bound"} {
		if kinds[kind] == 0 {
			t.Errorf("no pod is %s", kind)
		}
	}
	if len(names) != 10000 {
		t.Errorf("%d names for 10000 pods", len(names))
	}
}

func TestOneNodeHoldsNoPodAtAll(t *testing.T) {
	c := mustNew(t, drawnSpec(4, 20, 4000))
	held := map[string]int{}
	for _, pod := range allPods(c) {
		held[pod.Spec.NodeName]++
	}
	var empty []string
	for _, node := range c.Nodes() {
		if held[node.Name] == 0 {
			empty = append(empty, node.Name)
		}
	}
	if len(empty) != 1 {
		t.Errorf("nodes without a pod: %v, want one", empty)
	}
}

// TestSizes keeps the objects as large as those of real clusters: what a list
// costs depends on it.
func TestSizes(t *testing.T) {
	c := mustNew(t, drawnSpec(5, 40, 2000))
	total := 0
	for _, pod := range allPods(c) {
		total += pod.Size()
	}
	if average := total / 2000; average < 3500 || average > 4500 {
		t.Errorf("a pod has %d bytes in protobuf on average, want 3500 to 4500", average)
	}
	for _, node := range c.Nodes() {
		if n := len(node.Status.Images); n != 10 {
			t.Errorf("node %s lists %d images, want 10", node.Name, n)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	tests := map[string]Spec{
		"negative nodes":            {Nodes: -1},
		"negative pods":             {Nodes: 1, Pods: -2},
		"parts larger than whole":   {Nodes: 1, Pods: 5, Unscheduled: 3, Finished: 3},
		"active pods without nodes": {Pods: 5},
	}
	for name, spec := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := New(spec); err == nil {
				t.Errorf("New(%+v) gives no error", spec)
			}
		})
	}
}
