// Package collector serves the metrics of every cluster and of the process, the JSON
// API, the status page and the clusters as targets for Prometheus, and writes the log
// of the counts. It reads the clusters from a store.Store.
package collector

import (
	"context"

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
}

// New returns a Collector of a Store without clusters. Counts run until ctx is
// cancelled.
func New(ctx context.Context, logger log.Logger, opts Options) *Collector {
	c := &Collector{logger: logger, opts: opts, metrics: newMetrics(), responder: newResponder(opts.MaxRequests)}
	c.Store = store.New(ctx, opts.Options, recorders{c})
	return c
}

// recorders makes the recorder of each cluster of the Store.
type recorders struct{ *Collector }

// Observe returns a new recorder.
func (c recorders) Observe(cluster string) store.Observer {
	return newRecorder(c.logger, cluster, c.metrics.forCluster(cluster, c.opts.Watch), page.NewRecorder(c.now))
}

// recorderOf returns the recorder of the cluster that the view is of.
func recorderOf(v store.View) *recorder {
	own, _ := v.Observer.(*recorder) // Observe makes no others
	return own
}

// view returns what is to be shown of the cluster that has a name now: a request may wait for
// one while a reload takes it away, or gives its name to another server.
func (c *Collector) view(name string) (v store.View, there bool) {
	if one := c.Store.Find(name); one != nil {
		return one.View(), true
	}
	return store.View{}, false
}
