package main

import (
	"testing"

	"github.com/kube-node-manager/pod_count_exporter/collector/cluster"
)

func TestLanes(t *testing.T) {
	one := cluster.Cluster{Name: "one", Login: "first"}
	rotated := cluster.Cluster{Name: "one", Login: "second"}
	other := cluster.Cluster{Name: "other", Login: "first"}
	all := make(lanes)
	first := all.of(one)
	if all.of(one) != first || all.of(rotated) == first || all.of(other) == first {
		t.Error("a lane is one cluster's and one user entry's, and stays the same")
	}
	first <- struct{}{} // left behind
	all.keep([]cluster.Cluster{rotated})
	if len(all) != 2 || all.of(one) != first {
		t.Errorf("%d lanes after a reload, want that of the cluster and the one where something hangs", len(all))
	}
	<-first
	if all.keep(nil); len(all) != 0 {
		t.Errorf("%d lanes without clusters and without anything left behind, want none", len(all))
	}
}
