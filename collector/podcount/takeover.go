package podcount

import (
	"context"
	"time"
)

// Resume has the Counter go on where another one for the same server stops, with its
// progress and all that it has learnt: the two differ in their credentials only. Call
// it before the first Count, and cancel the other Counter's count, which may still be
// ending.
func (c *Counter) Resume(from *Counter) {
	if from != c {
		c.former.Store(from)
	}
}

// enter makes this the only count that runs, or returns the context's error.
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

// takeOver waits until the former Counter's count has ended, which is soon: it is
// cancelled. If the former Counter has not taken over its own predecessor's memory
// yet, it does so first.
func (c *Counter) takeOver(ctx context.Context) error {
	from := c.former.Swap(nil)
	if from == nil {
		return nil
	}
	if err := from.enter(ctx); err != nil {
		c.former.Store(from) // the next count tries again
		return err
	}
	defer from.leave()
	c.memory, from.memory = from.memory, c.memory // which is blank
	from.account.leave()
	c.suspended.otherCredentials()
	c.otherRights = true // other credentials may have more permissions, or fewer
	for subject := range c.refused {
		c.refused[subject] = time.Time{} // a look is due
	}
	return nil
}

// otherCredentials notes that the count, if there is one, goes on with others. A proxy may hide
// from these what it has shown to the former ones.
func (n *count) otherCredentials() {
	if n != nil {
		n.sight = n.failed(false)
	}
}

// inherit takes over the streams' state from the former Watcher, whose count has ended.
// If that one has not taken over its own predecessor's yet, it does so first.
func (w *Watcher) inherit() {
	from := w.former
	if from == nil {
		return
	}
	from.inherit()
	w.former, w.inherited, from.inherited = nil, from.inherited, nil
	if l := w.inherited; l != nil && l.beside != nil {
		l.beside.run.otherCredentials()
	}
	w.drifts, w.owed, w.stale = from.drifts, from.owed, from.stale
	if !from.forbidden { // which these credentials may not be
		w.listedUntil = from.listedUntil
	}
	w.account, from.account = from.account, w.account // that of the streams' names
	from.account.leave()
	select {
	case <-from.asked:
		w.Audit()
	default:
	}
}

// Close gives back what the Counter takes of the Budget, and forgets all that it has learnt.
// Call it when no Count runs any more.
func (c *Counter) Close() {
	if from := c.former.Swap(nil); from != nil {
		from.Close()
	}
	c.account.leave()
	c.memory = c.cfg.blank()
}

// Close gives back what the Watcher takes of the Budget, and forgets all that it has learnt.
// Call it when no Count runs any more.
func (w *Watcher) Close() {
	if w.former != nil {
		w.former.Close()
	}
	w.former, w.inherited = nil, nil
	w.account.leave()
	w.Counter.Close()
}
