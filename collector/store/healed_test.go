package store

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"
)

// TestHealedBesideTricklers has a cluster that failed be well again, among many whose answers
// come all the time and to no end: its next answer, quick or over a slow line, comes soon.
func TestHealedBesideTricklers(t *testing.T) {
	for _, others := range []int{60, 200} {
		for _, takes := range []time.Duration{5 * time.Millisecond, 10 * time.Second} {
			t.Run(fmt.Sprint(others, " ", takes), func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					g := newGate(10)
					ctx, cancel := context.WithCancel(t.Context())
					var all sync.WaitGroup
					ask := func(c *clusterGate, takes time.Duration) {
						page, cancel := context.WithTimeout(ctx, 30*time.Second)
						defer cancel()
						_ = reading(page, c, 200*time.Millisecond, takes)
					}
					for i := range others {
						all.Go(func() {
							time.Sleep(time.Duration(i) * 97 * time.Millisecond)
							for c := (&clusterGate{gate: g, class: failingClass}); ctx.Err() == nil; time.Sleep(time.Second) {
								ask(c, time.Hour)
							}
						})
					}
					time.Sleep(5 * time.Minute)
					c, began := &clusterGate{gate: g, class: failingClass}, time.Now()
					for ; c.class == failingClass && time.Since(began) < time.Hour; time.Sleep(time.Second) {
						ask(c, takes)
					}
					if took := time.Since(began); took > 2*time.Minute {
						t.Errorf("its answer came after %s", took)
					}
					cancel()
					all.Wait()
					idle(t, g)
				})
			})
		}
	}
}

// TestWaitInVainGoesOn has a cluster wait in vain, and then another one come: its next wait is
// still the longer one, once.
func TestWaitInVainGoesOn(t *testing.T) {
	bubble(t, func(t *testing.T) {
		g := newGate(1)
		first := &clusterGate{gate: g}
		holder, err := (&clusterGate{gate: g}).Enter(t.Context(), false, func() {})
		if err != nil {
			t.Fatal(err)
		}
		page, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := first.Enter(page, false, func() {}); err == nil {
			t.Fatal("two are in one place")
		}
		var order []string
		var all sync.WaitGroup
		ask := func(c *clusterGate, name string) {
			all.Go(func() {
				p, err := c.Enter(t.Context(), false, func() {})
				if err != nil {
					t.Error(err)
					return
				}
				order = append(order, name) // one at a time holds the place
				time.Sleep(time.Millisecond)
				p.Leave(false)
			})
			time.Sleep(time.Microsecond)
		}
		ask(&clusterGate{gate: g}, "another")
		ask(first, "first")
		holder.Leave(false)
		all.Wait()
		if holder, err = (&clusterGate{gate: g}).Enter(t.Context(), false, func() {}); err != nil {
			t.Fatal(err)
		}
		ask(&clusterGate{gate: g}, "a third")
		ask(first, "first again")
		holder.Leave(false)
		all.Wait()
		if got, want := fmt.Sprint(order), "[first another a third first again]"; got != want {
			t.Errorf("the order is %s, want %s", got, want)
		}
		idle(t, g)
	})
}
