package store

import (
	"context"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
)

// Target is a cluster to count.
type Target struct {
	Name string // unique
	// Server tells one API server from another: all that decides where a request
	// ends up. A snapshot outlives a change of credentials, but not one of this: it
	// may be of another cluster.
	Server  string
	Counter Counter
}

// Counter counts one cluster; *podcount.Counter and *podcount.Watcher do. It publishes each snapshot
// that it has: one at its end, or, while it follows the cluster, one after the
// other. Each is complete. Its error says why there will be no more.
type Counter interface {
	Count(ctx context.Context, observer podcount.Observer, publish func(*podcount.Snapshot)) error
}

var (
	_ Counter = (*podcount.Counter)(nil)
	_ Counter = (*podcount.Watcher)(nil)
)

// Observer is told of one cluster's counts, one after the other.
type Observer interface {
	podcount.Observer
	// Ended is called for each snapshot that is published and is no Update, and for
	// each count that failed. A count that was cancelled tells nothing.
	Ended(Outcome)
}

// Outcome is what came of a count.
type Outcome struct {
	Snapshot *podcount.Snapshot // nil when the count failed
	Err      error              // why; nil when the count was complete
	Shown    bool               // an earlier snapshot is shown still
}

// Observers makes what is told of a cluster's counts.
type Observers interface {
	// Observe is called when a cluster is new, or is another one under the name of
	// one before.
	Observe(cluster string) Observer
	// Forget is called when a cluster is gone.
	Forget(cluster string)
}
