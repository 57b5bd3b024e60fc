package collector

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
)

// slowRequest is how long a request may take before its cluster counts as slow.
const slowRequest = time.Second

// gate lets a number of clusters have a request under way at once. Those whose
// last request failed or was slow share half of the places at most: each of
// them would hold a place for its whole page timeout, time and again, and the
// others would have to wait for them.
type gate struct {
	places     int
	slowPlaces int

	mu       sync.Mutex
	held     int
	slowHeld int
	waiting  []*pass
}

// pass is a place that is asked for, or held.
type pass struct {
	slow    bool
	begun   bool
	granted chan struct{}
	since   time.Time
}

func newGate(places int) *gate {
	return &gate{places: places, slowPlaces: max(1, places/2)}
}

// apply puts p in the queue: behind the counts that have begun, if it has not.
func (g *gate) apply(p *pass) {
	g.mu.Lock()
	defer g.mu.Unlock()
	at := len(g.waiting)
	if p.begun {
		if i := slices.IndexFunc(g.waiting, func(other *pass) bool { return !other.begun }); i >= 0 {
			at = i
		}
	}
	g.waiting = slices.Insert(g.waiting, at, p)
	g.admit()
}

// admit grants what can be granted, in the queue's order.
func (g *gate) admit() {
	g.waiting = slices.DeleteFunc(g.waiting, func(p *pass) bool {
		if g.held == g.places || p.slow && g.slowHeld == g.slowPlaces {
			return false
		}
		g.held++
		if p.slow {
			g.slowHeld++
		}
		close(p.granted)
		return true
	})
}

// withdraw gives up p, granted or not.
func (g *gate) withdraw(p *pass) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if i := slices.Index(g.waiting, p); i >= 0 {
		g.waiting = slices.Delete(g.waiting, i, i+1)
		return
	}
	g.held--
	if p.slow {
		g.slowHeld--
	}
	g.admit()
}

// entrance is one cluster's way through the gate. Its requests come one after
// the other, so nothing here is locked.
type entrance struct {
	gate *gate
	slow bool
	pass *pass
}

var _ podcount.Gate = (*entrance)(nil)

// Enter waits for a place.
func (e *entrance) Enter(ctx context.Context, begun bool) error {
	p := &pass{slow: e.slow, begun: begun, granted: make(chan struct{})}
	e.gate.apply(p)
	select {
	case <-p.granted:
		p.since = time.Now()
		e.pass = p
		return nil
	case <-ctx.Done():
		e.gate.withdraw(p)
		return ctx.Err()
	}
}

// Leave gives the place back, and remembers how the cluster used it.
func (e *entrance) Leave(failed bool) {
	e.slow = failed || time.Since(e.pass.since) > slowRequest
	e.gate.withdraw(e.pass)
}
