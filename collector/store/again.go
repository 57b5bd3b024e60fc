package store

import "time"

// retrier is a Counter whose Count is to be called again at some time, although no count
// is due: it lists a cluster for a while that it could not watch.
type retrier interface {
	// Again returns when that is, or the zero time. It is called when no Count runs.
	Again() time.Time
}

// countAgain begins a count when a Counter wants one, which has just ended its own. Then
// that is not left to the cache TTL. c.mu must be held.
func (c *Cluster) countAgain(counter Counter) {
	if c.again != nil {
		c.again.Stop()
		c.again = nil
	}
	r, can := counter.(retrier)
	if !can || r.Again().IsZero() || c.ctx.Err() != nil {
		return
	}
	c.again = time.AfterFunc(max(1, time.Until(r.Again())), func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.run == nil && faultOf(c.counter) == nil {
			c.begin()
		}
	})
}

// close ends the cluster's counts for good.
func (c *Cluster) close() {
	c.cancel()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.again != nil {
		c.again.Stop()
	}
}

// discard is for a cluster that is not counted any more. Requests may know it for as long as
// they wait for others.
func (c *Cluster) discard() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gone = true
	if c.run == nil {
		c.drop()
	}
}

// drop gives up what takes memory: clusters that have come need it. c.mu must be held, and no
// count may be running.
func (c *Cluster) drop() {
	c.snapshot = nil
	for _, counter := range []Counter{c.predecessor, c.counter} {
		if keeper, keeps := counter.(interface{ Close() }); keeps {
			keeper.Close()
		}
	}
	c.predecessor = nil
}
