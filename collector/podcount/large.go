package podcount

import (
	"cmp"
	"slices"
	"time"
)

// largeTime is how long a large value may take to come while others wait for its place.
const largeTime = 3 * time.Second

// maxWaitingValues is how many values may wait for a place in a room. Each has a buffer meanwhile.
const maxWaitingValues = 16

// room has the places in which values longer than size are read.
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
	account  *account  // may be nil
	exchange *exchange // that reads; nil only without an account
	event    bool      // the value is an event
	entered  int       // rooms so far
	waits    chan bool // whether there is a place; nil unless it waits
	began    time.Time // in its room
}

// enter waits for a place in the next room, and says whether there was one: not if the
// exchange ends first, or if too many faster ones wait. Until then the value keeps its place
// in the room before: it takes memory.
func (t *turn) enter() bool {
	b, granted := t.account.budget, make(chan bool, 1)
	b.mu.Lock()
	t.waits = granted
	next := t.rooms()[t.entered]
	next.waiting = append(next.waiting, t)
	b.admit()
	b.mu.Unlock()
	select {
	case placed := <-granted:
		if placed {
			t.entered++
			return true
		}
	case <-t.exchange.ctx.Done():
	}
	t.leave()
	return false
}

// leave gives all places back. It notes for how long the cluster has had the latest one: the
// next time, those that are faster go first. Some fast values make good for a slow one.
func (t *turn) leave() {
	b := t.account.budget
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, r := range b.rooms {
		if slices.Contains(r.reading, t) {
			t.account.pace = max(time.Since(t.began), t.account.pace/2)
		}
		r.remove(t)
	}
	t.entered, t.waits = 0, nil
	b.admit()
}

func (r *room) remove(t *turn) {
	same := func(other *turn) bool { return other == t }
	r.reading, r.waiting = slices.DeleteFunc(r.reading, same), slices.DeleteFunc(r.waiting, same)
}

// admit grants what can be granted, the largest values first, which leave places to smaller
// ones, and ends what has taken too long for those who wait. b.mu must be held.
func (b *Budget) admit() {
	for i, r := range slices.Backward(b.rooms) {
		slices.SortStableFunc(r.waiting, func(x, y *turn) int { return cmp.Compare(x.account.pace, y.account.pace) })
		for len(r.waiting) > 0 && len(r.reading) < r.places {
			next := r.waiting[0]
			for _, before := range b.rooms[:i+1] {
				before.remove(next)
			}
			r.reading = append(r.reading, next)
			next.waits <- true
			next.began, next.waits = time.Now(), nil
			time.AfterFunc(largeTime, func() {
				b.mu.Lock()
				defer b.mu.Unlock()
				b.admit()
			})
		}
		for len(r.waiting) > maxWaitingValues {
			last := r.waiting[len(r.waiting)-1]
			r.remove(last)
			last.waits <- false
			last.waits = nil
		}
		for _, slow := range r.reading {
			if len(r.waiting) > 0 && slow.waits == nil && time.Since(slow.began) >= largeTime {
				slow.exchange.end(errSlowLarge)
			}
		}
	}
}
