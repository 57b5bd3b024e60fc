package store

import (
	"context"
	"time"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
)

// begin begins a count. It returns nil when the cluster's context has ended. c.mu
// must be held, and no count may be running.
func (c *Cluster) begin() *run {
	if c.ctx.Err() != nil {
		return nil
	}
	r := &run{began: time.Now(), heard: make(map[chan<- *Cluster]struct{})}
	c.run = r
	c.progress.begin()
	counter, changes, ctx := c.counter, c.changes, c.interruptible()
	c.counts.Go(func() { c.count(ctx, r, counter, changes) })
	return r
}

// interruptible returns the context of a count with the present Counter. c.mu must be
// held.
func (c *Cluster) interruptible() context.Context {
	ctx, cancel := context.WithCancel(c.ctx)
	c.interrupt = cancel
	return ctx
}

// count counts until there is an outcome. When the Counter is replaced
// meanwhile, the new one goes on with what the old one has, and whoever waits
// goes on waiting.
func (c *Cluster) count(ctx context.Context, r *run, counter Counter, changes int) {
	publish := func(snapshot *podcount.Snapshot) {
		if !snapshot.Update {
			c.observer.Ended(Outcome{Snapshot: snapshot})
		}
		if !snapshot.Update || snapshot.Interrupted == nil { // whoever takes streams over counts nothing
			c.progress.end()
		}
		c.publish(r, snapshot)
	}
	for {
		err := c.try(ctx, counter, publish)
		if err != nil && c.ctx.Err() == nil && ctx.Err() != nil {
			c.progress.begin()
			ctx, counter, changes = c.goOn(counter)
			continue
		}
		if err != nil && c.ctx.Err() == nil && faultOf(counter) == nil {
			c.observer.Ended(Outcome{Err: err, Shown: c.View().Shown()})
		}
		c.progress.end()
		c.end(r, err, counter, changes)
		return
	}
}

// goOn is for a count whose Counter was replaced: it returns the new one.
func (c *Cluster) goOn(former Counter) (context.Context, Counter, int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.inherit(former)
	return c.interruptible(), c.counter, c.changes
}

// publish replaces the snapshot in one step, and wakes whoever waits for the count.
func (c *Cluster) publish(r *run, snapshot *podcount.Snapshot) {
	c.mu.Lock()
	defer c.mu.Unlock()
	part := spread
	if c.snapshot == nil {
		part = firstSpread
	}
	c.taken = c.opts.Clock().ago(podcount.Age(snapshot.Time, time.Now()))
	if !snapshot.Update {
		c.ttl = c.opts.CacheTTL - time.Duration(c.opts.Jitter()*part*float64(c.opts.CacheTTL))
	}
	c.snapshot = snapshot
	c.noteAge(r, snapshot)
	c.vain = 0
	c.conclude(snapshot.Interrupted)
	c.forgive()
	c.wake(r)
}

// end ends a run. A count that was cancelled changes nothing of the cluster's
// outcome, and neither does one whose Counter is unusable.
func (c *Cluster) end(r *run, err error, counter Counter, changes int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.interrupt()
	if err != nil && c.ctx.Err() == nil && faultOf(counter) == nil {
		c.conclude(err)
		c.failures++
		c.failed = c.opts.Clock()
		c.pause = pauseAfter(c.failures, c.opts.CacheTTL, c.opts.Jitter())
	}
	if c.changes != changes {
		c.inherit(counter)
		c.forgive()
	}
	c.run, c.interrupt = nil, nil
	if c.gone {
		c.drop()
	}
	c.countAgain(counter)
	r.err, r.ended = err, true
	c.wake(r)
}

// conclude notes how the latest count ended, or why the events do not come; nil when
// all is well. c.mu must be held.
func (c *Cluster) conclude(err error) {
	switch {
	case err == nil:
		c.failing = time.Time{}
	case c.failing.IsZero():
		c.failing = c.opts.Clock().Wall
	}
	c.err = err
}

// wake ends all waits for the count. c.mu must be held.
func (c *Cluster) wake(r *run) {
	for heard := range r.heard {
		heard <- c // which has room
	}
	r.ready, r.heard = true, nil
	close(c.updated)
	c.updated = make(chan struct{})
}

// forgive ends the pause after failed counts.
func (c *Cluster) forgive() { c.failures, c.pause = 0, 0 }

// handOver gives next the progress of former, which may still be ending its count, and the
// streams that it has, if both can.
func handOver(next, former Counter) {
	switch former := former.(type) {
	case *podcount.Counter:
		if heir, can := next.(interface{ Resume(*podcount.Counter) }); can {
			heir.Resume(former)
		}
	case *podcount.Watcher:
		if heir, can := next.(interface{ Follow(*podcount.Watcher) }); can {
			heir.Follow(former)
		}
	}
}

// inherit hands over what former has, whose count has ended after it was replaced, more than
// once perhaps. While the Counter is unusable, the last one before it keeps that. c.mu must be
// held.
func (c *Cluster) inherit(former Counter) {
	heir := c.counter
	if faultOf(heir) != nil && c.predecessor != former {
		heir = c.predecessor
	}
	handOver(heir, former)
}

// replace makes counter the one that counts from now on, with other credentials
// for the same server. What is known of the cluster stays; a running count goes
// on with it.
func (c *Cluster) replace(counter Counter) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if faultOf(c.counter) == nil {
		c.predecessor = c.counter
	}
	c.counter = counter
	c.changes++
	c.forgive()
	if c.run != nil {
		c.interrupt()
		return
	}
	handOver(counter, c.predecessor)
}
