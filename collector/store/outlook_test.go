package store

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"
)

// answer is a slow one in a room, silent for so long.
type answer struct {
	name     string
	class    class
	overflow bool
	silent   time.Duration
	ended    bool // before
}

// TestRelieve has slow answers in places and in the overflow while others wait: those are
// ended, the longest silent first, whose end gives somebody a place, now or once those that
// cannot move have moved.
func TestRelieve(t *testing.T) {
	const overdue = silentTime + time.Second
	for _, tt := range []struct {
		name             string
		places, overflow [classes]int // their limits
		kept             int          // of places
		slow             []answer
		waiting          []class
		ended            []string
	}{
		{
			name:   "the class of who waits has all its share in a place that cannot be left",
			places: [classes]int{quickClass: 4, slowClass: 1}, overflow: [classes]int{quickClass: 1, failingClass: 1},
			slow:    []answer{{name: "stuck", class: slowClass, silent: overdue}, {name: "beside", class: failingClass, overflow: true}},
			waiting: []class{slowClass}, ended: []string{"stuck"},
		},
		{
			name:   "another class has its share",
			places: [classes]int{quickClass: 2, slowClass: 1, failingClass: 1}, overflow: [classes]int{quickClass: 1, failingClass: 1},
			slow:    []answer{{name: "slow", class: slowClass, silent: overdue}, {name: "failing", class: failingClass}, {name: "beside", class: failingClass, overflow: true}},
			waiting: []class{failingClass},
		},
		{
			name:   "the end of one beside lets another one move there, whose own end helps nobody then",
			places: [classes]int{quickClass: 1}, overflow: [classes]int{quickClass: 1},
			slow:    []answer{{name: "stuck", silent: overdue}, {name: "beside", overflow: true, silent: 2 * overdue}},
			waiting: []class{quickClass, quickClass}, ended: []string{"beside"},
		},
		{
			name:   "once the one in a place has been ended, nobody moves beside",
			places: [classes]int{quickClass: 1}, overflow: [classes]int{quickClass: 1},
			slow:    []answer{{name: "stuck", silent: 2 * overdue}, {name: "beside", overflow: true, silent: overdue}},
			waiting: []class{quickClass, quickClass}, ended: []string{"stuck"},
		},
		{
			name:   "the end of one beside lets one of another class move there, whose own end helps nobody then",
			places: [classes]int{quickClass: 1}, overflow: [classes]int{quickClass: 1, slowClass: 1},
			slow:    []answer{{name: "stuck", silent: overdue}, {name: "beside", class: slowClass, overflow: true, silent: 2 * overdue}},
			waiting: []class{quickClass, quickClass}, ended: []string{"beside"},
		},
		{
			name:   "one that was ended before is on its way",
			places: [classes]int{quickClass: 2}, overflow: [classes]int{quickClass: 1},
			slow:    []answer{{name: "stuck", silent: overdue}, {name: "leaving", silent: overdue, ended: true}, {name: "beside", overflow: true}},
			waiting: []class{quickClass},
		},
		{
			name:   "as many as wait",
			places: [classes]int{quickClass: 3}, overflow: [classes]int{quickClass: 1},
			slow:    []answer{{name: "a", silent: overdue}, {name: "b", silent: 3 * overdue}, {name: "c", silent: 2 * overdue}, {name: "beside", overflow: true}},
			waiting: []class{quickClass, quickClass}, ended: []string{"b", "c"},
		},
		{
			name:   "the place for quick answers is left at once",
			places: [classes]int{quickClass: 2, unknownClass: 1}, overflow: [classes]int{quickClass: 1}, kept: 1,
			slow:    []answer{{name: "unknown", class: unknownClass}, {name: "quick"}, {name: "beside", overflow: true}},
			waiting: []class{quickClass, quickClass}, ended: []string{"quick"},
		},
		{
			name:   "nobody else gets the place for quick answers",
			places: [classes]int{quickClass: 2, unknownClass: 1}, overflow: [classes]int{quickClass: 1}, kept: 1,
			slow:    []answer{{name: "unknown", class: unknownClass}, {name: "quick"}, {name: "beside", overflow: true}},
			waiting: []class{unknownClass, slowClass, failingClass},
		},
		{
			name:   "the place for quick answers is on its way to be free",
			places: [classes]int{quickClass: 3}, overflow: [classes]int{quickClass: 1}, kept: 1,
			slow:    []answer{{name: "a"}, {name: "leaving", ended: true}, {name: "b"}, {name: "beside", overflow: true}},
			waiting: []class{quickClass, quickClass},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				g := &gate{places: room{limit: tt.places, kept: tt.kept}, overflow: room{limit: tt.overflow}}
				var ended []string
				for _, a := range tt.slow {
					p := &place{cluster: &clusterGate{gate: g}, class: a.class, room: &g.places, slow: true, ended: a.ended, came: time.Now().Add(-a.silent)}
					if a.overflow {
						p.room = &g.overflow
					}
					p.end = func() { ended = append(ended, a.name) }
					p.room.held[a.class]++
					g.slow = append(g.slow, p)
				}
				for _, c := range tt.waiting {
					g.waiting = append(g.waiting, &place{cluster: &clusterGate{gate: g}, class: c})
				}
				g.relieve()
				g.relieve() // and again, which must not end more
				if !slices.Equal(ended, tt.ended) {
					t.Errorf("ended: %v, want %v", ended, tt.ended)
				}
			})
		})
	}
}

// TestChecksThatMayHelp sees a gate look again later only while one waits and another is slow:
// an idle one wakes nobody.
func TestChecksThatMayHelp(t *testing.T) {
	for name, tt := range map[string]struct {
		slow, waits bool
		want        bool
	}{
		"idle":             {},
		"nobody waits":     {slow: true},
		"none is slow":     {waits: true},
		"one waits for it": {slow: true, waits: true, want: true},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				g := &gate{places: room{limit: [classes]int{quickClass: 1}, held: [classes]int{quickClass: 1}}}
				p := func() *place { return &place{cluster: &clusterGate{gate: g}, came: time.Now(), end: func() {}} }
				if tt.slow {
					g.slow = []*place{p()}
					g.slow[0].room = &g.places
				}
				if tt.waits {
					g.waiting = []*place{p()}
				}
				g.settle()
				if got := g.checks != nil; got != tt.want {
					t.Errorf("it looks again: %v, want %v", got, tt.want)
				}
			})
		})
	}
}

// TestTakeKeepsPlaces has answers of all classes ask for places, one of which is kept.
func TestTakeKeepsPlaces(t *testing.T) {
	limit := [classes]int{quickClass: 4, unknownClass: 3, slowClass: 2, failingClass: 2}
	for _, tt := range []struct {
		held [classes]int
		want [classes]bool
	}{
		{[classes]int{}, [classes]bool{true, true, true, true}},
		{[classes]int{unknownClass: 2}, [classes]bool{true, true, true, true}},
		{[classes]int{unknownClass: 3}, [classes]bool{true, false, false, false}},
		{[classes]int{unknownClass: 1, slowClass: 2}, [classes]bool{true, false, false, false}},
		{[classes]int{quickClass: 1, unknownClass: 2}, [classes]bool{true, true, true, true}},
		{[classes]int{quickClass: 3}, [classes]bool{true, true, true, true}},
		{[classes]int{quickClass: 2, failingClass: 1}, [classes]bool{true, true, true, true}},
		{[classes]int{quickClass: 1, failingClass: 2}, [classes]bool{true, true, true, false}},
		{[classes]int{quickClass: 1, slowClass: 3}, [classes]bool{}},
		{[classes]int{quickClass: 4}, [classes]bool{}},
	} {
		for c := range classes {
			r := room{limit: limit, held: tt.held, kept: 1}
			after := tt.held
			if tt.want[c] {
				after[c]++
			}
			if got := r.take(c); got != tt.want[c] || r.held != after {
				t.Errorf("%v held: %d got a place: %v, and then %v are", tt.held, c, got, r.held)
			}
		}
	}
}

// TestQuickAnswerBesideTricklers has many clusters answer at once at first, and then come to
// no end, but come all the time: a quick answer finds a place soon.
func TestQuickAnswerBesideTricklers(t *testing.T) {
	for _, tt := range []struct{ places, others int }{{10, 195}, {10, 230}, {10, 260}, {2, 60}} {
		t.Run(fmt.Sprint(tt), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				g := newGate(tt.places)
				ctx, cancel := context.WithCancel(t.Context())
				var all sync.WaitGroup
				endless(ctx, g, &all, tt.others, 200*time.Millisecond)
				time.Sleep(time.Second)
				var longest time.Duration
				for range 100 {
					began := time.Now()
					use(t, &clusterGate{gate: g}, false, 0, false)
					longest = max(longest, time.Since(began))
					time.Sleep(5 * time.Second)
				}
				if longest > 10*time.Second {
					t.Errorf("a quick answer waited %s", longest)
				}
				cancel()
				all.Wait()
				idle(t, g)
			})
		})
	}
}

// endless are clusters whose first answer is quick, and whose second one comes to no end, with
// so long a pause between its parts.
func endless(ctx context.Context, g *gate, all *sync.WaitGroup, number int, pause time.Duration) {
	for range number {
		all.Go(func() {
			c := &clusterGate{gate: g}
			for wait := time.Second; ctx.Err() == nil; wait = min(2*wait, time.Minute) {
				count, cancel := context.WithTimeout(ctx, time.Minute)
				if p, err := c.Enter(count, false, func() {}); err == nil {
					p.Leave(false)
				}
				for range 2 {
					page, end := context.WithTimeout(count, 30*time.Second)
					_ = reading(page, c, pause, time.Hour)
					end()
				}
				cancel()
				select {
				case <-ctx.Done():
				case <-time.After(wait):
				}
			}
		})
	}
}

// TestBrokenAnswerOfASlowCluster has a slow cluster's answer break once, among many that come
// to no end: its next ones do not wait among those.
func TestBrokenAnswerOfASlowCluster(t *testing.T) {
	for others, most := range map[int]time.Duration{20: 10 * time.Second, 60: 10 * time.Second, 200: 25 * time.Second} {
		t.Run(fmt.Sprint(others), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				g := newGate(10)
				ctx, cancel := context.WithCancel(t.Context())
				var all sync.WaitGroup
				endless(ctx, g, &all, others, 200*time.Millisecond)
				c := &clusterGate{gate: g, class: unknownClass}
				for page := range 60 {
					began := time.Now()
					use(t, c, page > 0, 500*time.Millisecond, page%10 == 9)
					if took := time.Since(began); took > most {
						t.Errorf("page %d took %s", page, took)
					}
					time.Sleep(3 * time.Second)
				}
				cancel()
				all.Wait()
				idle(t, g)
			})
		})
	}
}

// TestFirstCountBesideSilentOnes has more clusters fall silent than slow answers can be read at
// once, before anything is known of a slow one: they do not count as slow because their first
// answers came.
func TestFirstCountBesideSilentOnes(t *testing.T) {
	for _, others := range []int{60, 200, 240, 400} {
		t.Run(fmt.Sprint(others), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				g := newGate(10)
				ctx, cancel := context.WithCancel(t.Context())
				var all sync.WaitGroup
				endless(ctx, g, &all, others, time.Hour)
				c, began := &clusterGate{gate: g, class: unknownClass}, time.Now()
				for page := range 3 {
					use(t, c, page > 0, 500*time.Millisecond, false)
				}
				if took := time.Since(began); took > 15*time.Second {
					t.Errorf("the first count took %s", took)
				}
				cancel()
				all.Wait()
				idle(t, g)
			})
		})
	}
}
