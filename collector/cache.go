package collector

import (
	"context"
	"sync"
	"time"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
)

// cache keeps the last complete snapshot of one cluster.
type cache struct {
	ctx     context.Context
	opts    Options
	counter Counter
	journal *journal
	running *sync.WaitGroup

	mu       sync.Mutex
	snapshot *podcount.Snapshot // nil before the first complete count
	success  bool               // of the latest count that ended
	refresh  chan struct{}      // closed when the running count ends; nil when none runs
}

// state is what a scrape shows of a cluster.
type state struct {
	snapshot  *podcount.Snapshot // the last complete one; nil if there is none
	withdrawn bool               // it is too old to be shown as the truth
	success   bool               // the latest count was complete
}

// get returns the last complete snapshot. If it is stale, one count is begun
// (or joined, when one runs) and waited for until ctx ends; the count goes on
// after that.
func (c *cache) get(ctx context.Context) state {
	if done := c.renew(); done != nil {
		select {
		case <-done:
		case <-ctx.Done():
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return state{
		snapshot:  c.snapshot,
		withdrawn: c.snapshot == nil || time.Since(c.snapshot.Time) > c.opts.MaxStaleness,
		success:   c.success,
	}
}

// renew begins a count unless the snapshot is fresh or one is running, and
// returns what to wait for: nil when there is no need to.
func (c *cache) renew() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.snapshot != nil && time.Since(c.snapshot.Time) < c.opts.CacheTTL {
		return nil
	}
	if c.refresh == nil && c.ctx.Err() == nil {
		done := make(chan struct{})
		c.refresh = done
		c.running.Go(func() { c.count(done) })
	}
	return c.refresh
}

// count runs one count and replaces the snapshot in one step if it is complete.
func (c *cache) count(done chan struct{}) {
	snapshot, err := c.counter.Count(c.ctx, c.journal)
	switch {
	case err == nil:
		c.journal.completed(snapshot)
	case c.ctx.Err() == nil:
		c.journal.failed(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.success = err == nil
	if err == nil {
		c.snapshot = snapshot
	}
	c.refresh = nil
	close(done)
}
