package collector

import (
	"context"
	"errors"
	"sync"
	"time"
)

const (
	// impatient is how long a scrape waits for a cluster that an earlier scrape
	// has waited for in vain.
	impatient = time.Second
	// alike is by how much the times that two scrapes have may differ.
	alike = 100 * time.Millisecond
)

// patience keeps a cluster that is slow or down from holding up every scrape
// until its deadline: after one has waited for all its time in vain, those with
// no more time than that wait a moment only, until a count completes.
type patience struct {
	mu   sync.Mutex
	vain time.Duration // the longest time that was waited in vain
}

// wait returns when done is closed, ctx has ended, or patience has.
func (p *patience) wait(ctx context.Context, done <-chan struct{}) {
	allowed, cancel := ctx, context.CancelFunc(func() {})
	left, limited := remaining(ctx)
	if limited && p.spent(left) {
		allowed, cancel = context.WithTimeout(ctx, impatient)
	}
	defer cancel()
	select {
	case <-done:
	case <-allowed.Done():
	}
	if limited && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		p.spend(left)
	}
}

func remaining(ctx context.Context) (left time.Duration, limited bool) {
	deadline, limited := ctx.Deadline()
	return time.Until(deadline), limited
}

func (p *patience) spent(left time.Duration) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return left <= p.vain+alike && p.vain > 0
}

func (p *patience) spend(left time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.vain = max(p.vain, left)
}

// restore begins anew: the cluster can be counted.
func (p *patience) restore() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.vain = 0
}
