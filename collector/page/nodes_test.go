package page

import (
	"fmt"
	"math/rand/v2"
	"net/url"
	"runtime"
	"slices"
	"testing"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
	"github.com/kube-node-manager/pod_count_exporter/collector/store"
)

func TestNodeRows(t *testing.T) {
	tests := []struct {
		name string
		node podcount.Node
		want nodeRow
	}{
		{"some room", node("n", 55, 110), nodeRow{Active: "55", Allocatable: "110", Free: "55", Percent: "50 %", Bar: 50, Level: "ok"}},
		{"nearly full", node("n", 99, 110), nodeRow{Active: "99", Allocatable: "110", Free: "11", Percent: "90 %", Bar: 90, Level: "high"}},
		{"all but one", node("n", 9999, 10000), nodeRow{Active: "9,999", Allocatable: "10,000", Free: "1", Percent: "99 %", Bar: 100, Level: "high"}},
		{"full", node("n", 110, 110), nodeRow{Active: "110", Allocatable: "110", Free: "0", Percent: "100 %", Bar: 100, Level: "full"}},
		{"beyond", node("n", 121, 110), nodeRow{Active: "121", Allocatable: "110", Free: "0", Percent: "110 %", Bar: 100, Level: "full"}},
		{"empty", node("n", 0, 110), nodeRow{Active: "0", Allocatable: "110", Free: "110", Percent: "0 %", Bar: 0, Level: "ok"}},
		{"no room at all", node("n", 0, 0), nodeRow{Active: "0", Allocatable: "0", Free: "0", Percent: "–", Bar: 100, Level: "full"}},
		{"nobody knows", podcount.Node{Name: "n", ActivePods: 40}, nodeRow{Active: "40", Allocatable: "–", Free: "–", Percent: "–", Bar: 50, Level: "unknown"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.want.Name, tt.want.Key = "n", "n"
			if got := rowOf(tt.node, 80); got != tt.want {
				t.Errorf("got  %+v\nwant %+v", got, tt.want)
			}
		})
	}
}

// The fullest of all clusters are those that sorting all nodes has first.
func TestFullest(t *testing.T) {
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	var all []podcount.Node
	var source clusters
	for c := range 7 {
		var nodes []podcount.Node
		for i := range random.IntN(40) {
			n := node(fmt.Sprintf("node-%d-%d", c, i), random.IntN(120), 110)
			n.HasAllocatable = random.IntN(5) > 0
			nodes = append(nodes, n)
		}
		state := store.Fresh
		if c == 3 {
			state = store.Withdrawn // of which nothing is shown
		} else {
			all = append(all, nodes...)
		}
		source = append(source, in(fmt.Sprint(c), state, nodes...))
	}
	all = slices.DeleteFunc(all, func(n podcount.Node) bool { return !n.HasAllocatable })
	slices.SortFunc(all, fullestFirst)
	var want, got []string
	for _, n := range all[:min(len(all), fullestShown)] {
		want = append(want, n.Name)
	}
	for _, row := range fullest(source) {
		got = append(got, row.Name)
	}
	if !slices.Equal(got, want) {
		t.Errorf("seed %d: got %v\nwant %v", seed, got, want)
	}
}

func TestHistogram(t *testing.T) {
	h := histogramOf([]podcount.Node{
		node("a", 0, 100), node("b", 9, 100), node("c", 10, 100), node("d", 89, 100), node("e", 90, 100), node("f", 99, 100),
		node("g", 100, 100), node("h", 500, 100), node("i", 0, 0), {Name: "j", ActivePods: 5},
	})
	var got []string
	for _, c := range h.Columns {
		got = append(got, c.Count)
	}
	if want := []string{"2", "1", "0", "0", "0", "0", "0", "0", "1", "2", "3"}; !slices.Equal(got, want) || !h.Known || h.Unknown != "1 node" {
		t.Errorf("columns %v, want %v; %+v", got, want, h)
	}
	if high, none := h.Columns[10], h.Columns[2]; high.Height != 100 || high.Y != 0 || none.Height != 0 || high.Level != "full" || h.Columns[9].Level != "high" {
		t.Errorf("%+v, %+v", high, none)
	}
	if h := histogramOf([]podcount.Node{{Name: "j"}}); h.Known || h.Unknown != "1 node" {
		t.Errorf("of what nobody knows: %+v", h)
	}
}

func TestFullestOf(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{0, 1, 2, 3, 10, 99, 1000} {
		nodes := make([]podcount.Node, n)
		for i := range nodes {
			nodes[i] = podcount.Node{Name: fmt.Sprint("n", i), ActivePods: random.IntN(20), AllocatablePods: 10, HasAllocatable: random.IntN(5) > 0}
		}
		sorted := slices.SortedFunc(slices.Values(nodes), fullestFirst)
		for _, first := range []int{1, 2, 3, 7, 50, 500, n - 1, n} {
			if first = min(first, n); first < 0 {
				continue
			}
			var got []podcount.Node
			for _, node := range fullestOf(matching(nodes, ""), first) {
				got = append(got, *node)
			}
			if !slices.Equal(got, sorted[:first]) {
				t.Errorf("the %d fullest of %d nodes are\n%v, want\n%v", first, n, got, sorted[:first])
			}
		}
	}
}

// A document shows 200 nodes, and makes no copy of those that it does not show.
func TestNodesAreNotCopied(t *testing.T) {
	allocated := func(nodes int) uint64 {
		all := make([]podcount.Node, nodes)
		for i := range all {
			all[i] = podcount.Node{Name: fmt.Sprintf("node-%06d", i), ActivePods: i % 110, AllocatablePods: 110, HasAllocatable: true}
		}
		c := Cluster{View: store.View{State: store.Fresh, Success: true, Snapshot: &podcount.Snapshot{Nodes: all}}}
		p := newPage(t, nil)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		d := p.cluster(c, url.Values{"filter": {"node"}})
		runtime.ReadMemStats(&after)
		if len(d.Nodes) != nodesAtOnce {
			t.Fatalf("%d nodes are shown", len(d.Nodes))
		}
		return after.TotalAlloc - before.TotalAlloc
	}
	const more = 50_000
	if each := (allocated(nodesAtOnce+more) - allocated(nodesAtOnce)) / more; each > 16 {
		t.Errorf("each node that is not shown takes %d bytes, want those of a pointer", each)
	}
}
