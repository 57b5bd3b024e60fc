package main

import (
	"cmp"
	"slices"
	"strings"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
)

// row is one node, of whatever cluster.
type row struct {
	cluster string
	podcount.Node
}

// full is how full the node is: its active pods as a share of those that it can
// take. It is not known of a node that does not say that, or can take none.
func (r row) full() (share float64, known bool) {
	if !r.HasAllocatable || r.AllocatablePods <= 0 {
		return 0, false
	}
	return float64(r.ActivePods) / float64(r.AllocatablePods), true
}

// percent is full in whole percents, rounded down: 100 is full, and not nearly so.
func (r row) percent() (percent int, known bool) {
	if _, known := r.full(); !known {
		return 0, false
	}
	return wholePercent(r.ActivePods, r.AllocatablePods), true
}

func wholePercent(part int, whole int64) int {
	percent := int(float64(part) / float64(whole) * 100)
	// What a float makes of 29/100 must not be 28.
	if float64(percent+1)*float64(whole) <= float64(part)*100 {
		percent++
	}
	return percent
}

// free is how many more pods the node can take; negative when it has too many.
func (r row) free() (pods int64, known bool) {
	return r.AllocatablePods - int64(r.ActivePods), r.HasAllocatable
}

// rows are the nodes to show, in their order.
func (o *options) rows(results []*result) []row {
	var rows []row
	for _, r := range results {
		if r.snapshot == nil {
			continue
		}
		for _, node := range r.snapshot.Nodes {
			if one := (row{r.name, node}); o.shows(one) {
				rows = append(rows, one)
			}
		}
	}
	slices.SortStableFunc(rows, o.order(rows))
	return rows
}

func (o *options) shows(r row) bool {
	percent, known := r.percent()
	return o.minPercent == 0 || known && percent >= o.minPercent
}

// order compares nodes as --sort-by says. What is not known comes last, and nodes
// that are equal are in the order of clusters and names.
func (o *options) order(rows []row) func(a, b row) int {
	byNumber := func(number func(row) (float64, bool)) func(a, b row) int {
		return func(a, b row) int {
			first, known := number(a)
			second, alsoKnown := number(b)
			if known != alsoKnown {
				if known {
					return -1
				}
				return 1
			}
			return cmp.Compare(second, first)
		}
	}
	by := o.sortBy
	if by == "" {
		by = defaultOrder(rows)
	}
	var compare func(a, b row) int
	switch by {
	case byActive:
		compare = byNumber(func(r row) (float64, bool) { return float64(r.ActivePods), true })
	case byFree:
		compare = byNumber(func(r row) (float64, bool) { pods, known := r.free(); return float64(pods), known })
	case byPercent:
		compare = byNumber(row.full)
	case byName:
		compare = func(a, b row) int { return strings.Compare(a.Name, b.Name) }
	}
	return func(a, b row) int {
		return cmp.Or(compare(a, b), strings.Compare(a.cluster, b.cluster), strings.Compare(a.Name, b.Name))
	}
}

// defaultOrder is by percent, if that is known of any node.
func defaultOrder(rows []row) string {
	if slices.ContainsFunc(rows, func(r row) bool { _, known := r.percent(); return known }) {
		return byPercent
	}
	return byActive
}
