package collector

import (
	"context"
	"time"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
)

// begin begins a count when none is running; nil means that none can begin any
// more. c.mu must be held.
func (c *cache) begin() *run {
	if c.ctx.Err() != nil {
		return nil
	}
	r := &run{began: time.Now(), instant: c.opts.Clock(), done: make(chan struct{})}
	c.run = r
	c.progress.begin()
	counter, changes, ctx := c.counter, c.changes, c.interruptible()
	c.running.Go(func() { c.count(ctx, r, counter, changes) })
	return r
}

// interruptible is the context of a count with the present Counter. c.mu must be
// held.
func (c *cache) interruptible() context.Context {
	ctx, cancel := context.WithCancel(c.ctx)
	c.interrupt = cancel
	return ctx
}

// count counts until there is an outcome. When the Counter is replaced
// meanwhile, the new one goes on with what the old one has, and whoever waits
// goes on waiting.
func (c *cache) count(ctx context.Context, r *run, counter Counter, changes int) {
	for {
		snapshot, err := c.try(ctx, counter)
		if err != nil && c.ctx.Err() == nil && ctx.Err() != nil {
			c.progress.begin()
			ctx, counter, changes = c.goOn(counter)
			continue
		}
		if faultOf(counter) == nil {
			c.log(snapshot, err)
		}
		c.progress.end()
		c.end(r, snapshot, err, counter, changes)
		return
	}
}

// goOn is for a count whose Counter was replaced: it returns the new one.
func (c *cache) goOn(former Counter) (context.Context, Counter, int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	handOver(c.counter, former)
	return c.interruptible(), c.counter, c.changes
}

// log tells of the outcome. That a count was cancelled is none.
func (c *cache) log(snapshot *podcount.Snapshot, err error) {
	switch {
	case err == nil:
		c.journal.completed(snapshot)
		c.patience.restore()
	case c.ctx.Err() == nil:
		c.journal.failed(err, !c.current().withdrawn)
	}
}

// end replaces the snapshot in one step if the count was complete. A cancelled
// count leaves everything as it was, and so does one that no Counter could go on with.
func (c *cache) end(r *run, snapshot *podcount.Snapshot, err error, counter Counter, changes int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.interrupt()
	switch {
	case err == nil:
		c.publish(snapshot)
	case c.ctx.Err() == nil && faultOf(counter) == nil:
		c.err = err
		c.failures++
		c.failed = c.opts.Clock()
		c.pause = backoff(c.failures, c.opts.CacheTTL, c.opts.Jitter())
	}
	if c.changes != changes {
		handOver(c.counter, counter)
		c.forgive()
	}
	r.err = err
	c.run, c.interrupt = nil, nil
	close(r.done)
}

func (c *cache) publish(snapshot *podcount.Snapshot) {
	part := spread
	if c.snapshot == nil {
		part = firstSpread
	}
	c.snapshot, c.taken, c.err = snapshot, c.opts.Clock(), nil
	c.ttl = c.opts.CacheTTL - time.Duration(c.opts.Jitter()*part*float64(c.opts.CacheTTL))
	c.forgive()
}

// forgive ends the pause after failed counts.
func (c *cache) forgive() { c.failures, c.pause = 0, 0 }

// resumer is a Counter that can go on with what another one of the same server
// has set aside. Neither counts while it is called.
type resumer interface {
	Resume(former *podcount.Counter)
}

// handOver gives next the progress of former, if both can.
func handOver(next, former Counter) {
	heir, can := next.(resumer)
	if own, has := former.(*podcount.Counter); can && has {
		heir.Resume(own)
	}
}

// replace makes counter the one that counts from now on, with other credentials
// for the same server. What is known of the cluster stays; a running count goes
// on with it.
func (c *cache) replace(counter Counter) {
	c.mu.Lock()
	defer c.mu.Unlock()
	former := c.counter
	c.counter = counter
	c.changes++
	c.forgive()
	if c.run != nil {
		c.interrupt()
		return
	}
	handOver(counter, former)
}
