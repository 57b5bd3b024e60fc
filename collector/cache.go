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

// cache keeps the last complete snapshot of one cluster.
type cache struct {
	ctx      context.Context // ends with the process, or when the cluster goes
	opts     Options
	counter  Counter
	journal  *journal
	progress progress
	patience patience
	running  *sync.WaitGroup

	mu       sync.Mutex
	snapshot *podcount.Snapshot // nil before the first complete count
	ttl      time.Duration      // of this snapshot
	err      error              // of the latest count that ended
	refresh  chan struct{}      // closed when the running count ends; nil when none runs
}

// state is what is shown of a cluster.
type state struct {
	snapshot  *podcount.Snapshot // the last complete one; nil if there is none
	withdrawn bool               // it is too old to be shown as the truth
	stale     bool               // it is to be counted anew
	success   bool               // the latest count was complete
	err       error              // of the latest count, when it was not
}

// get returns the last complete snapshot. If it is stale, one count is begun
// (or joined, when one runs) and waited for until ctx ends; the count goes on
// after that.
func (c *cache) get(ctx context.Context) state {
	if done := c.renew(); done != nil {
		c.patience.wait(ctx, done)
	}
	return c.look()
}

// look returns what there is, at once.
func (c *cache) look() state {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := state{snapshot: c.snapshot, withdrawn: true, stale: true, err: c.err}
	if s.snapshot != nil {
		age := time.Since(s.snapshot.Time)
		s.withdrawn = age > c.opts.MaxStaleness
		s.stale = age >= c.ttl
		s.success = c.err == nil
	}
	return s
}

// fresh waits for a complete count that began at or after the call. Its error
// is that of the count, or ctx's.
func (c *cache) fresh(ctx context.Context) error {
	since := time.Now()
	for {
		done, err := c.anew(since)
		if done == nil {
			return err
		}
		select {
		case <-done:
		case <-ctx.Done():
			return ctx.Err()
		case <-c.ctx.Done():
			return c.ctx.Err()
		}
		c.mu.Lock()
		err = c.err
		c.mu.Unlock()
		if err != nil {
			return err
		}
	}
}

// anew begins a count unless one is running, and returns what to wait for: nil
// when the snapshot is of since or later.
func (c *cache) anew(since time.Time) (<-chan struct{}, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.snapshot != nil && !c.snapshot.Started.Before(since) {
		return nil, nil
	}
	if done := c.begin(); done != nil {
		return done, nil
	}
	return nil, c.ctx.Err()
}

// renew begins a count unless the snapshot is fresh or one is running, and
// returns what to wait for: nil when there is no need to.
func (c *cache) renew() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.snapshot != nil && time.Since(c.snapshot.Time) < c.ttl {
		return nil
	}
	return c.begin()
}

// begin begins a count if none is running; nil means that none can.
func (c *cache) begin() <-chan struct{} {
	if c.refresh == nil && c.ctx.Err() == nil {
		done := make(chan struct{})
		c.refresh = done
		c.progress.begin()
		c.running.Go(func() { c.count(done) })
	}
	return c.refresh
}

// count runs one count and replaces the snapshot in one step if it is complete.
func (c *cache) count(done chan struct{}) {
	snapshot, err := c.try()
	switch {
	case err == nil:
		c.journal.completed(snapshot)
		c.patience.restore()
	case c.ctx.Err() == nil:
		c.journal.failed(err)
	}
	c.progress.end()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.err = err
	if err == nil {
		part := spread
		if c.snapshot == nil {
			part = firstSpread
		}
		c.snapshot = snapshot
		c.ttl = c.opts.CacheTTL - time.Duration(c.opts.Jitter()*part*float64(c.opts.CacheTTL))
	}
	c.refresh = nil
	close(done)
}

// inherit takes over what an earlier cache of the same cluster has.
func (c *cache) inherit(from *cache) {
	from.mu.Lock()
	defer from.mu.Unlock()
	c.snapshot, c.ttl, c.err = from.snapshot, from.ttl, from.err
}
