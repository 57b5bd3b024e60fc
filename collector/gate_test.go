package collector

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// use is a request that holds a place for a while.
func use(t *testing.T, e *entrance, begun bool, hold time.Duration, failed bool) {
	t.Helper()
	if err := e.Enter(t.Context(), begun); err != nil {
		t.Error(err)
		return
	}
	time.Sleep(hold)
	e.Leave(failed)
}

func TestGateBoundsTheRequests(t *testing.T) {
	bubble(t, func(t *testing.T) {
		g := newGate(3)
		began := time.Now()
		var all sync.WaitGroup
		for range 9 {
			all.Go(func() { use(t, &entrance{gate: g}, false, time.Second, false) })
		}
		all.Wait()
		if took := time.Since(began); took != 3*time.Second {
			t.Errorf("9 requests of a second took %s in 3 places, want 3s", took)
		}
	})
}

func TestGateKeepsPlacesFromSlowClusters(t *testing.T) {
	tests := []struct {
		name   string
		failed bool
		hold   time.Duration // of the request before
		waits  time.Duration // of a healthy cluster behind the bad ones
	}{
		{"quick ones take all places", false, slowRequest, 20 * time.Second},
		{"failing ones leave half", true, 0, 0},
		{"slow ones leave half", false, slowRequest + 1, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				g := newGate(4)
				var all sync.WaitGroup
				for range 20 {
					bad := &entrance{gate: g}
					use(t, bad, false, tt.hold, tt.failed)
					all.Go(func() { use(t, bad, true, 30*time.Second, true) })
				}
				synctest.Wait()
				began := time.Now()
				use(t, &entrance{gate: g}, false, 0, false)
				if waited := time.Since(began); waited < tt.waits || tt.waits == 0 && waited > 0 {
					t.Errorf("a healthy cluster waited %s, want %s at least", waited, tt.waits)
				}
				all.Wait()
			})
		})
	}
}

func TestGatePrefersCountsThatHaveBegun(t *testing.T) {
	bubble(t, func(t *testing.T) {
		g := newGate(1)
		var order []bool
		var all sync.WaitGroup
		all.Go(func() { use(t, &entrance{gate: g}, false, time.Millisecond, false) })
		for _, begun := range []bool{false, false, true, false, true} {
			synctest.Wait()
			all.Go(func() {
				e := &entrance{gate: g}
				if err := e.Enter(t.Context(), begun); err != nil {
					t.Error(err)
				}
				order = append(order, begun)
				e.Leave(false)
			})
		}
		all.Wait()
		if len(order) != 5 || !order[0] || !order[1] {
			t.Errorf("order of the counts, true for begun: %v", order)
		}
	})
}

func TestGateForgetsWhoGaveUp(t *testing.T) {
	bubble(t, func(t *testing.T) {
		g := newGate(1)
		first := &entrance{gate: g}
		if err := first.Enter(t.Context(), false); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := (&entrance{gate: g}).Enter(ctx, false); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("waiting ended with %v, want the context's error", err)
		}
		first.Leave(false)
		use(t, &entrance{gate: g}, false, 0, false)
		if g.held != 0 || g.slowHeld != 0 || len(g.waiting) != 0 {
			t.Errorf("%d places held, %d slow, %d waiting; want none", g.held, g.slowHeld, len(g.waiting))
		}
	})
}
