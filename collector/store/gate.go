package store

import (
	"slices"
	"sync"
	"time"
)

const (
	// overflowPlaces is how many slow answers can be read for each place. It limits
	// the memory that slow answers take.
	overflowPlaces = 20
	// headStart puts a count that has begun ahead in the queue by this much, less the
	// time for which it has held places: it ends early, but one with pages without end
	// cannot overtake the others forever.
	headStart = 2 * time.Second
	// checkPause is how often a queue looks whether a slow answer has had its time.
	checkPause = 100 * time.Millisecond
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
// that it cannot exceed, and one is kept for quick answers. An answer that proves slow
// moves to the overflow as soon as that has room, so that servers that stall do not block
// others of which nothing is known yet. Where the overflow is full, slow answers that are
// overdue are ended for those that wait.
type gate struct {
	places   room
	overflow room // where slow answers move to
	mu       sync.Mutex
	waiting  []*place    // sorted by since
	slow     []*place    // that are being read, in the order in which they proved slow
	checks   *time.Timer // that calls check; nil unless it runs
}

// room holds answers, up to a limit for each class. The limit of quickClass is that
// of all classes together; some of it is kept for quickClass.
type room struct {
	limit, held [classes]int
	kept        int
}

// take says whether there was room for one more.
func (r *room) take(c class) bool {
	all, most := 0, r.limit[quickClass]
	for _, n := range r.held {
		all += n
	}
	if all >= most || r.held[c] >= r.limit[c] || c != quickClass && all-r.held[quickClass] >= most-r.kept {
		return false
	}
	r.held[c]++
	return true
}

func newGate(places int) *gate {
	quarter := max(1, places/4)
	most := overflowPlaces * places
	return &gate{
		places: room{
			limit: [classes]int{quickClass: places, unknownClass: max(1, places-quarter), slowClass: quarter, failingClass: quarter},
			kept:  min(1, places-1),
		},
		// With less for those that fail, ones that trickle would keep one that has healed waiting.
		overflow: room{limit: [classes]int{quickClass: most, unknownClass: most, slowClass: most, failingClass: most / 2}},
	}
}

// settle moves slow answers to the overflow, grants what can be granted, in the queue's
// order, and ends what is overdue. g.mu must be held.
func (g *gate) settle() {
	for _, p := range g.slow {
		if p.room == &g.places && g.overflow.take(p.class) {
			p.room.held[p.class]--
			p.room = &g.overflow
		}
	}
	g.waiting = slices.DeleteFunc(g.waiting, func(p *place) bool {
		if !g.places.take(p.class) {
			return false
		}
		p.room, p.entered, p.came = &g.places, time.Now(), time.Now()
		close(p.granted)
		return true
	})
	g.relieve()
	if g.checks == nil && len(g.waiting) > 0 && len(g.slow) > 0 {
		g.checks = time.AfterFunc(checkPause, g.check)
	}
}

// check is called from time to time while some wait and some are slow.
func (g *gate) check() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.checks = nil
	g.settle()
}
