package store

import (
	"context"
	"time"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
)

// freshInterval is the shortest time between two counts that requests for fresh
// counts begin. Such requests need no credentials, so without it they could put load
// on API servers.
const freshInterval = 10 * time.Second

// CountFresh waits for a complete count that began at or after the call, or one
// that another call had begun within the last freshInterval. One that was set aside
// before is completed first. Its error is that
// of a count that began at or after the call, the context's, or a ConfigError. It
// does not wait for the pause after a failed count.
func (c *Cluster) CountFresh(ctx context.Context) error {
	asked := time.Now()
	since := c.freshSince(asked)
	for {
		r, wait, err := c.joinFresh(since)
		if err != nil || r == nil && wait == nil {
			return err
		}
		if err := c.await(ctx, wait); err != nil {
			return err
		}
		if err := c.failure(r, asked); err != nil {
			return err
		}
	}
}

// freshSince returns the time since which a count must have begun to be fresh for a
// request made at asked.
func (c *Cluster) freshSince(asked time.Time) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.untilFresh() > 0 {
		return c.fresh.began
	}
	return asked
}

// freshCount says when a count was last begun for a request for a fresh one.
type freshCount struct {
	began   time.Time
	instant Instant // the same moment
	run     *run    // nil for an audit
}

// auditor is a Counter that follows its cluster, and can be asked to list it.
type auditor interface {
	// Audit has the cluster listed soon, and waits for nothing.
	Audit()
}

// joinFresh returns a count to wait for, which it begins unless one is running, and a
// channel that is closed when there is news of it. It returns only a channel when no
// count may begin before that is closed, only an error when nothing can be counted,
// and nothing when the snapshot is of since or later.
func (c *Cluster) joinFresh(since time.Time) (*run, <-chan struct{}, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.ctx.Err() != nil:
		return nil, nil, c.ctx.Err()
	case c.snapshot != nil && !c.snapshot.Started.Before(since):
		return nil, nil, nil
	case faultOf(c.counter) != nil:
		return nil, nil, faultOf(c.counter)
	case c.run != nil:
		c.audit()
		return c.run, c.updated, nil
	case c.untilFresh() > 0:
		return nil, after(c.untilFresh()), nil
	}
	c.noteFresh()
	c.fresh.run = c.begin()
	return c.fresh.run, c.updated, nil
}

// noteAge has another count begin at once if the one that was begun for a fresh snapshot
// has gone on with an earlier one, which was set aside. c.mu must be held.
func (c *Cluster) noteAge(r *run, snapshot *podcount.Snapshot) {
	if c.fresh != nil && c.fresh.run == r && snapshot.Started.Before(c.fresh.began) {
		c.fresh = nil
	}
}

// audit asks a running count that follows the cluster, and so never ends, to list it.
// c.mu must be held.
func (c *Cluster) audit() {
	a, follows := c.counter.(auditor)
	if follows && c.snapshot != nil && c.snapshot.Mode == podcount.ModeWatch && c.untilFresh() == 0 {
		c.noteFresh()
		a.Audit()
	}
}

func (c *Cluster) noteFresh() { c.fresh = &freshCount{began: time.Now(), instant: c.opts.Clock()} }

// after returns a channel that is closed after the pause.
func after(pause time.Duration) <-chan struct{} {
	passed := make(chan struct{})
	time.AfterFunc(pause, func() { close(passed) })
	return passed
}

// failure returns the error of a count that began at or after the request and has
// ended.
func (c *Cluster) failure(r *run, asked time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if r == nil || !r.ended || r.began.Before(asked) {
		return nil
	}
	return r.err
}

// untilFresh returns the rest of the freshInterval. c.mu must be held.
func (c *Cluster) untilFresh() time.Duration {
	if c.fresh == nil {
		return 0
	}
	return max(0, freshInterval-c.opts.Clock().since(c.fresh.instant))
}

// await waits until done is closed, or returns the error of the context that ended
// first.
func (c *Cluster) await(ctx context.Context, done <-chan struct{}) error {
	select {
	case <-done:
	case <-c.ctx.Done():
	case <-ctx.Done():
		return ctx.Err()
	}
	return c.ctx.Err()
}
