package store

import (
	"cmp"
	"slices"
	"time"
)

// silentTime is how long a slow answer may be silent while others wait for its place. One that
// comes all the time is left in peace, unless it has the place that is kept for quick ones:
// many healthy clusters may be behind one slow line.
const silentTime = 2 * time.Second

// overdue is how long ago a slow answer has had its time; negative until then.
func (p *place) overdue() time.Duration { return time.Since(p.came) - silentTime }

// relieve ends slow answers that are overdue, the most overdue first: no more of them than
// there are others that find a place for that. Where slow answers have taken the place that is
// kept for quick ones, as they were expected to be quick, and a quick one waits, the first of
// them is ended at once. g.mu must be held.
func (g *gate) relieve() {
	if len(g.waiting) == 0 {
		return
	}
	sight, due := g.outlook(), []*place(nil)
	for _, p := range g.slow {
		if !p.ended && p.overdue() >= 0 {
			due = append(due, p)
		}
	}
	slices.SortStableFunc(due, func(a, b *place) int { return cmp.Compare(b.overdue(), a.overdue()) })
	for _, p := range due {
		if next := sight; next.without(p.class) {
			sight, p.ended = next, true
			p.end()
		}
	}
	if sight.crowded() {
		p := g.slow[slices.IndexFunc(g.slow, func(p *place) bool {
			return !p.ended && p.room == &g.places && p.class == quickClass // there is one, as others cannot have taken it
		})]
		p.ended = true
		p.end()
	}
}

// outlook is how many answers there are of each class, once those that were ended have
// left.
type outlook struct {
	places, overflow room
	stuck            [classes]int // slow answers that cannot move to the overflow
	waiting          [classes]int
}

// crowded says whether a quick answer waits for the place that is kept for it.
func (o *outlook) crowded() bool {
	stuck := 0
	for _, n := range o.stuck {
		stuck += n
	}
	return o.waiting[quickClass] > 0 && stuck > o.places.limit[quickClass]-o.places.kept
}

func (g *gate) outlook() outlook {
	o := outlook{places: g.places, overflow: g.overflow}
	for _, p := range g.waiting {
		o.waiting[p.class]++
	}
	for _, p := range g.slow {
		if p.room == &g.places {
			o.stuck[p.class]++
		}
	}
	for _, p := range g.slow {
		if p.ended {
			o.without(p.class)
		}
	}
	return o
}

// without lets an answer of the class leave, and says whether that makes a place for one that
// waits.
func (o *outlook) without(leaving class) (helps bool) {
	if o.stuck[leaving] > 0 { // it leaves a place, or one of its class moves to where it was
		o.stuck[leaving]--
		o.places.held[leaving]--
	} else {
		o.overflow.held[leaving]--
	}
	for c := range classes {
		for ; o.stuck[c] > 0 && o.overflow.take(c); o.stuck[c]-- {
			o.places.held[c]--
		}
	}
	for c := range classes {
		for ; o.waiting[c] > 0 && o.places.take(c); o.waiting[c]-- {
			helps = true
		}
	}
	return helps
}
