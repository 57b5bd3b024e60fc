package podcount

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"
)

// How long a large value may keep a place for which others wait.
const (
	stallTime = 3 * time.Second / 2 // while nothing of it comes
	largeTime = 3 * time.Second
	// longestLargeTime is for clusters that have proved slow. They are served last, so that
	// this does not pay off.
	longestLargeTime = 4 * largeTime
)

// room has the places in which values longer than size are read. How many answers may wait
// for one is limited by the gate. Events have no gate, so no more of them may wait than there
// are places: over HTTP/2, net/http takes 64 KiB for each stream that is not read.
type room struct {
	size    int64
	places  int
	reading []*turn
	waiting []*turn
}

func newRooms() []*room {
	return []*room{{size: eventValueBytes, places: 64}, {size: usualValueBytes, places: 4}, {size: largeValueBytes, places: 1}}
}

// rooms are those through which a value goes as it grows; none where memory has no limit.
// The first is for events only: how many answers are read at once is limited, but not how
// many streams are open, for minutes.
func (t *turn) rooms() []*room {
	switch {
	case t.account == nil || t.account.budget == nil:
		return nil
	case t.event:
		return t.account.budget.rooms
	default:
		return t.account.budget.rooms[1:]
	}
}

// turn is a cluster's way through the rooms with one value. What changes is guarded by the
// budget's lock.
type turn struct {
	account  *account      // may be nil
	exchange *exchange     // that reads; nil only without an account
	event    bool          // the value is an event
	entered  int           // rooms so far
	waits    chan struct{} // closed when there is a place, or when it is refused; nil unless it waits
	refused  bool          // too many wait
	began    time.Time     // in its room
	came     time.Time     // the latest bytes there
	timer    *time.Timer   // that calls check
}

// enter waits for a place in the next room, and says whether there was one: not if the
// exchange ends first, or too many events wait. Until then the value keeps its place in the room before: it takes
// memory.
func (t *turn) enter() bool {
	b, granted := t.account.budget, make(chan struct{})
	b.mu.Lock()
	t.waits = granted
	next := t.rooms()[t.entered]
	next.waiting = append(next.waiting, t)
	b.admit()
	b.mu.Unlock()
	select {
	case <-granted:
		if !t.refused {
			t.entered++
			return true
		}
	case <-t.exchange.ctx.Done():
	}
	t.leave()
	return false
}

// progressed notes that a part of the value has come.
func (t *turn) progressed() {
	b := t.account.budget
	b.mu.Lock()
	defer b.mu.Unlock()
	t.came = time.Now()
}

// check is called from time to time while t has a place.
func (t *turn) check() {
	b := t.account.budget
	b.mu.Lock()
	defer b.mu.Unlock()
	b.admit()
	if slices.ContainsFunc(b.rooms, func(r *room) bool { return slices.Contains(r.reading, t) }) {
		t.timer.Reset(stallTime)
	}
}

// tooSlow says whether t must leave its place to others. b.mu must be held.
func (t *turn) tooSlow() bool {
	limit := min(max(largeTime, 2*t.account.pace), longestLargeTime)
	return time.Since(t.came) >= stallTime || time.Since(t.began) >= limit
}

// leave gives all places back. It notes for how long the cluster has had the latest one: the
// next time, those that are faster go first. Some fast values make good for a slow one. Who
// had to leave is as slow as can be, unless it only waited for the next place.
func (t *turn) leave() {
	b := t.account.budget
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, r := range b.rooms {
		if slices.Contains(r.reading, t) {
			took := time.Since(t.began)
			if errors.Is(context.Cause(t.exchange.ctx), errSlowLarge) {
				took = longestLargeTime
			}
			if t.waits == nil {
				t.account.pace = min(max(took, t.account.pace/2), longestLargeTime)
			}
			t.timer.Stop()
		}
		r.remove(t)
	}
	t.entered, t.waits, t.refused = 0, nil, false
	b.admit()
}

func (r *room) remove(t *turn) {
	same := func(other *turn) bool { return other == t }
	r.reading, r.waiting = slices.DeleteFunc(r.reading, same), slices.DeleteFunc(r.waiting, same)
}

// admit grants what can be granted, the largest values first, which leave places to smaller
// ones, refuses the slowest clusters' events where too many wait, and ends what is too slow
// for those who wait. b.mu must be held.
func (b *Budget) admit() {
	for i, r := range slices.Backward(b.rooms) {
		slices.SortStableFunc(r.waiting, func(x, y *turn) int { return cmp.Compare(x.account.pace, y.account.pace) })
		for len(r.waiting) > 0 && len(r.reading) < r.places {
			next := r.waiting[0]
			for _, before := range b.rooms[:i+1] {
				before.remove(next)
			}
			r.reading = append(r.reading, next)
			close(next.waits)
			next.began, next.came, next.waits = time.Now(), time.Now(), nil
			if next.timer == nil {
				next.timer = time.AfterFunc(stallTime, next.check)
			} else {
				next.timer.Reset(stallTime)
			}
		}
		for i == 0 && len(r.waiting) > r.places {
			last := r.waiting[len(r.waiting)-1]
			r.remove(last)
			last.refused = true
			close(last.waits)
		}
		for _, slow := range r.reading {
			// Many events may not wait for larger rooms at the cost of others.
			if len(r.waiting) > 0 && (slow.waits == nil || i == 0) && slow.tooSlow() {
				slow.exchange.end(errSlowLarge)
			}
		}
	}
}
