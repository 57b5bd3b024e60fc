package collector

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
)

const (
	// slowAnswer is how long an answer is read until it counts as slow.
	slowAnswer = 250 * time.Millisecond
	// slowPlaces is how many slow answers can be read for each place. They bound
	// what such answers hold in memory.
	slowPlaces = 4
	// headStart is how much longer than others a count that has begun seems to have
	// waited. It ends early so, and yet overtakes nobody for ever.
	headStart = 10 * time.Second
)

// class is what is expected of a cluster's next answer, going by its latest one.
type class int

const (
	quickClass class = iota
	unknownClass
	slowClass
	failingClass
	classes
)

// gate gives out the places in which answers are read. Each class has a share of
// them that it cannot exceed, so that most places are left for quick answers.
// An answer that turns out to be slow goes on beside the places, as long as few
// of them do: servers that nobody knows yet do not block one another.
type gate struct {
	shares [classes]int // of the places
	beside [classes]int // how many slow answers can go on beside them

	mu      sync.Mutex
	held    [classes]int
	aside   [classes]int
	waiting []*place // who has waited longest comes first
}

// place is a place that is asked for, or held.
type place struct {
	class   class
	since   time.Time // when it was asked for, less the head start
	granted chan struct{}
	slow    bool // its answer is read beside the places
	left    bool
}

func newGate(places int) *gate {
	quarter := max(1, places/4)
	return &gate{
		shares: [classes]int{quickClass: places, unknownClass: max(1, places/2), slowClass: quarter, failingClass: quarter},
		beside: [classes]int{
			quickClass: slowPlaces * places, unknownClass: slowPlaces * places, slowClass: slowPlaces * places, failingClass: slowPlaces * quarter,
		},
	}
}

func sum(of [classes]int) (all int) {
	for _, n := range of {
		all += n
	}
	return all
}

// ask puts p in the queue.
func (g *gate) ask(p *place) {
	g.mu.Lock()
	defer g.mu.Unlock()
	at, _ := slices.BinarySearchFunc(g.waiting, p.since, func(other *place, since time.Time) int {
		if other.since.After(since) {
			return 1
		}
		return -1 // behind those that have waited as long
	})
	g.waiting = slices.Insert(g.waiting, at, p)
	g.admit()
}

// admit grants what can be granted, in the queue's order. g.mu must be held.
func (g *gate) admit() {
	g.waiting = slices.DeleteFunc(g.waiting, func(p *place) bool {
		if sum(g.held) == g.shares[quickClass] || g.held[p.class] == g.shares[p.class] {
			return false
		}
		g.held[p.class]++
		close(p.granted)
		return true
	})
}

// goBeside lets the answer that is read in p go on beside the places.
func (g *gate) goBeside(p *place) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !p.left && sum(g.aside) < g.beside[quickClass] && g.aside[p.class] < g.beside[p.class] {
		g.held[p.class]--
		g.aside[p.class]++
		p.slow = true
		g.admit()
	}
}

// giveBack gives up p, granted or not.
func (g *gate) giveBack(p *place) {
	g.mu.Lock()
	defer g.mu.Unlock()
	p.left = true
	switch i := slices.Index(g.waiting, p); {
	case i >= 0:
		g.waiting = slices.Delete(g.waiting, i, i+1)
	case p.slow:
		g.aside[p.class]--
	default:
		g.held[p.class]--
	}
	g.admit()
}

// clusterGate is one cluster's way through the gate. Its answers come one after
// the other, so nothing here is locked.
type clusterGate struct {
	gate  *gate
	class class
	place *place
	began time.Time
	timer *time.Timer // while the place is held
}

var _ podcount.Gate = (*clusterGate)(nil)

// Enter waits for a place.
func (c *clusterGate) Enter(ctx context.Context, begun bool) error {
	p := &place{class: c.class, since: time.Now(), granted: make(chan struct{})}
	if begun {
		p.since = p.since.Add(-headStart)
	}
	c.gate.ask(p)
	select {
	case <-p.granted:
		c.place, c.began = p, time.Now()
		c.timer = time.AfterFunc(slowAnswer, func() { c.gate.goBeside(p) })
		return nil
	case <-ctx.Done():
		c.gate.giveBack(p)
		return ctx.Err()
	}
}

// Leave gives the place back, and remembers how the cluster used it.
func (c *clusterGate) Leave(failed bool) {
	c.timer.Stop()
	switch {
	case failed:
		c.class = failingClass
	case time.Since(c.began) > slowAnswer:
		c.class = slowClass
	default:
		c.class = quickClass
	}
	c.gate.giveBack(c.place)
}
