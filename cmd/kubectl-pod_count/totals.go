package main

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
)

// totals are the sums of one cluster, or of all. What is not known is nil.
type totals struct {
	name        string
	nodes       *int
	active      *int
	allocatable *int64 // of the nodes that say it
	full        *int   // percent, of the same
	free        *int64 // likewise
	unscheduled *int
	unknownNode *int // pods on nodes that do not exist
	snapshot    *podcount.Snapshot
}

func totalsOf(r *result) totals {
	t := totals{name: r.name, snapshot: r.snapshot}
	s := r.snapshot
	if s == nil {
		return t
	}
	nodes, active := len(s.Nodes), s.ActivePods()
	t.nodes, t.active = &nodes, &active
	if !s.Selected {
		t.unscheduled = &s.UnscheduledPods
	}
	if s.KnowsUnknownNodes() {
		t.unknownNode = &s.UnknownNodePods
	}
	if sum, known := s.AllocatablePods(); known {
		t.take(sum, s.AllocatedPods())
	}
	return t
}

// take notes what nodes can take, and how much of that active pods are.
func (t *totals) take(allocatable int64, active int) {
	free := allocatable - int64(active)
	t.allocatable, t.free = &allocatable, &free
	if allocatable > 0 {
		full := wholePercent(active, allocatable)
		t.full = &full
	}
}

// sumOf adds up the clusters that were counted, and says of how many it is when
// some were not. What is not known of one of them is not known of their sum.
func sumOf(results []*result) totals {
	sum := totals{name: "total"}
	counted := slices.DeleteFunc(slices.Clone(results), func(r *result) bool { return r.snapshot == nil })
	if len(counted) < len(results) {
		sum.name = fmt.Sprintf("%d of %d clusters", len(counted), len(results))
	}
	active, allocatable, known, some := 0, int64(0), true, false
	for i, r := range counted {
		t := totalsOf(r)
		for _, one := range []struct{ to, from **int }{
			{&sum.nodes, &t.nodes}, {&sum.active, &t.active}, {&sum.unscheduled, &t.unscheduled}, {&sum.unknownNode, &t.unknownNode},
		} {
			*one.to = added(*one.to, *one.from, i == 0)
		}
		switch {
		case len(r.snapshot.Nodes) == 0 && !r.snapshot.NodesForbidden: // has nothing to add
		case t.allocatable == nil:
			known = false
		default:
			some, allocatable, active = true, allocatable+min(*t.allocatable, math.MaxInt64-allocatable), active+r.snapshot.AllocatedPods()
		}
	}
	if known && some {
		sum.take(allocatable, active)
	}
	return sum
}

func added(sum, more *int, first bool) *int {
	if first {
		return more
	}
	if sum == nil || more == nil {
		return nil
	}
	both := *sum + *more
	return &both
}

// clusterColumn is the first one where there are several clusters, and of the totals.
const clusterColumn = 0

// totalsTable has a line for each cluster, and their sum if there are several.
func (o *options) totalsTable(results []*result) *table {
	head := []cell{left("CLUSTER"), right("NODES"), right("ACTIVE"), right("ALLOCATABLE"), right("FREE"), right("USED"), right("UNSCHEDULED"), right("UNKNOWN NODE")}
	wide := o.output == asWide
	if wide {
		head = append(head, right("PAGES"), right("BYTES"), right("DURATION"), left("CONSISTENT"), left("RESOURCE VERSION"))
	}
	t := &table{head: head}
	all := make([]totals, 0, len(results)+1)
	for _, r := range results {
		all = append(all, totalsOf(r))
	}
	if len(results) > 1 {
		all = append(all, sumOf(results))
	}
	for _, one := range all {
		line := []cell{
			left(one.name), number(one.nodes), number(one.active), number(one.allocatable), number(one.free), percentCell(one.full),
			number(one.unscheduled), number(one.unknownNode),
		}
		if wide {
			line = append(line, howCounted(one.snapshot)...)
		}
		t.add(line...)
	}
	return t
}

// howCounted are the cells that wide has besides.
func howCounted(s *podcount.Snapshot) []cell {
	if s == nil {
		return []cell{right(unknown), right(unknown), right(unknown), left(unknown), left(unknown)}
	}
	version := s.ResourceVersion
	if version == "" {
		version = unknown
	}
	consistent := "no"
	if s.Consistent {
		consistent = "yes"
	}
	return []cell{
		right(fmt.Sprint(s.Pages)), right(fmt.Sprint(s.Bytes)), right(s.Duration.Round(time.Millisecond).String()), left(consistent), left(version),
	}
}
