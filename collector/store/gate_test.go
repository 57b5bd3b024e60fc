package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// use reads an answer, half of which is late.
func use(t *testing.T, c *clusterGate, begun bool, late time.Duration, failed bool) {
	t.Helper()
	p, err := c.Enter(t.Context(), begun, func() {})
	if err != nil {
		t.Error(err)
		return
	}
	if late > 0 {
		time.Sleep(time.Second)
		p.Yield()
		p.Yield()
		time.Sleep(late)
	}
	p.Leave(failed)
}

// idle fails the test if anything is left in the gate.
func idle(t *testing.T, g *gate) {
	t.Helper()
	g.mu.Lock() // a check may be under way
	defer g.mu.Unlock()
	if none := [classes]int{}; g.places.held != none || g.overflow.held != none || len(g.waiting) != 0 {
		t.Errorf("%d places held, %d answers beside them, %d waiting; want none", g.places.held, g.overflow.held, len(g.waiting))
	}
}

// TestGateShares has answers that take longer than anybody waits: as many places are
// taken as the class may have, and as many answers are read beside them.
func TestGateShares(t *testing.T) {
	for _, tt := range []struct {
		name         string
		class        class
		places       int
		first, later int // answers that are read at first, and when the first are known to be slow
	}{
		{"quick", quickClass, 10, 10, 210},
		{"unknown", unknownClass, 10, 8, 208},
		{"slow", slowClass, 10, 2, 202},
		{"failing", failingClass, 10, 2, 102},
		{"quick, one place", quickClass, 1, 1, 21},
		{"unknown, one place", unknownClass, 1, 1, 21},
		{"failing, one place", failingClass, 1, 1, 11},
		{"failing, seven places", failingClass, 7, 1, 71},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				g := newGate(tt.places)
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				var all sync.WaitGroup
				var read atomic.Int32
				for range 300 {
					all.Go(func() {
						p, err := (&clusterGate{gate: g, class: tt.class}).Enter(ctx, false, func() {})
						if err != nil {
							return
						}
						read.Add(1)
						time.Sleep(100 * time.Millisecond)
						p.Yield()
						<-ctx.Done()
						p.Leave(true)
					})
				}
				synctest.Wait()
				if got := int(read.Load()); got != tt.first {
					t.Errorf("%d answers are read at first, want %d", got, tt.first)
				}
				time.Sleep(30 * time.Second)
				if got := int(read.Load()); got != tt.later {
					t.Errorf("%d answers are read later, want %d", got, tt.later)
				}
				all.Wait()
				idle(t, g)
			})
		})
	}
}

// TestGateClasses checks what is expected after which answer.
func TestGateClasses(t *testing.T) {
	for _, tt := range []struct {
		name   string
		late   time.Duration
		failed bool
		want   class
	}{
		{"quick", 0, false, quickClass},
		{"slow", 1, false, slowClass},
		{"failed late", time.Hour, true, failingClass},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				g := newGate(4)
				for _, before := range []class{quickClass, unknownClass, slowClass, failingClass} {
					c := &clusterGate{gate: g, class: before}
					use(t, c, false, tt.late, tt.failed)
					if c.class != tt.want {
						t.Errorf("class %d after class %d, want %d", c.class, before, tt.want)
					}
					c.class = before
					if use(t, c, false, 0, true); c.class != before {
						t.Errorf("class %d after class %d and a failure at once, want the same", c.class, before)
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
				var order []string
				var all sync.WaitGroup
				first, err := (&clusterGate{gate: g}).Enter(t.Context(), false, func() {})
				if err != nil {
					t.Fatal(err)
				}
				all.Go(func() {
					time.Sleep(time.Minute)
					first.Leave(false)
				})
				synctest.Wait()
				for _, a := range tt.asked {
					all.Go(func() {
						time.Sleep(a.at)
						p, err := (&clusterGate{gate: g}).Enter(t.Context(), a.begun, func() {})
						if err != nil {
							t.Error(err)
							return
						}
						order = append(order, a.name)
						p.Leave(false)
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

// TestGateCountsWithoutEnd has counts that ask for the next place as soon as they have
// left one, far more of them than places, and one that begins among them.
func TestGateCountsWithoutEnd(t *testing.T) {
	const page = 20 * time.Millisecond
	read := func(ctx context.Context, c *clusterGate, begun bool) {
		if p, err := c.Enter(ctx, begun, func() {}); err == nil {
			time.Sleep(page)
			p.Leave(false)
		}
	}
	for _, endless := range []int{20, 60, 200} {
		for _, tt := range []struct {
			name string
			at   time.Duration // when the one begins
			most time.Duration // that its five pages may take
		}{
			{"begun together", 0, 5 * time.Second},
			{"among them", time.Minute, time.Second},
		} {
			t.Run(fmt.Sprint(endless, " ", tt.name), func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					g := newGate(10)
					ctx, cancel := context.WithCancel(t.Context())
					var all sync.WaitGroup
					for range endless {
						all.Go(func() {
							c := &clusterGate{gate: g}
							for begun := false; ctx.Err() == nil; begun = true {
								read(ctx, c, begun)
							}
						})
					}
					synctest.Wait()
					time.Sleep(tt.at)
					start, one := time.Now(), &clusterGate{gate: g}
					for number := range 5 {
						read(ctx, one, number > 0)
					}
					if took := time.Since(start); took > tt.most {
						t.Errorf("five pages took %s beside %d counts without end, want %s at most", took, endless, tt.most)
					}
					cancel()
					all.Wait()
					idle(t, g)
				})
			})
		}
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
		if waited := time.Since(began); waited != 3*time.Second {
			t.Errorf("a quick answer waited %s behind three rounds of slow ones, want 3s", waited)
		}
		all.Wait()
		idle(t, g)
	})
}

func TestGateForgetsWhoGaveUp(t *testing.T) {
	bubble(t, func(t *testing.T) {
		g := newGate(1)
		first, err := (&clusterGate{gate: g}).Enter(t.Context(), false, func() {})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := (&clusterGate{gate: g}).Enter(ctx, false, func() {}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("waiting ended with %v, want the context's error", err)
		}
		first.Leave(false)
		use(t, &clusterGate{gate: g}, false, 0, false)
		idle(t, g)
	})
}
