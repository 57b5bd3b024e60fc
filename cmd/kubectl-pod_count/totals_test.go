package main

import (
	"math"
	"testing"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
)

// TestSumSaturates adds up clusters that say the greatest number there is.
func TestSumSaturates(t *testing.T) {
	boundless := func() *result {
		return &result{snapshot: &podcount.Snapshot{Nodes: []podcount.Node{
			{Name: "a", ActivePods: 2, AllocatablePods: math.MaxInt64, HasAllocatable: true},
		}}}
	}
	sum := sumOf([]*result{boundless(), boundless()})
	if sum.allocatable == nil || *sum.allocatable != math.MaxInt64 || sum.free == nil || *sum.free != math.MaxInt64-4 {
		t.Errorf("they can take %v, of which %v are free", sum.allocatable, sum.free)
	}
}
