package kubesim

import (
	"slices"
	"sort"
	"time"
)

// node is what the simulation stores of a node.
type node struct {
	name        string
	allocatable int
	bits        uint64
	created     time.Time
	version     int64
}

// nodeBase has the nodes that the cluster starts with, sorted by name, and says which
// of them each active pod is on. Its memory grows with the nodes.
type nodeBase struct {
	cfg   Config
	names []string
	// starts[i] is the number of node i's first active pod; the last entry is the
	// number of pods.
	starts []int
	gone   []string
	began  time.Time
}

func newNodeBase(cfg Config, began time.Time) *nodeBase {
	b := &nodeBase{cfg: cfg, began: began}
	pools := nodePools()
	name := func(pool string, i, n int) string {
		return string(appendSuffix([]byte(pool+"-"), spread(cfg.Seed^0x40de, i, n, suffixes)))
	}
	for i := range cfg.Nodes {
		pool := pools[mix(cfg.Seed^0x9001, uint64(i))%uint64(len(pools))]
		b.names = append(b.names, name(pool, i, cfg.Nodes))
	}
	slices.Sort(b.names)
	for i := range 3 {
		b.gone = append(b.gone, name("retired", i, 3))
	}
	weights := make([]uint64, cfg.Nodes)
	order := newShuffle(cfg.Seed^0xe, cfg.Nodes)
	for i := range weights {
		if order.at(i) >= cfg.EmptyNodes {
			weights[i] = 80 + mix(cfg.Seed^0xf111, uint64(i))%36
		}
	}
	b.starts = shares(weights, cfg.Pods)
	return b
}

// Len returns the number of nodes.
func (b *nodeBase) Len() int { return len(b.names) }

// At returns the i-th node and its key, which is its name.
func (b *nodeBase) At(i int) (string, node) {
	bits := mix(b.cfg.Seed^0xb175, uint64(i))
	return b.names[i], node{
		name:        b.names[i],
		allocatable: allocatable(b.starts[i+1] - b.starts[i]),
		bits:        bits,
		created:     b.began.Add(-time.Duration(100*24*3600+bits%(300*24*3600)) * time.Second),
		version:     baseVersion - int64(bits%100000),
	}
}

// holder returns the name of the node of the active pod with a number.
func (b *nodeBase) holder(number int) string {
	return b.names[sortSearch(b.starts, number)]
}

// allocatable returns the smallest of the usual kubelet limits that is enough for
// pods.
func allocatable(pods int) int {
	for _, limit := range []int{110, 250, 500} {
		if pods <= limit {
			return limit
		}
	}
	return pods
}

// shares divides total among parts by weight and returns where each part
// begins, with total as the last entry.
func shares(weights []uint64, total int) []int {
	var sum, seen uint64
	for _, w := range weights {
		sum += w
	}
	starts := make([]int, len(weights)+1)
	for i, w := range weights {
		seen += w
		if sum > 0 {
			starts[i+1] = int(uint64(total) * seen / sum)
		}
	}
	return starts
}

// sortSearch returns the part that index i lies in, given where parts begin.
func sortSearch(starts []int, i int) int {
	return sort.Search(len(starts)-1, func(k int) bool { return starts[k+1] > i })
}
