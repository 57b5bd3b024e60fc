package store

import (
	"context"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
)

// Target is a cluster to count.
type Target struct {
	Name string // unique
	// Server tells one API server from another: it changes with everything that
	// decides where a request ends up. A snapshot outlives a change of credentials,
	// but not a change of the server: it may be of another cluster.
	Server  string
	Counter Counter
}

// Counter counts one cluster; *podcount.Counter and *podcount.Watcher do. It
// publishes each snapshot that it has: one at its end, or, while it follows the
// cluster, one after the other. Each is complete. Its error says why there will be no
// more.
type Counter interface {
	Count(ctx context.Context, observer podcount.Observer, publish func(*podcount.Snapshot)) error
}

var (
	_ Counter = (*podcount.Counter)(nil)
	_ Counter = (*podcount.Watcher)(nil)
)

// Observer learns what happens to one cluster's counts. Its methods are never called
// at the same time.
type Observer interface {
	podcount.Observer
	// Ended is called for each published snapshot that is not an Update, and for each
	// count that failed. It is not called for a count that was cancelled.
	Ended(Outcome)
}

// Outcome is the result of a count.
type Outcome struct {
	Snapshot *podcount.Snapshot // nil when the count failed
	Err      error              // why; nil when the count was complete
	Shown    bool               // an earlier snapshot is still shown
}

// Observers makes the Observers of clusters.
type Observers interface {
	// Observe is called when a cluster is new, or another cluster has taken over the
	// name of an earlier one.
	Observe(cluster string) Observer
}
