package collector

import (
	"context"
	"sync"
	"time"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
)

// Parts of the cache TTL over which the counts of many clusters are spread, so
// that they do not all come at once for ever. The first counts all begin when
// the process does, so those after them are spread further.
const (
	spread      = 0.1
	firstSpread = 0.5
)

// cache keeps the last complete snapshot of one cluster, and has it counted.
type cache struct {
	ctx      context.Context // ends with the process, or when the cluster goes
	opts     Options
	journal  *journal
	progress progress
	patience patience
	running  *sync.WaitGroup

	mu        sync.Mutex
	counter   Counter            // counts from now on
	changes   int                // how often counter was replaced
	interrupt context.CancelFunc // ends what the running count does with its Counter

	snapshot *podcount.Snapshot // nil before the first complete count
	taken    Instant            // when the snapshot was complete
	ttl      time.Duration      // of this snapshot

	err      error         // of the latest count that was not cancelled
	failures int           // counts in a row that failed
	failed   Instant       // when the last of them ended
	pause    time.Duration // from then until the next may begin

	run   *run // nil when none runs
	fresh *run // the latest that was begun for a request for a fresh count
}

// run is a count from its begin to its end.
type run struct {
	began   time.Time
	instant Instant // the same moment
	done    chan struct{}
	err     error // once done is closed
}

// state is what is shown of a cluster.
type state struct {
	snapshot  *podcount.Snapshot // the last complete one; nil if there is none
	age       time.Duration      // of the snapshot
	withdrawn bool               // it is too old to be shown as the truth, or there is none
	stale     bool               // it is to be counted anew
	success   bool               // it is shown, and the latest count was complete
	err       error              // of the latest count, when it was not
}

// await returns what is to be shown. If the snapshot is outdated, a count is
// begun (or joined, when one runs) and waited for until ctx ends; the count goes
// on after that. In the pause after a failed count nothing is waited for.
func (c *cache) await(ctx context.Context) state {
	if done := c.refresh(); done != nil {
		c.patience.wait(ctx, done)
	}
	return c.current()
}

// current returns what is to be shown, at once.
func (c *cache) current() state {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state()
}

func (c *cache) state() state {
	s := state{snapshot: c.snapshot, withdrawn: true, stale: true, err: c.err}
	if s.snapshot != nil {
		s.age = c.opts.Clock().since(c.taken)
		s.withdrawn = s.age > c.opts.MaxStaleness
		s.stale = s.age >= c.ttl
	}
	if fault := faultOf(c.counter); fault != nil {
		s.err = fault
	}
	s.success = s.err == nil && !s.withdrawn
	return s
}

// refresh begins a count if the snapshot is outdated, none is running and the
// last did not just fail, and if there is a way to count. It returns what to wait
// for: nil when there is no need to.
func (c *cache) refresh() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.state()
	switch {
	case faultOf(c.counter) != nil:
		return nil
	case !s.stale && s.err == nil:
		return nil
	case c.run != nil:
		return c.run.done
	case c.failures > 0 && c.opts.Clock().since(c.failed) < c.pause:
		return nil
	}
	if r := c.begin(); r != nil {
		return r.done
	}
	return nil
}
