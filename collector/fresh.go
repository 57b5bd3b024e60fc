package collector

import (
	"context"
	"time"
)

// freshInterval is how often requests for fresh counts can have one begun. They
// need no credentials, so without it they would be a way to load API servers.
const freshInterval = 10 * time.Second

// awaitFresh waits for a complete count that began at or after the call, or one
// that another call had begun within the last freshInterval. Its error is that
// of a count that began at or after the call, the context's, or a ConfigError. It
// does not wait for the pause after a failed count.
func (c *cache) awaitFresh(ctx context.Context) error {
	asked := time.Now()
	since := c.shared(asked)
	for {
		r, pause, err := c.anew(since)
		switch {
		case err != nil:
			return err
		case r != nil:
			if err := c.finished(ctx, r); err != nil {
				return err
			}
			if r.err != nil && !r.began.Before(asked) {
				return r.err
			}
		case pause > 0:
			if err := c.sleep(ctx, pause); err != nil {
				return err
			}
		default:
			return nil
		}
	}
}

// shared is since when a count must have begun to be fresh for who asks now.
func (c *cache) shared(asked time.Time) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fresh != nil && c.untilFresh() > 0 {
		return c.fresh.began
	}
	return asked
}

// anew returns the count to wait for, which it begins unless one is running; or
// how long it is too early to begin one; or neither, when the snapshot is of
// since or later; or why nothing can be counted.
func (c *cache) anew(since time.Time) (*run, time.Duration, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.ctx.Err() != nil:
		return nil, 0, c.ctx.Err()
	case c.snapshot != nil && !c.snapshot.Started.Before(since):
		return nil, 0, nil
	case faultOf(c.counter) != nil:
		return nil, 0, faultOf(c.counter)
	case c.run != nil:
		return c.run, 0, nil
	case c.untilFresh() > 0:
		return nil, c.untilFresh(), nil
	}
	c.fresh = c.begin()
	return c.fresh, 0, nil
}

// untilFresh is the rest of the freshInterval. c.mu must be held.
func (c *cache) untilFresh() time.Duration {
	if c.fresh == nil {
		return 0
	}
	return freshInterval - c.opts.Clock().since(c.fresh.instant)
}

// finished waits for the end of a count. Its error is the context's.
func (c *cache) finished(ctx context.Context, r *run) error {
	select {
	case <-r.done:
		return c.ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	case <-c.ctx.Done():
		return c.ctx.Err()
	}
}

func (c *cache) sleep(ctx context.Context, pause time.Duration) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-c.ctx.Done():
		return c.ctx.Err()
	}
}
