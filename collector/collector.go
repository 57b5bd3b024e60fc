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
	"github.com/prometheus/client_golang/prometheus"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
)

// Counter counts one cluster; *podcount.Counter does.
type Counter interface {
	Count(context.Context, podcount.Observer) (*podcount.Snapshot, error)
}

var _ Counter = (*podcount.Counter)(nil)

// Collector holds the clusters of one process.
type Collector struct {
	ctx     context.Context // the process's: counts outlive the scrape that began them
	logger  log.Logger
	opts    Options
	metrics *metrics
	counts  sync.WaitGroup

	mu       sync.Mutex
	clusters map[string]*cluster
}

// New returns a Collector without clusters. Counts run until ctx is cancelled.
func New(ctx context.Context, logger log.Logger, opts Options) *Collector {
	return &Collector{ctx: ctx, logger: logger, opts: opts, metrics: newMetrics(), clusters: make(map[string]*cluster)}
}

// Add makes a cluster known under a name, which becomes its label. Nothing is
// asked of it before Warm or the first scrape.
func (c *Collector) Add(name string, counter Counter) {
	own := c.metrics.forCluster(name)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.clusters[name] = &cluster{
		name:    name,
		metrics: own,
		cache: &cache{
			ctx: c.ctx, opts: c.opts, counter: counter, running: &c.counts,
			journal: newJournal(c.logger, name, own),
		},
	}
}

// Warm begins a count of every cluster that needs one, and waits for none: the
// first scrape then finds numbers, and a cluster that cannot be reached is
// logged as soon as the process runs.
func (c *Collector) Warm() {
	for _, one := range c.sorted() {
		one.cache.renew()
	}
}

// Wait returns when no count is running any more. Cancel the context first.
func (c *Collector) Wait() { c.counts.Wait() }

// cluster is one cluster with everything that is served of it.
type cluster struct {
	name    string
	metrics *clusterMetrics
	cache   *cache
}

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

// scrape is the prometheus.Collector of one request: it waits no longer than
// the request's context for snapshots that are being counted.
type scrape struct {
	ctx       context.Context
	collector *Collector
}

// Describe sends every description that Collect may use.
func (s scrape) Describe(ch chan<- *prometheus.Desc) { s.collector.metrics.describe(ch) }

// Collect asks all clusters at once, so that a slow one delays no other.
func (s scrape) Collect(ch chan<- prometheus.Metric) {
	var all sync.WaitGroup
	for _, one := range s.collector.sorted() {
		all.Go(func() {
			state := one.cache.get(s.ctx)
			one.metrics.collect(ch, state)
		})
	}
	all.Wait()
}
