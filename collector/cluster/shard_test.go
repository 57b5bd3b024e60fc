package cluster_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/kube-node-manager/pod_count_exporter/collector/cluster"
)

func TestParseShard(t *testing.T) {
	tests := []struct {
		name, text, podName string
		want                cluster.Shard
		fails               string
	}{
		{name: "none", want: cluster.Shard{Count: 1}},
		{name: "the only one", text: "0/1", want: cluster.Shard{Count: 1}},
		{name: "the last of three", text: "2/3", want: cluster.Shard{Index: 2, Count: 3}},
		{name: "a pod of a StatefulSet", text: "auto/3", podName: "pod-count-exporter-2", want: cluster.Shard{Index: 2, Count: 3}},
		{name: "an ordinal of two digits", text: "auto/20", podName: "e-10", want: cluster.Shard{Index: 10, Count: 20}},
		{name: "a number alone", text: "3", fails: "INDEX/COUNT"},
		{name: "past the last", text: "3/3", fails: "the index must be a whole number from 0 to 2"},
		{name: "below the first", text: "-1/3", fails: "the index"},
		{name: "no index", text: "/3", fails: "the index"},
		{name: "no count", text: "0/", fails: "the count"},
		{name: "words", text: "one/three", fails: "the count"},
		{name: "more than anybody needs", text: "0/1001", fails: "from 1 to 1000"},
		{name: "not even a number's size", text: "0/99999999999999999999", fails: "the count"},
		{name: "a replica too many", text: "auto/3", podName: "e-3", fails: `POD_NAME="e-3" must be a whole number from 0 to 2`},
		{name: "a pod of a Deployment", text: "auto/3", podName: "e-7d9f8b6c5-x2x9p", fails: "the ordinal at the end of POD_NAME"},
		{name: "no pod", text: "auto/3", fails: `POD_NAME=""`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := cluster.ParseShard(tt.text, tt.podName)
			if tt.fails == "" && (err != nil || got != tt.want) {
				t.Errorf("got %+v, %v; want %+v", got, err, tt.want)
			}
			if tt.fails != "" && (err == nil || !strings.Contains(err.Error(), tt.fails)) {
				t.Errorf("got %+v, %v; want an error with %q", got, err, tt.fails)
			}
		})
	}
}

// owner is the shard of count that owns name; there must be exactly one.
func owner(t *testing.T, name string, count int) int {
	t.Helper()
	owner := -1
	for i := range count {
		if !(cluster.Shard{Index: i, Count: count}).Owns(name) {
			continue
		}
		if owner >= 0 {
			t.Fatalf("of %d shards, %d and %d own %s", count, owner, i, name)
		}
		owner = i
	}
	if owner < 0 {
		t.Fatalf("none of %d shards owns %s", count, name)
	}
	return owner
}

// TestShardsShareAlike shares 2,000 clusters among more and more replicas: a new one
// takes its part, every other keeps what it does not give, and all have about the
// same number. The bounds are four standard deviations of a fair draw.
func TestShardsShareAlike(t *testing.T) {
	const clusters = 2000
	before := make([]int, clusters)
	for count := 2; count <= 12; count++ {
		sizes, moved := make([]int, count), 0
		for i := range before {
			is := owner(t, fmt.Sprintf("team-%d-production", i), count)
			sizes[is]++
			if is == before[i] {
				continue
			}
			moved++
			if is != count-1 {
				t.Fatalf("with %d shards, cluster %d moves from %d to %d, which is not the new one", count, i, before[i], is)
			}
			before[i] = is
		}
		fair := float64(clusters) / float64(count)
		for shard, size := range append(sizes, moved) {
			if off := float64(size) - fair; off*off > 16*fair {
				t.Errorf("shard %d of %d has %d clusters (the last figure: moved), far from %.0f", shard, count, size, fair)
			}
		}
	}
}

// The owners are a contract between replicas of different versions: during an update
// no cluster may be left uncounted.
func TestShardOwnersStay(t *testing.T) {
	var owners []int
	for _, name := range []string{"in-cluster", "jobsscz-k8s-cluster", "production", "staging", "Ünïcode"} {
		owners = append(owners, owner(t, name, 5))
	}
	if got, want := fmt.Sprint(owners), "[4 1 1 4 3]"; got != want {
		t.Errorf("owners %s, want %s", got, want)
	}
}
