//go:build e2e

package e2e

import (
	"maps"
	"slices"
	"testing"
)

// TestChangesShow follows one pod through its life, and a node, and expects
// each step in the very next count.
func TestChangesShow(t *testing.T) {
	t.Parallel()
	cp := startControlPlane(t, clusterArgs(7, 10, 300)...)
	e := startExporter(t, cp.kubeconfig(), "--collector.cache-ttl=1ms") // every scrape counts anew
	want := cp.truth
	step := func(name string, change func()) {
		t.Helper()
		change()
		if !t.Run(name, func(t *testing.T) { wantTruth(t, e.scrape(t).counted(t), want) }) {
			t.FailNow() // every later step would fail too
		}
	}
	const (
		pods = "/api/v1/namespaces/default/pods"
		pod  = pods + "/newcomer"
	)
	node := slices.Sorted(maps.Keys(want.Nodes))[0]
	add := func(n float64) {
		want.Nodes[node] += n
		want.ActivePods += n
	}

	step("before any change", func() {})
	step("created", func() {
		cp.api.create(t, pods, newPod("newcomer"))
		want.UnscheduledPods++
	})
	step("bound", func() {
		cp.api.create(t, pod+"/binding", object{
			"metadata": object{"name": "newcomer"}, "target": object{"kind": "Node", "name": node},
		})
		want.UnscheduledPods--
		add(1)
	})
	step("running", func() { cp.api.patch(t, pod+"/status", object{"status": object{"phase": "Running"}}) })
	step("terminating", func() { cp.api.remove(t, pod, 30) })
	step("deleted", func() {
		cp.api.remove(t, pod, 0)
		add(-1)
	})

	step("another one, on its node from the start", func() {
		obj := newPod("finisher")
		obj["spec"].(object)["nodeName"] = node
		cp.api.create(t, pods, obj)
		add(1)
	})
	step("succeeded", func() {
		cp.api.patch(t, pods+"/finisher/status", object{"status": object{"phase": "Succeeded"}})
		add(-1)
	})
	step("succeeded and deleted", func() { cp.api.remove(t, pods+"/finisher", 0) })

	step("node created", func() {
		cp.api.create(t, "/api/v1/nodes", object{"metadata": object{"name": "brand-new"}})
		cp.api.patch(t, "/api/v1/nodes/brand-new/status", object{"status": object{
			"allocatable": object{"pods": "42"}, "capacity": object{"pods": "42"},
		}})
		want.Nodes["brand-new"], want.Allocatable["brand-new"] = 0, 42
	})
	step("node deleted under its pods", func() {
		cp.api.remove(t, "/api/v1/nodes/"+node, 0)
		want.UnknownNodePods += want.Nodes[node]
		want.ActivePods -= want.Nodes[node]
		delete(want.Nodes, node)
		delete(want.Allocatable, node)
	})
}

func newPod(name string) object {
	container := object{"name": "main", "image": "registry.example.com/tools/pause:1"}
	return object{"metadata": object{"name": name}, "spec": object{"containers": []object{container}}}
}
