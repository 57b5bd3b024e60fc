package store

import (
	"context"
	"sync"
	"time"
)

const (
	// shortWait is how long a scrape waits for a cluster that an earlier scrape has
	// waited for in vain.
	shortWait = time.Second
	// timeoutTolerance is the difference up to which two scrapes have the same
	// timeout.
	timeoutTolerance = 100 * time.Millisecond
)

// waitLimiter keeps a cluster that is slow or down from holding up every scrape until
// its deadline: after one has waited for all its time in vain, those with no more
// time than that wait for shortWait only, until a count completes.
type waitLimiter struct {
	mu   sync.Mutex
	vain time.Duration // the longest time that was waited in vain
}

func remaining(ctx context.Context) (left time.Duration, limited bool) {
	deadline, limited := ctx.Deadline()
	return time.Until(deadline), limited
}

func (w *waitLimiter) usedUp(left time.Duration) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return left <= w.vain+timeoutTolerance && w.vain > 0
}

func (w *waitLimiter) note(left time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.vain = max(w.vain, left)
}

// reset lets scrapes wait for all their time again: a count has completed.
func (w *waitLimiter) reset() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.vain = 0
}
