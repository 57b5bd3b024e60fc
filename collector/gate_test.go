package collector

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// use reads an answer that takes a while.
func use(t *testing.T, c *clusterGate, begun bool, takes time.Duration, failed bool) {
	t.Helper()
	if err := c.Enter(t.Context(), begun); err != nil {
		t.Error(err)
		return
	}
	time.Sleep(takes)
	c.Leave(failed)
}

// idle fails the test if anything is left in the gate.
func idle(t *testing.T, g *gate) {
	t.Helper()
	g.mu.Lock()
	defer g.mu.Unlock()
	if sum(g.held) != 0 || sum(g.aside) != 0 || len(g.waiting) != 0 {
		t.Errorf("%d places held, %d answers beside them, %d waiting; want none", g.held, g.aside, len(g.waiting))
	}
}

// TestGateShares has answers that take longer than anybody waits: as many places
// are taken as the class may have, and as many answers are read beside them.
func TestGateShares(t *testing.T) {
	for _, tt := range []struct {
		name         string
		class        class
		places       int
		first, later int // answers that are read at first, and when the first are known to be slow
	}{
		{"quick", quickClass, 10, 10, 50},
		{"unknown", unknownClass, 10, 5, 45},
		{"slow", slowClass, 10, 2, 42},
		{"failing", failingClass, 10, 2, 10},
		{"quick, one place", quickClass, 1, 1, 5},
		{"unknown, one place", unknownClass, 1, 1, 5},
		{"failing, one place", failingClass, 1, 1, 5},
		{"failing, seven places", failingClass, 7, 1, 5},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				g := newGate(tt.places)
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				var all sync.WaitGroup
				var mu sync.Mutex
				read := 0
				for range 100 {
					all.Go(func() {
						c := &clusterGate{gate: g, class: tt.class}
						if err := c.Enter(ctx, false); err != nil {
							return
						}
						mu.Lock()
						read++
						mu.Unlock()
						<-ctx.Done()
						c.Leave(true)
					})
				}
				synctest.Wait()
				if read != tt.first {
					t.Errorf("%d answers are read at first, want %d", read, tt.first)
				}
				time.Sleep(30 * time.Second)
				if read != tt.later {
					t.Errorf("%d answers are read later, want %d", read, tt.later)
				}
				all.Wait()
				idle(t, g)
			})
		})
	}
}

// TestGateClasses tells what is expected after which answer.
func TestGateClasses(t *testing.T) {
	for _, tt := range []struct {
		name   string
		takes  time.Duration
		failed bool
		want   class
	}{
		{"quick", slowAnswer, false, quickClass},
		{"slow", slowAnswer + 1, false, slowClass},
		{"failed at once", 0, true, failingClass},
		{"failed late", time.Hour, true, failingClass},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				g := newGate(4)
				for _, before := range []class{quickClass, unknownClass, slowClass, failingClass} {
					c := &clusterGate{gate: g, class: before}
					use(t, c, false, tt.takes, tt.failed)
					if c.class != tt.want {
						t.Errorf("class %d after class %d, want %d", c.class, before, tt.want)
					}
				}
				idle(t, g)
			})
		})
	}
}

// TestGateOrder has one place, and clusters that ask for it at certain times.
func TestGateOrder(t *testing.T) {
	type asking struct {
		name  string
		at    time.Duration
		begun bool
	}
	for _, tt := range []struct {
		name  string
		asked []asking
		want  []string
	}{
		{"in turn", []asking{{"a", 1, false}, {"b", 2, false}, {"c", 3, false}}, []string{"a", "b", "c"}},
		{"begun first", []asking{{"a", 1, false}, {"b", 2, true}, {"c", 3, true}}, []string{"b", "c", "a"}},
		{"but not for ever", []asking{{"a", 0, false}, {"b", headStart, true}, {"c", headStart + 1, true}, {"d", headStart - 1, true}}, []string{"d", "a", "b", "c"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				g := newGate(1)
				g.beside = [classes]int{}
				var order []string
				var all sync.WaitGroup
				all.Go(func() { use(t, &clusterGate{gate: g}, false, time.Minute, false) })
				synctest.Wait()
				for _, a := range tt.asked {
					all.Go(func() {
						time.Sleep(a.at)
						c := &clusterGate{gate: g}
						if err := c.Enter(t.Context(), a.begun); err != nil {
							t.Error(err)
						}
						order = append(order, a.name)
						c.Leave(false)
					})
				}
				all.Wait()
				if !slices.Equal(order, tt.want) {
					t.Errorf("places went to %q, want %q", order, tt.want)
				}
				idle(t, g)
			})
		})
	}
}

// TestGateSlowAnswersMakeRoom has more slow answers than places, and a quick one.
func TestGateSlowAnswersMakeRoom(t *testing.T) {
	bubble(t, func(t *testing.T) {
		g := newGate(2)
		var all sync.WaitGroup
		for range 6 {
			all.Go(func() { use(t, &clusterGate{gate: g, class: quickClass}, true, time.Hour, false) })
		}
		synctest.Wait()
		began := time.Now()
		use(t, &clusterGate{gate: g, class: quickClass}, false, 0, false)
		if waited := time.Since(began); waited != 3*slowAnswer {
			t.Errorf("a quick answer waited %s behind three rounds of slow ones, want %s", waited, 3*slowAnswer)
		}
		all.Wait()
		idle(t, g)
	})
}

func TestGateForgetsWhoGaveUp(t *testing.T) {
	bubble(t, func(t *testing.T) {
		g := newGate(1)
		g.beside = [classes]int{}
		first := &clusterGate{gate: g}
		if err := first.Enter(t.Context(), false); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := (&clusterGate{gate: g}).Enter(ctx, false); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("waiting ended with %v, want the context's error", err)
		}
		first.Leave(false)
		use(t, &clusterGate{gate: g}, false, 0, false)
		idle(t, g)
	})
}
