package podcount

import (
	"math"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func TestAllocatablePods(t *testing.T) {
	holds := func(pods ...int64) (nodes []Node) {
		for _, n := range pods {
			nodes = append(nodes, Node{AllocatablePods: n, HasAllocatable: true})
		}
		return nodes
	}
	for _, tt := range []struct {
		name  string
		nodes []Node
		sum   int64
		known bool
	}{
		{"no nodes", nil, 0, false},
		{"none has reported", []Node{{}, {AllocatablePods: 7}}, 0, false},
		{"one reports 0", holds(0), 0, true},
		{"some have reported", append(holds(110, 250), Node{AllocatablePods: 7}), 360, true},
		{"the largest sum", holds(math.MaxInt64-1, 1), math.MaxInt64, true},
		{"a larger sum", holds(math.MaxInt64-1, 2), math.MaxInt64, true},
		{"two of the largest", holds(math.MaxInt64, math.MaxInt64), math.MaxInt64, true},
		{"more after the largest", holds(math.MaxInt64, 1, math.MaxInt64, 0), math.MaxInt64, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if sum, known := (&Snapshot{Nodes: tt.nodes}).AllocatablePods(); sum != tt.sum || known != tt.known {
				t.Errorf("got %d, %t; want %d, %t", sum, known, tt.sum, tt.known)
			}
		})
	}
}

// wantAllocatable fails the test unless all nodes, or none, say what they can hold.
func wantAllocatable(t *testing.T, s *Snapshot, all bool) {
	t.Helper()
	if s == nil || len(s.Nodes) == 0 {
		t.Fatalf("the snapshot is %+v, want one with nodes", s)
	}
	for _, node := range s.Nodes {
		if node.HasAllocatable != all || node.AllocatablePods > 0 != all {
			t.Errorf("node %s: allocatable pods %d, %t; want some: %t", node.Name, node.AllocatablePods, node.HasAllocatable, all)
		}
	}
}

// TestAllocatableNeedsAllPods leaves the allocatable pods of the nodes out when only
// the pods of some namespaces are counted: the share would be wrong.
func TestAllocatableNeedsAllPods(t *testing.T) {
	for _, tt := range []struct {
		name       string
		namespaces []string
		all        bool
	}{{"all pods", nil, true}, {"one namespace", []string{"x"}, false}} {
		t.Run(tt.name+" are listed", func(t *testing.T) {
			script := newScript(t, podPage("", "a", "joined"))
			script.nodes = []step{nodePage("", "a", "b"), nodePage("", "joined")}
			snapshot, err := countOnce(t.Context(), script.counter(func(cfg *Config) { cfg.Namespaces = tt.namespaces }), &recorder{})
			must(t, err)
			wantAllocatable(t, snapshot, tt.all)
		})
		t.Run(tt.name+" are followed", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				api := newFakeAPI(7)
				api.do(func() { api.set(true, "n1", &fakePod{}); api.set(false, "new", &fakePod{node: "n1"}) })
				cfg := DefaultConfig()
				cfg.Namespaces = tt.namespaces
				w := &watching{t: t, api: api, seen: &coverage{}}
				stop := counting(t, newWatcher(t, cfg, api, DefaultWatchConfig()), w, w.keep)
				defer stop()
				for _, joins := range []string{"", "n7"} {
					if joins != "" {
						api.do(func() { api.set(true, joins, &fakePod{}) })
					}
					time.Sleep(10 * time.Minute) // the nodes are listed again
					w.mu.Lock()
					last := w.last
					w.mu.Unlock()
					wantAllocatable(t, last, tt.all)
					shown := func(node Node) bool { return node.Name == joins }
					if last.Mode != ModeWatch || last.Interrupted != nil || joins != "" && !slices.ContainsFunc(last.Nodes, shown) {
						t.Errorf("the snapshot is %+v, want one of a cluster that is followed, with the node %q", last, joins)
					}
				}
			})
		})
	}
}

// TestConsistent says when all pages are known to show one moment.
func TestConsistent(t *testing.T) {
	for _, tt := range []struct {
		name     string
		versions []string
		want     bool
	}{
		{"one page", []string{"8"}, true},
		{"one page without a resourceVersion", []string{""}, false},
		{"one page at 0, which names no moment", []string{"0"}, false},
		{"all the same", []string{"8", "8", "8"}, true},
		{"another one in the middle", []string{"8", "9", "8"}, false},
		{"another one at the end", []string{"8", "8", "9"}, false},
		{"none on any page", []string{"", "", ""}, false},
		{"0 on every page", []string{"0", "0"}, false},
		{"none on the first page", []string{"", "8", "8"}, false},
		{"none in the middle", []string{"8", "", "8"}, false},
		{"none on the last page", []string{"8", "8", ""}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var pages []step
			for i, version := range tt.versions {
				next := "t" + version + string(rune('a'+i))
				if i == len(tt.versions)-1 {
					next = ""
				}
				pages = append(pages, podPageAt(version, next, "a"))
			}
			script := newScript(t, pages...)
			snapshot, err := countOnce(t.Context(), script.counter(nil), &recorder{})
			must(t, err)
			if snapshot.Consistent != tt.want || snapshot.ResourceVersion != tt.versions[len(tt.versions)-1] {
				t.Errorf("consistent %t at %q, want %t", snapshot.Consistent, snapshot.ResourceVersion, tt.want)
			}
		})
	}
}
