package store

import (
	"context"
	"sync"
	"time"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
)

// Parts of the cache TTL over which the counts of many clusters are spread, so that
// they do not begin at the same moment again and again. All first counts begin with
// the process, so those after them are spread further.
const (
	spread      = 0.1
	firstSpread = 0.5
)

// Cluster keeps the last complete snapshot of one cluster, and has it counted.
type Cluster struct {
	name     string
	target   Target             // guarded by the Store
	cancel   context.CancelFunc // ends its counts
	ctx      context.Context    // ends with the process, or when the cluster goes
	opts     Options
	observer Observer
	progress progress
	counts   *sync.WaitGroup

	mu          sync.Mutex
	counter     Counter            // for the next count
	predecessor Counter            // the last one before it that was usable; nil if there was none
	changes     int                // how often counter was replaced
	interrupt   context.CancelFunc // ends the running call of Counter.Count
	updated     chan struct{}      // closed with the next snapshot or end of a count

	snapshot *podcount.Snapshot // nil before the first complete count
	taken    Instant            // when the snapshot was complete
	ttl      time.Duration      // of this snapshot
	vain     time.Duration      // the longest time that a scrape has waited in vain since then

	err      error         // of the latest count that was not cancelled, or why its events do not come
	failing  time.Time     // since when there has been an err without a pause; zero while there is none
	failures int           // counts in a row that failed
	failed   Instant       // when the last of them ended
	pause    time.Duration // from then until the next may begin

	again *time.Timer // begins a count that the Counter wants; nil when it wants none
	gone  bool        // the cluster is not counted any more, and keeps nothing
	run   *run        // nil when none runs
	fresh *freshCount // nil when none has been asked for
}

// run is one count, from its beginning to its end.
type run struct {
	began time.Time
	ready bool                         // there is a snapshot, or the count has ended
	heard map[chan<- *Cluster]struct{} // who is told when it is; nil once it is
	ended bool
	err   error // once it has ended
}

// Name returns the cluster's name.
func (c *Cluster) Name() string { return c.name }

// Refresh begins a count if one is due. It does not wait.
func (c *Cluster) Refresh() { c.refresh(nil) }

// refresh begins a count if one is due. It returns true if there is one to wait for; then
// heard, which must have room, gets the cluster once there is a snapshot or the count has
// ended. It may be nil.
func (c *Cluster) refresh(heard chan<- *Cluster) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.due()
	if r == nil || r.ready {
		return false
	}
	if heard != nil {
		r.heard[heard] = struct{}{}
	}
	return true
}

// due returns the running count, or one that it begins, if the snapshot is not fresh, the
// latest count failed, or the cluster was followed and is not any more, as after a fault of
// its kubeconfig; and if the pause after a failed count is over, and the Counter is
// usable. c.mu must be held.
func (c *Cluster) due() *run {
	v := c.view()
	switch {
	case faultOf(c.counter) != nil:
		return nil
	case v.State == Fresh && v.Err == nil && (c.run != nil || v.Snapshot.Mode != podcount.ModeWatch):
		return nil
	case c.run != nil:
		return c.run
	case c.failures > 0 && c.opts.Clock().since(c.failed) < c.pause:
		return nil
	}
	return c.begin()
}

// forget has heard get nothing of the running count.
func (c *Cluster) forget(heard chan<- *Cluster) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.run != nil {
		delete(c.run.heard, heard)
	}
}
