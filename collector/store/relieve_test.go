package store

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// reading reads one answer that comes as a whole after a while, and part by part until then,
// and says whether it was ended before.
func reading(ctx context.Context, c *clusterGate, pause, takes time.Duration) (ended bool) {
	answer, end := context.WithCancel(ctx)
	defer end()
	p, err := c.Enter(ctx, true, end)
	if err != nil {
		return false
	}
	slow := time.AfterFunc(150*time.Millisecond, p.Yield)
	for until := time.Now().Add(takes); answer.Err() == nil && time.Now().Before(until); {
		select {
		case <-answer.Done():
		case <-time.After(min(pause, time.Until(until))):
			p.Came()
		}
	}
	slow.Stop()
	ended = answer.Err() != nil
	p.Leave(ended)
	return ended && ctx.Err() == nil
}

// dead has clusters whose answers come to no end, of this class at first, and which ask
// again and again until ctx ends.
func dead(ctx context.Context, g *gate, all *sync.WaitGroup, number int, first class) {
	for range number {
		all.Go(func() {
			c := &clusterGate{gate: g, class: first}
			for wait := time.Second; ctx.Err() == nil; wait = min(2*wait, time.Minute) {
				page, cancel := context.WithTimeout(ctx, 30*time.Second)
				_ = reading(page, c, time.Hour, time.Hour)
				cancel()
				select {
				case <-ctx.Done():
				case <-time.After(wait):
				}
			}
		})
	}
}

// TestSlowAnswersBesideDeadOnes has a cluster whose answers are slow, but come, among many
// that are dead: none of its answers is ended, and they do not wait for long.
func TestSlowAnswersBesideDeadOnes(t *testing.T) {
	for _, number := range []int{20, 60, 200, 300} {
		for name, tt := range map[string]struct{ pause, takes time.Duration }{
			"late":       {1500 * time.Millisecond, 1500 * time.Millisecond},
			"bit by bit": {100 * time.Millisecond, 3 * time.Second},
		} {
			t.Run(fmt.Sprint(number, " ", name), func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					g := newGate(10)
					ctx, cancel := context.WithCancel(t.Context())
					var all sync.WaitGroup
					dead(ctx, g, &all, number, unknownClass)
					c := &clusterGate{gate: g, class: unknownClass}
					for page := range 30 {
						began := time.Now()
						if reading(ctx, c, tt.pause, tt.takes) {
							t.Errorf("page %d was ended", page)
						}
						if took := time.Since(began); took > tt.takes+6*time.Second {
							t.Errorf("page %d took %s", page, took)
						}
						time.Sleep(time.Second)
					}
					cancel()
					all.Wait()
					idle(t, g)
				})
			})
		}
	}
}

// TestOneWaitsOneIsEnded has all room be taken by answers that are slow. For each cluster
// that comes, the answer that has been silent for the longest time is ended, but none
// before its time, and none if nobody waits.
func TestOneWaitsOneIsEnded(t *testing.T) {
	bubble(t, func(t *testing.T) {
		g, ended := newGate(2), []int(nil)
		var mu sync.Mutex
		so := func() []int {
			synctest.Wait()
			mu.Lock()
			defer mu.Unlock()
			return slices.Clone(ended)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var all sync.WaitGroup
		const room = 2 + 2*overflowPlaces
		for i := range room {
			all.Go(func() {
				if reading(ctx, &clusterGate{gate: g}, time.Hour, time.Hour) {
					mu.Lock()
					defer mu.Unlock()
					ended = append(ended, i)
				}
			})
			time.Sleep(200 * time.Millisecond)
		}
		time.Sleep(time.Minute)
		if n := len(so()); n > 0 {
			t.Errorf("%d were ended, and nobody waits", n)
		}
		for want := range 3 {
			use(t, &clusterGate{gate: g}, false, 0, false)
			if got := so(); len(got) != want+1 || got[want] != want {
				t.Fatalf("ended: %v, want those that came first", got)
			}
			all.Go(func() { _ = reading(ctx, &clusterGate{gate: g}, time.Hour, time.Hour) })
			time.Sleep(time.Second)
		}
		cancel()
		all.Wait()
		idle(t, g)
	})
}

// TestTimeOfASlowAnswer has one cluster wait for a place, and slow answers in all others.
func TestTimeOfASlowAnswer(t *testing.T) {
	for pause, want := range map[time.Duration]time.Duration{time.Hour: 2 * time.Second, 2500 * time.Millisecond: 2 * time.Second, 1999 * time.Millisecond: time.Minute, time.Millisecond: time.Minute} {
		t.Run(pause.String(), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				g := newGate(1)
				g.overflow.limit = [classes]int{quickClass: 1}
				ctx, cancel := context.WithCancel(t.Context())
				var all sync.WaitGroup
				began := time.Now()
				for range 2 {
					all.Go(func() { _ = reading(ctx, &clusterGate{gate: g}, pause, time.Minute) })
					time.Sleep(200 * time.Millisecond)
				}
				use(t, &clusterGate{gate: g}, false, 0, false)
				if got := time.Since(began); got < want || got > want+2*checkPause {
					t.Errorf("a place is free after %s, want %s", got, want)
				}
				cancel()
				all.Wait()
				idle(t, g)
			})
		})
	}
}

// TestFleetBehindASlowLine has more clusters than slow answers can be read at once, all of
// which answer slowly, but all the time: no answer is ended, and all come.
func TestFleetBehindASlowLine(t *testing.T) {
	bubble(t, func(t *testing.T) {
		g := newGate(10)
		var all sync.WaitGroup
		var ended, came atomic.Int32
		for range 300 {
			all.Go(func() {
				c := &clusterGate{gate: g, class: unknownClass}
				for range 5 {
					if came.Add(1); reading(t.Context(), c, 200*time.Millisecond, 6*time.Second) {
						ended.Add(1)
					}
					time.Sleep(time.Minute)
				}
			})
		}
		all.Wait()
		if ended.Load() > 0 || came.Load() != 1500 {
			t.Errorf("of %d answers %d were ended", came.Load(), ended.Load())
		}
		idle(t, g)
	})
}

// TestSlowAnswersMoveWhenThereIsRoom has answers prove slow while the overflow is full:
// they leave their places as soon as it has room.
func TestSlowAnswersMoveWhenThereIsRoom(t *testing.T) {
	bubble(t, func(t *testing.T) {
		g := newGate(1)
		ctx, cancel := context.WithCancel(t.Context())
		var all sync.WaitGroup
		all.Go(func() { _ = reading(ctx, &clusterGate{gate: g}, 10*time.Millisecond, 6*time.Second) })
		for range overflowPlaces {
			time.Sleep(time.Second / 5)
			all.Go(func() { _ = reading(ctx, &clusterGate{gate: g}, 10*time.Millisecond, time.Hour) })
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if n := inPlaces(g); n != 1 {
			t.Fatalf("%d are read in places, want one", n)
		}
		time.Sleep(2 * time.Second) // the first one has ended
		synctest.Wait()
		if n := inPlaces(g); n != 0 {
			t.Errorf("%d are read in places, although the overflow has room", n)
		}
		cancel()
		all.Wait()
		idle(t, g)
	})
}

func inPlaces(g *gate) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.places.held[quickClass]
}

// TestOnePlaceIsForQuickAnswers has answers of all other classes, that never come slowly
// enough to be moved, ask for places: a quick one finds one at once.
func TestOnePlaceIsForQuickAnswers(t *testing.T) {
	for places := 2; places <= 20; places++ {
		t.Run(fmt.Sprint(places), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				g := newGate(places)
				var all sync.WaitGroup
				for c := range classes {
					for range places {
						if c == quickClass {
							continue
						}
						all.Go(func() {
							p, err := (&clusterGate{gate: g, class: c}).Enter(t.Context(), false, func() {})
							if err != nil {
								t.Error(err)
								return
							}
							time.Sleep(time.Minute)
							p.Leave(true)
						})
					}
				}
				time.Sleep(time.Second)
				began := time.Now()
				use(t, &clusterGate{gate: g}, false, 0, false)
				if waited := time.Since(began); waited > 0 {
					t.Errorf("a quick answer waited %s", waited)
				}
				all.Wait()
				idle(t, g)
			})
		})
	}
}
