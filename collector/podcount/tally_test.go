package podcount

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
)

// TestNamesTake has each limit just reached, and just exceeded. A name that is refused
// takes nothing.
func TestNamesTake(t *testing.T) {
	const room = 1 << 30
	echoed := func(name string) bool { return name == "secret" }
	for _, tt := range []struct {
		name   string
		before names
		memory int64 // of the process
		taken  string
		want   error
	}{
		{"the first", names{}, room, "n", nil},
		{"the longest", names{}, room, strings.Repeat("n", 253), nil},
		{"of letters that are not ASCII", names{}, room, "n\u00f6de", nil},
		{"not to be printed", names{}, room, "n\u202e", errOddName},
		{"the last that fits", names{count: 199_999}, room, "n", nil},
		{"one too many", names{count: 200_000}, room, "n", errManyNames},
		{"the last byte that fits", names{bytes: 16<<20 - 4}, room, "node", nil},
		{"a byte too many", names{bytes: 16<<20 - 3}, room, "node", errNameBytes},
		{"a credential", names{}, room, "secret", errEchoed},
		{"no room in the process", names{}, 0, "n", errNoRoom},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := newAccount(NewBudget(tt.memory)).open()
			n, used := tt.before, l.used
			n.ledger = l
			if err := n.take(tt.taken, echoed); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			count, bytes := tt.before.count, tt.before.bytes
			if tt.want == nil {
				count, bytes, used = count+1, bytes+len(tt.taken), used+256+2*int64(len(tt.taken))
			}
			if n.count != count || n.bytes != bytes || l.used != used {
				t.Errorf("it accounts for %d names, %d bytes, %d of memory; want %d, %d, %d", n.count, n.bytes, l.used, count, bytes, used)
			}
		})
	}
}

// TestCost compares what names are accounted for with the memory that a count takes for
// them, and its snapshot.
func TestCost(t *testing.T) {
	for _, nodes := range []int{100, 1000, 1900, 30_000} {
		for _, length := range []int{10, 40, maxNodeName} {
			var kept []any
			l, counts := newAccount(nil).open(), max(1, 30_000/nodes)
			before := heldBytes()
			for range counts {
				run := &count{known: newNodeSet(l), tally: newTally(l)}
				for i := range nodes {
					name := fmt.Appendf(nil, "%0*d", length, i)
					must(t, run.known.add(Node{Name: string(name), AllocatablePods: 110, HasAllocatable: true}, nil))
					must(t, run.tally.add(name, nil))
					if (i+1)%DefaultPageSize == 0 || i+1 == nodes {
						run.known.commit()
						run.tally.commit()
					}
				}
				kept = append(kept, run, run.sortedNodes(false))
			}
			held := heldBytes() - before
			if held*3/2 > l.used || l.used > 3*held {
				all := int64(nodes * counts)
				t.Errorf("%d nodes with names of %d bytes take %d bytes each, and %d are accounted for", nodes, length, held/all, l.used/all)
			}
			runtime.KeepAlive(kept)
		}
	}
}

const (
	manyNames = 2000
	nameBytes = 200 // of each
)

// longNames returns names; those of one series differ from those of another.
func longNames(series int) []string {
	all := make([]string, manyNames)
	for i := range all {
		all[i] = fmt.Sprintf("%0*d", nameBytes, series*manyNames+i)
	}
	return all
}

func addPods(t *testing.T, to *tally, series int) {
	t.Helper()
	for _, name := range longNames(series) {
		must(t, to.add([]byte(name), nil))
	}
}

func addNodes(t *testing.T, to *nodeSet, series int) {
	t.Helper()
	for _, name := range longNames(series) {
		must(t, to.add(Node{Name: name}, nil))
	}
}

// TestNamesAreGivenBack shows that the memory of names is free for other clusters as
// soon as the names are forgotten.
func TestNamesAreGivenBack(t *testing.T) {
	for _, tt := range []struct {
		name string
		do   func(t *testing.T, l *ledger)
		left int // names, in thousands of two
	}{
		{"pods of a complete page", func(t *testing.T, l *ledger) {
			pods := newTally(l)
			addPods(t, pods, 0)
			pods.commit()
		}, 1},
		{"pods of a failed page", func(t *testing.T, l *ledger) {
			pods := newTally(l)
			addPods(t, pods, 0)
			pods.discard()
		}, 0},
		{"pods of a page that failed after a complete one", func(t *testing.T, l *ledger) {
			pods := newTally(l)
			addPods(t, pods, 0)
			pods.commit()
			addPods(t, pods, 0)
			addPods(t, pods, 1)
			pods.discard()
		}, 1},
		{"pods of a page that failed and then came", func(t *testing.T, l *ledger) {
			pods := newTally(l)
			addPods(t, pods, 0)
			pods.discard()
			addPods(t, pods, 0)
			pods.commit()
		}, 1},
		{"pods that are dropped", func(t *testing.T, l *ledger) {
			pods := newTally(l)
			addPods(t, pods, 0)
			pods.commit()
			pods.drop()
		}, 0},
		{"pods of two namespaces on the same nodes", func(t *testing.T, l *ledger) {
			pods := newTally(l)
			for range 2 {
				addPods(t, pods, 0)
				pods.commit()
				pods.complete()
			}
		}, 1},
		{"pods of two namespaces on other nodes", func(t *testing.T, l *ledger) {
			pods := newTally(l)
			for series := range 2 {
				addPods(t, pods, series)
				pods.commit()
				pods.complete()
			}
		}, 2},
		{"pods of a walk that starts afresh", func(t *testing.T, l *ledger) {
			pods := newTally(l)
			addPods(t, pods, 0)
			pods.commit()
			pods.restart()
		}, 0},
		{"pods of a second namespace that starts afresh", func(t *testing.T, l *ledger) {
			pods := newTally(l)
			addPods(t, pods, 0)
			pods.commit()
			pods.complete()
			addPods(t, pods, 0)
			addPods(t, pods, 1)
			pods.commit()
			pods.restart()
		}, 1},
		{"nodes of a complete page", func(t *testing.T, l *ledger) {
			nodes := newNodeSet(l)
			addNodes(t, nodes, 0)
			nodes.commit()
		}, 1},
		{"nodes of a failed page", func(t *testing.T, l *ledger) {
			nodes := newNodeSet(l)
			addNodes(t, nodes, 0)
			nodes.discard()
		}, 0},
		{"nodes of a page that failed after a complete one", func(t *testing.T, l *ledger) {
			nodes := newNodeSet(l)
			addNodes(t, nodes, 0)
			nodes.commit()
			addNodes(t, nodes, 1)
			nodes.discard()
		}, 1},
		{"nodes that come twice", func(t *testing.T, l *ledger) {
			nodes := newNodeSet(l)
			for range 2 {
				addNodes(t, nodes, 0)
				nodes.commit()
			}
		}, 1},
		{"nodes of a walk that starts afresh", func(t *testing.T, l *ledger) {
			nodes := newNodeSet(l)
			addNodes(t, nodes, 0)
			nodes.commit()
			addNodes(t, nodes, 1)
			nodes.restart()
		}, 0},
		{"nodes that are dropped", func(t *testing.T, l *ledger) {
			nodes := newNodeSet(l)
			addNodes(t, nodes, 0)
			nodes.commit()
			nodes.drop()
		}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			budget := NewBudget(64 << 20)
			whole := budget.free
			a := newAccount(budget)
			l := a.open()
			tt.do(t, l)
			want := cost(tt.left*manyNames, tt.left*manyNames*nameBytes)
			if l.used != want {
				t.Errorf("the count takes %d bytes, want %d", l.used, want)
			}
			steps := (want + stepBytes - 1) / stepBytes
			if free := whole - steps*stepBytes; budget.free != free {
				t.Errorf("%d bytes are free, want %d", budget.free, free)
			}
			if a.held == nil || *a.held != whole-budget.free {
				t.Errorf("the account holds %d bytes, want %d", *a.held, whole-budget.free)
			}
		})
	}
}

// TestFailedPageLeavesNoTrace discards a page with known names, new ones and none.
func TestFailedPageLeavesNoTrace(t *testing.T) {
	pods := newTally(newAccount(nil).open())
	add := func(nodes ...string) {
		for _, node := range nodes {
			must(t, pods.add([]byte(node), nil))
		}
	}
	add("a", "a", "b")
	if rows := pods.commit(); rows != 3 {
		t.Errorf("%d rows, want 3", rows)
	}
	add("a", "c", "", "c")
	pods.discard()
	if want := map[string]int{"": 0, "a": 1, "b": 2}; !maps.Equal(pods.index, want) {
		t.Errorf("names %v, want %v", pods.index, want)
	}
	if pods.count != 2 || pods.bytes != 2 {
		t.Errorf("%d names of %d bytes are accounted for, want 2 of 2", pods.count, pods.bytes)
	}
	add("d", "", "c", "a")
	if rows := pods.commit(); rows != 4 {
		t.Errorf("%d rows, want 4", rows)
	}
	got := make(map[string]int)
	for i, name := range pods.list {
		got[name] = pods.total[i]
	}
	if want := map[string]int{"": 1, "a": 3, "b": 1, "c": 1, "d": 1}; !maps.Equal(got, want) || pods.unscheduled() != 1 {
		t.Errorf("counted %v and %d without a node, want %v and 1", got, pods.unscheduled(), want)
	}

	nodes := newNodeSet(newAccount(nil).open())
	must(t, nodes.add(Node{Name: "a"}, nil))
	nodes.commit()
	must(t, nodes.add(Node{Name: "b"}, nil))
	nodes.discard()
	if rows := nodes.commit(); rows != 0 || len(nodes.nodes) != 1 || nodes.count != 1 || nodes.bytes != 1 {
		t.Errorf("%d rows, %d nodes, %d names of %d bytes; want 0, 1, 1 of 1", rows, len(nodes.nodes), nodes.count, nodes.bytes)
	}
}

// TestRestartForgetsOneWalk starts the second of two walks afresh, amid its second page.
func TestRestartForgetsOneWalk(t *testing.T) {
	pods := newTally(newAccount(nil).open())
	add := func(nodes ...string) {
		for _, node := range nodes {
			must(t, pods.add([]byte(node), nil))
		}
	}
	check := func(want map[string]int) {
		t.Helper()
		got := make(map[string]int)
		for i, name := range pods.list {
			got[name] = pods.total[i]
		}
		if !maps.Equal(got, want) || len(pods.index) != len(want) {
			t.Errorf("counted %v, want %v", got, want)
		}
	}
	add("a", "b", "")
	pods.commit()
	pods.complete()
	add("b", "c", "")
	pods.commit()
	add("a", "d", "")
	pods.restart()
	check(map[string]int{"": 1, "a": 1, "b": 1})
	add("c", "a", "")
	pods.commit()
	check(map[string]int{"": 2, "a": 2, "b": 1, "c": 1})
	pods.complete()
	pods.restart()
	check(map[string]int{"": 2, "a": 2, "b": 1, "c": 1})
}

// TestCountTakesWhatItsSnapshotTakes has pages fail and walks start afresh: at the end
// of the count, memory is taken for the names and the tokens of its result, and for no others.
func TestCountTakesWhatItsSnapshotTakes(t *testing.T) {
	other := []string{"o0", "o1", "o2", "o3", "o4", "o5", "o6", "o7", "o8", "o9", "o10"}
	abc := nodePage("", "a", "b", "c")
	whole := threePages()
	for _, tt := range []struct {
		name         string
		change       func(*Config)
		nodes, pods  []step
		count, bytes int // of names of nodes, and of pods' nodes
		tokens       int64
	}{
		{"no failure", nil, []step{abc}, whole, 6, 6, 2},
		{"a page of pods is cut", nil, []step{abc}, []step{whole[0], cut(podPage("t2", other...), io.ErrUnexpectedEOF), whole[1], whole[2]}, 6, 6, 2},
		{"a page of nodes is cut", nil, []step{cut(nodePage("", other...), io.ErrUnexpectedEOF), abc}, whole, 6, 6, 2},
		{"the pods start afresh", nil, []step{abc}, append([]step{podPage("t1", other...), status(410, "")}, whole...), 6, 6, 2},
		{"the nodes start afresh", nil, []step{nodePage("n1", other...), status(410, ""), abc}, whole, 6, 6, 2},
		{"the nodes are listed again", nil, []step{abc, nodePage("", other...)}, []step{podPage("", other...)}, 22, 46, 0},
		{"two namespaces", inNamespaces, []step{abc}, []step{podPage("", "a", "b"), podPage("", "a", "c")}, 6, 6, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				script := newScript(t, tt.pods...)
				script.nodes = tt.nodes
				c := script.counter(tt.change)
				script.count(c)
				if got, want := c.account.snapshot, cost(tt.count, tt.bytes)+tt.tokens*tokenCost; got != want {
					t.Errorf("the snapshot takes %d bytes, want %d", got, want)
				}
			})
		})
	}
}
