package podcount

import (
	"context"
	"time"
)

// Resume has the Counter go on where another one for the same server stops, with
// its progress and all that it learnt: the two differ in their credentials only.
// Call it before the first Count, and cancel the other one's; it may still be
// ending.
func (c *Counter) Resume(from *Counter) {
	if from != c {
		c.before.Store(from)
	}
}

// enter makes the count the only one, and ends with the context's error.
func (c *Counter) enter(ctx context.Context) error {
	select {
	case c.busy <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := c.takeOver(ctx); err != nil {
		c.leave()
		return err
	}
	return nil
}

func (c *Counter) leave() { <-c.busy }

// takeOver waits for the earlier Counter's count to end, which is cancelled and so
// ends at once. What an earlier Counter has yet to take over itself comes with it.
func (c *Counter) takeOver(ctx context.Context) error {
	from := c.before.Swap(nil)
	if from == nil {
		return nil
	}
	if err := from.enter(ctx); err != nil {
		c.before.Store(from) // for the next count
		return err
	}
	defer from.leave()
	c.memory, from.memory = from.memory, from.cfg.blank()
	c.deniedAt = time.Time{} // other credentials may do more
	return nil
}
