// Package collector serves the metrics of every cluster and of the process, the JSON
// API, the status page and the clusters as targets for Prometheus, and writes the log
// of the counts. It reads the clusters from a store.Store.
package collector

import (
	"context"
	"sync"

	"github.com/go-kit/log"

	"github.com/kube-node-manager/pod_count_exporter/collector/page"
	"github.com/kube-node-manager/pod_count_exporter/collector/store"
)

// Collector serves the clusters of one process.
type Collector struct {
	// Store has the clusters.
	Store *store.Store

	logger    log.Logger
	opts      Options
	metrics   *metrics
	responder *responder
	reserve   reserve
	config    configState

	mu        sync.Mutex
	recorders map[string]*recorder
}

// New returns a Collector of a Store without clusters. Counts run until ctx is
// cancelled.
func New(ctx context.Context, logger log.Logger, opts Options) *Collector {
	c := &Collector{
		logger: logger, opts: opts, metrics: newMetrics(), responder: newResponder(opts.MaxRequests),
		recorders: make(map[string]*recorder),
	}
	c.Store = store.New(ctx, opts.Options, recorders{c})
	return c
}

// recorders keeps the recorder of each cluster of the Store.
type recorders struct{ *Collector }

// Observe returns a new recorder.
func (c recorders) Observe(cluster string) store.Observer {
	c.mu.Lock()
	defer c.mu.Unlock()
	own := newRecorder(c.logger, cluster, c.metrics.forCluster(cluster, c.opts.Watch), page.NewRecorder(c.now))
	c.recorders[cluster] = own
	return own
}

// Forget drops the recorder, and with it the series.
func (c recorders) Forget(cluster string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.recorders, cluster)
}

// recorder returns the recorder of a cluster, or nil when the cluster is gone.
func (c *Collector) recorder(cluster string) *recorder {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.recorders[cluster]
}
