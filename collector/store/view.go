package store

import (
	"time"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
)

// State says what may be made of a cluster's snapshot.
type State string

// The states of a cluster.
const (
	Pending   State = "pending"   // no complete count yet
	Fresh     State = "fresh"     // younger than its own TTL, which is the cache TTL or somewhat less
	Stale     State = "stale"     // older, and shown
	Withdrawn State = "withdrawn" // older than the max staleness, and not shown
)

// View is what is to be shown of a cluster, at one moment.
type View struct {
	Cluster  string
	Observer Observer // of the cluster's counts
	State    State
	Snapshot *podcount.Snapshot // the last complete one; nil if there is none
	Age      time.Duration      // of the snapshot
	Success  bool               // it is shown, and the latest count was complete
	Err      error              // of the latest count, when it was not complete; in watch mode, why events do not come
	Counting bool               // a count runs, or the cluster is followed
	Progress Progress           // of the running count; blank while the cluster is followed

	// FailingSince is when the first Err came after the last time that all was well, by
	// the wall clock. It is zero without an Err, and for a cluster that cannot be used.
	FailingSince time.Time
}

// Shown says whether the snapshot is to be shown as the truth.
func (v View) Shown() bool { return v.State == Fresh || v.State == Stale }

// View returns what is to be shown, without waiting.
func (c *Cluster) View() View {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.view()
}

// view needs c.mu held.
func (c *Cluster) view() View {
	v := View{Cluster: c.name, Observer: c.observer, State: Pending, Snapshot: c.snapshot, Err: c.err, FailingSince: c.failing, Counting: c.run != nil, Progress: c.progress.current()}
	if fault := faultOf(c.counter); fault != nil {
		v.Err, v.FailingSince = fault, time.Time{}
	}
	if v.Snapshot != nil {
		v.Age = c.opts.Clock().since(c.taken)
		v.State = c.state(v.Age)
	}
	v.Success = v.Err == nil && v.Shown()
	return v
}

// state returns the state of a snapshot of this age.
func (c *Cluster) state(age time.Duration) State {
	switch {
	case age > c.opts.MaxStaleness:
		return Withdrawn
	case age >= c.ttl:
		return Stale
	default:
		return Fresh
	}
}
