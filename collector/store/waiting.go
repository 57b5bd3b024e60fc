package store

import (
	"context"
	"errors"
	"maps"
	"math"
	"time"
)

// Await waits until each cluster has what is to be shown: a fresh snapshot, or the end of
// a count, which it begins if one is due, and which goes on when ctx ends before it. In
// the pause after a failed count it does not wait. It calls ended for each count that it
// has seen the end of. It needs no goroutines: many requests may wait for hundreds of
// clusters each.
func Await(ctx context.Context, clusters []*Cluster, ended func(*Cluster)) {
	w := newWaiting(ctx, len(clusters))
	defer w.forget(func(*Cluster, bool) bool { return true })
	for _, c := range clusters {
		if c.refresh(w.heard) {
			w.add(c)
		}
	}
	w.wait(ctx, ended)
}

// waiting is a wait for the counts of clusters.
type waiting struct {
	heard chan *Cluster     // gets each whose count has ended
	left  time.Duration     // until the deadline, if there is one
	short map[*Cluster]bool // those that are waited for, and whether for shortWait only
}

func newWaiting(ctx context.Context, clusters int) *waiting {
	w := &waiting{heard: make(chan *Cluster, clusters), left: math.MaxInt64, short: make(map[*Cluster]bool)}
	if deadline, limited := ctx.Deadline(); limited {
		w.left = time.Until(deadline)
	}
	return w
}

func (w *waiting) add(c *Cluster) { w.short[c] = c.usedUp(w.left) }

// wait returns when all counts have ended, or are waited for no more.
func (w *waiting) wait(ctx context.Context, ended func(*Cluster)) {
	over := time.NewTimer(shortWait)
	defer over.Stop()
	for len(w.short) > 0 {
		select {
		case c := <-w.heard:
			delete(w.short, c)
			ended(c)
		case <-over.C:
			w.forget(func(_ *Cluster, short bool) bool { return short })
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				for c := range w.short {
					c.inVain(w.left)
				}
			}
			return
		}
	}
}

// forget ends the waits for some clusters.
func (w *waiting) forget(some func(c *Cluster, short bool) bool) {
	maps.DeleteFunc(w.short, func(c *Cluster, short bool) bool {
		if !some(c, short) {
			return false
		}
		c.forget(w.heard)
		return true
	})
}
