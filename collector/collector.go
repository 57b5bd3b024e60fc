// Package collector is the Prometheus side: it keeps the last complete snapshot
// of every cluster, has it counted anew when it is stale, and serves it to
// scrapes together with what is to be known of the counting itself.
package collector

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/go-kit/log"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
)

// Counter counts one cluster; *podcount.Counter does.
type Counter interface {
	Count(context.Context, podcount.Observer) (*podcount.Snapshot, error)
}

var _ Counter = (*podcount.Counter)(nil)

// Collector holds the clusters of one process.
type Collector struct {
	ctx       context.Context // the process's: counts outlive the scrape that began them
	logger    log.Logger
	opts      Options
	metrics   *metrics
	gate      *gate
	responder *responder
	reserve   reserve
	counts    sync.WaitGroup
	config    configState

	mu       sync.Mutex
	clusters map[string]*cluster
}

// New returns a Collector without clusters. Counts run until ctx is cancelled.
func New(ctx context.Context, logger log.Logger, opts Options) *Collector {
	return &Collector{
		ctx: ctx, logger: logger, opts: opts, metrics: newMetrics(), gate: newGate(opts.Concurrency),
		responder: newResponder(opts.MaxRequests),
		clusters:  make(map[string]*cluster),
	}
}

// Gate returns a new cluster's way to a place among those in which answers are
// read. One for each Counter.
func (c *Collector) Gate() podcount.Gate { return &clusterGate{gate: c.gate, class: unknownClass} }

// Warm begins a count of every cluster that needs one, and waits for none: the
// first scrape then finds numbers, and a cluster that cannot be reached is
// logged as soon as the process runs.
func (c *Collector) Warm() {
	for _, one := range c.sorted() {
		one.cache.refresh()
	}
}

// Wait returns when no count is running any more. Cancel the context first.
func (c *Collector) Wait() { c.counts.Wait() }

func (c *Collector) sorted() []*cluster {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := make([]*cluster, 0, len(c.clusters))
	for _, one := range c.clusters {
		all = append(all, one)
	}
	slices.SortFunc(all, func(a, b *cluster) int { return strings.Compare(a.name, b.name) })
	return all
}

// find returns the cluster of that name, or nil.
func (c *Collector) find(name string) *cluster {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.clusters[name]
}
