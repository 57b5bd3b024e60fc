package store

import (
	"slices"
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
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				g := &gate{places: room{limit: tt.places}, overflow: room{limit: tt.overflow}}
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
