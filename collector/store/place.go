package store

import (
	"context"
	"slices"
	"time"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
)

// place is a place that is asked for, or held.
type place struct {
	cluster *clusterGate
	class   class
	since   time.Time // when it was asked for, minus the head start
	granted chan struct{}
	end     func() // ends the answer

	room    *room     // where the answer is read; nil before and after
	entered time.Time // when it got the room
	came    time.Time // when the latest part of the answer came
	slow    bool
	ended   bool
}

// Came notes that the answer goes on.
func (p *place) Came() {
	g := p.cluster.gate
	g.mu.Lock()
	defer g.mu.Unlock()
	p.came = time.Now()
}

// Yield moves a slow answer to the overflow as soon as there is room.
func (p *place) Yield() {
	g := p.cluster.gate
	g.mu.Lock()
	defer g.mu.Unlock()
	if p.room != nil && !p.slow {
		p.slow, g.slow = true, append(g.slow, p)
		g.settle()
	}
}

// Leave gives the place back, and notes the class of the cluster's answer.
func (p *place) Leave(failed bool) {
	slow, silent := p.cluster.gate.remove(p)
	c := p.cluster
	c.held += time.Since(p.entered)
	switch {
	case failed && !slow: // at once, which says nothing of the next answer
		return
	case failed && (silent || !c.worked):
		c.class = failingClass
	case slow: // a failure after a success may be a broken connection
		c.class = slowClass
	default:
		c.class = quickClass
	}
	c.worked = !failed
}

// remove takes p out of the queue or its room, and says whether its answer proved slow, and
// has been silent for as long as any may.
func (g *gate) remove(p *place) (slow, silent bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	same := func(other *place) bool { return other == p }
	g.waiting, g.slow = slices.DeleteFunc(g.waiting, same), slices.DeleteFunc(g.slow, same)
	if p.room != nil {
		p.room.held[p.class]--
		p.room = nil
		g.settle()
	}
	return p.slow, p.overdue() >= 0
}

// clusterGate is one cluster's way through the gate. It has one answer at a time.
type clusterGate struct {
	gate   *gate
	class  class
	worked bool          // the latest answer that says something was no failure
	held   time.Duration // for how long the count has held places
	vain   time.Time     // since when it waits, if its latest wait was in vain; else zero
}

// Enter waits for a place. A wait after one in vain goes on with it, so that a cluster comes
// to its turn however many others wait.
func (c *clusterGate) Enter(ctx context.Context, begun bool, end func()) (podcount.Place, error) {
	p := &place{cluster: c, class: c.class, since: time.Now(), granted: make(chan struct{}), end: end}
	if begun {
		p.since = p.since.Add(-max(0, headStart-c.held))
	} else {
		c.held = 0
	}
	if !c.vain.IsZero() {
		p.since = c.vain
	}
	c.gate.mu.Lock()
	c.gate.waiting = append(c.gate.waiting, p)
	slices.SortStableFunc(c.gate.waiting, func(a, b *place) int { return a.since.Compare(b.since) })
	c.gate.settle()
	c.gate.mu.Unlock()
	select {
	case <-p.granted:
		c.vain = time.Time{}
		return p, nil
	case <-ctx.Done():
		c.vain = p.since
		c.gate.remove(p)
		return nil, ctx.Err()
	}
}
