package store

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
)

const (
	// overflowPlaces is how many slow answers can be read for each place. It limits
	// the memory that slow answers take.
	overflowPlaces = 20
	// headStart puts a count that has begun ahead in the queue by this much, less the
	// time for which it has held places: it ends early, but one with pages without end
	// cannot overtake the others forever.
	headStart = 2 * time.Second
)

// class is what is expected of a cluster's next answer, judged by its latest one.
type class int

const (
	quickClass class = iota
	unknownClass
	slowClass
	failingClass
	classes
)

// gate gives out the places in which answers are read. Each class has a share of them
// that it cannot exceed, so that some are always left for quick answers. An answer
// that proves slow moves to the overflow, as long as that has room, so that servers
// that stall do not block others of which nothing is known yet.
type gate struct {
	places   room
	overflow room // where slow answers move to
	mu       sync.Mutex
	waiting  []*place // sorted by since
}

// room holds answers, up to a limit for each class. The limit of quickClass is that
// of all classes together.
type room struct{ limit, held [classes]int }

// take says whether there was room for one more.
func (r *room) take(c class) bool {
	all := 0
	for _, n := range r.held {
		all += n
	}
	if all == r.limit[quickClass] || r.held[c] == r.limit[c] {
		return false
	}
	r.held[c]++
	return true
}

func newGate(places int) *gate {
	quarter := max(1, places/4)
	most := overflowPlaces * places
	return &gate{
		places:   room{limit: [classes]int{quickClass: places, unknownClass: max(1, places-quarter), slowClass: quarter, failingClass: quarter}},
		overflow: room{limit: [classes]int{quickClass: most, unknownClass: most, slowClass: most, failingClass: overflowPlaces * quarter / 4}},
	}
}

// admit grants what can be granted, in the queue's order. g.mu must be held.
func (g *gate) admit() {
	g.waiting = slices.DeleteFunc(g.waiting, func(p *place) bool {
		if !g.places.take(p.class) {
			return false
		}
		p.room, p.entered = &g.places, time.Now()
		close(p.granted)
		return true
	})
}

// place is a place that is asked for, or held.
type place struct {
	cluster *clusterGate
	class   class
	since   time.Time // when it was asked for, minus the head start
	granted chan struct{}

	room    *room     // where the answer is read; nil before and after
	entered time.Time // when it got the room
	slow    bool
}

// Yield moves a slow answer to the overflow, if there is room.
func (p *place) Yield() {
	g := p.cluster.gate
	g.mu.Lock()
	defer g.mu.Unlock()
	p.slow = true
	if p.room == &g.places && g.overflow.take(p.class) {
		p.room.held[p.class]--
		p.room = &g.overflow
		g.admit()
	}
}

// Leave gives the place back, and notes the class of the cluster's answer.
func (p *place) Leave(failed bool) {
	slow := p.cluster.gate.remove(p)
	p.cluster.held += time.Since(p.entered)
	switch {
	case failed && slow:
		p.cluster.class = failingClass
	case failed: // at once, which says nothing of the next answer
	case slow:
		p.cluster.class = slowClass
	default:
		p.cluster.class = quickClass
	}
}

// remove takes p out of the queue or its room, and says whether its answer proved
// slow.
func (g *gate) remove(p *place) (slow bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.waiting = slices.DeleteFunc(g.waiting, func(other *place) bool { return other == p })
	if p.room != nil {
		p.room.held[p.class]--
		p.room = nil
		g.admit()
	}
	return p.slow
}

// clusterGate is one cluster's way through the gate. It has one answer at a time.
type clusterGate struct {
	gate  *gate
	class class
	held  time.Duration // for how long the count has held places
}

// Enter waits for a place.
func (c *clusterGate) Enter(ctx context.Context, begun bool) (podcount.Place, error) {
	p := &place{cluster: c, class: c.class, since: time.Now(), granted: make(chan struct{})}
	if begun {
		p.since = p.since.Add(-max(0, headStart-c.held))
	} else {
		c.held = 0
	}
	c.gate.mu.Lock()
	c.gate.waiting = append(c.gate.waiting, p)
	slices.SortStableFunc(c.gate.waiting, func(a, b *place) int { return a.since.Compare(b.since) })
	c.gate.admit()
	c.gate.mu.Unlock()
	select {
	case <-p.granted:
		return p, nil
	case <-ctx.Done():
		c.gate.remove(p)
		return nil, ctx.Err()
	}
}
