package page

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
)

// nearlyFull is the share of a node's allocatable pods from which it is marked, as in
// the mixin's alert.
const nearlyFull = 0.9

// nodeRow is a node in a table.
type nodeRow struct {
	Cluster, ClusterName string // as shown, and unchanged; empty on the cluster's own page
	Name, Key            string // as shown, and unique
	Active               string
	Allocatable          string
	Free                 string
	Percent              string
	Bar                  float64 // of 100; of the fullest node's pods, if the allocatable pods are not known
	Level                string  // ok, high, full or unknown
}

// fullness returns a node's share of its allocatable pods, or -1 if that is not
// known. A node that takes no pods at all is full.
func fullness(node podcount.Node) float64 {
	switch {
	case !node.HasAllocatable:
		return -1
	case node.AllocatablePods <= 0:
		return 1
	}
	return float64(node.ActivePods) / float64(node.AllocatablePods)
}

// fullestFirst compares nodes by fullness, by pods and by name.
func fullestFirst(a, b podcount.Node) int {
	return cmp.Or(cmp.Compare(fullness(b), fullness(a)), cmp.Compare(b.ActivePods, a.ActivePods), strings.Compare(a.Name, b.Name))
}

// matching returns the nodes whose names contain part, without copying them.
func matching(nodes []podcount.Node, part string) []*podcount.Node {
	found := make([]*podcount.Node, 0, len(nodes))
	for i := range nodes {
		if contains(nodes[i].Name, part) {
			found = append(found, &nodes[i])
		}
	}
	return found
}

// mostPods returns the largest number of pods on a node.
func mostPods(nodes []*podcount.Node) (most int) {
	for _, node := range nodes {
		most = max(most, node.ActivePods)
	}
	return most
}

// fullestOf returns the n fullest nodes, in order. There may be many more: it sorts twice
// as many at once at most.
func fullestOf(nodes []*podcount.Node, n int) []*podcount.Node {
	order := func(a, b *podcount.Node) int { return fullestFirst(*a, *b) }
	var top []*podcount.Node
	full := false // top begins with n nodes in order, and others matter only before the last
	for _, node := range nodes {
		if full && order(node, top[n-1]) > 0 {
			continue
		}
		if top = append(top, node); len(top) == 2*n {
			slices.SortFunc(top, order)
			top, full = top[:n], true
		}
	}
	slices.SortFunc(top, order)
	return top[:min(n, len(top))]
}

// contains ignores case.
func contains(name, part string) bool {
	return part == "" || strings.Contains(strings.ToLower(name), strings.ToLower(part))
}

// rowOf returns a node's row; most is the largest number of pods on a node of its
// table.
func rowOf(node podcount.Node, most int) nodeRow {
	row := nodeRow{
		Name: printable(node.Name), Key: node.Name, Active: number(node.ActivePods),
		Allocatable: unknown, Free: unknown, Percent: unknown, Level: "unknown",
	}
	if !node.HasAllocatable {
		row.Bar = 100 * float64(node.ActivePods) / float64(max(most, 1))
		return row
	}
	share := fullness(node)
	row.Allocatable = number(node.AllocatablePods)
	row.Free = number(max(0, node.AllocatablePods-int64(node.ActivePods)))
	row.Percent = percent(int64(node.ActivePods), node.AllocatablePods)
	row.Bar = math.Round(1000*min(1, share)) / 10
	row.Level = levelOf(share)
	return row
}

func levelOf(share float64) string {
	switch {
	case share >= 1:
		return "full"
	case share >= nearlyFull:
		return "high"
	}
	return "ok"
}

// fullestShown is how many nodes the overview shows.
const fullestShown = 10

// fullest returns the fullest nodes of all clusters, leaving out those without
// allocatable pods.
func fullest(clusters []Cluster) []nodeRow {
	type placed struct {
		podcount.Node
		cluster string
	}
	var top []placed
	for _, c := range clusters {
		if !c.Shown() {
			continue
		}
		for _, node := range c.Snapshot.Nodes {
			last := len(top) - 1
			if fullness(node) < 0 || last+1 == fullestShown && fullestFirst(node, top[last].Node) >= 0 {
				continue
			}
			at, _ := slices.BinarySearchFunc(top, node, func(have placed, want podcount.Node) int { return fullestFirst(have.Node, want) })
			top = slices.Insert(top, at, placed{node, c.Cluster})
			top = top[:min(len(top), fullestShown)]
		}
	}
	rows := make([]nodeRow, len(top))
	for i, one := range top {
		rows[i] = rowOf(one.Node, one.ActivePods)
		rows[i].Cluster, rows[i].ClusterName = printable(one.cluster), one.cluster
		rows[i].Key = one.cluster + "\x00" + one.Name
	}
	return rows
}
