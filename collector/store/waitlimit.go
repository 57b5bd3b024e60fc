package store

import "time"

const (
	// shortWait is how long a scrape waits for a cluster that an earlier scrape has
	// waited for in vain.
	shortWait = time.Second
	// timeoutTolerance is the difference up to which two scrapes have the same
	// timeout.
	timeoutTolerance = 100 * time.Millisecond
)

// usedUp keeps a cluster that is slow or down from holding up every scrape until its
// deadline: after one has waited for all its time in vain, those with no more time than
// that wait for shortWait only, until a count completes.
func (c *Cluster) usedUp(left time.Duration) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return left <= c.vain+timeoutTolerance && c.vain > 0
}

// inVain notes that a scrape has waited for all its time.
func (c *Cluster) inVain(left time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.vain = max(c.vain, left)
}
