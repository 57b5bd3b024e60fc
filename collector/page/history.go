package page

import (
	"sync"
	"time"
)

// The failures of the last hour are kept in slots of five minutes.
const (
	Slots      = 12
	SlotLength = 5 * time.Minute
)

// maxText is how much of an error's text is kept, in bytes.
const maxText = 1024

// Slot is what failed within one SlotLength.
type Slot struct {
	Counts int // that ended incomplete
	Pages  int // requests for a page
}

// Failure is a count that ended incomplete.
type Failure struct {
	Time   time.Time
	Reason string // empty if it is not one of the fixed list
	Text   string // one line, without credentials
}

// History is the outcome of a cluster's counts, at one moment.
type History struct {
	Slots        [Slots]Slot // the last is of the present five minutes
	FailingSince time.Time   // the first failure after the last complete count; zero if there was none
	LastFailure  *Failure    // nil before the first
}

// Recorder keeps the History of one cluster. Its size is fixed.
type Recorder struct {
	now func() time.Time

	mu      sync.Mutex
	slots   [Slots]datedSlot // by number, modulo Slots
	failing time.Time
	last    *Failure
}

type datedSlot struct {
	number int64 // SlotLengths since 1970
	Slot
}

// NewRecorder returns an empty Recorder. It uses the wall clock, since its times are
// shown to people.
func NewRecorder(now func() time.Time) *Recorder { return &Recorder{now: now} }

// Completed notes a complete count.
func (r *Recorder) Completed() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failing = time.Time{}
}

// Failed notes a count that ended incomplete.
func (r *Recorder) Failed(reason, text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	if len(text) > maxText {
		text = text[:maxText] + "…"
	}
	r.last = &Failure{Time: now, Reason: reason, Text: text}
	if r.failing.IsZero() {
		r.failing = now
	}
	r.slot(now).Counts++
}

// PageFailed notes a failed request for a page.
func (r *Recorder) PageFailed() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.slot(r.now()).Pages++
}

// slot returns the slot of a moment. It is emptied if it is an hour old or more, or
// in the future because the clock was set back. r.mu must be held.
func (r *Recorder) slot(moment time.Time) *Slot {
	number := slotNumber(moment)
	own := &r.slots[number%Slots]
	if own.number != number {
		*own = datedSlot{number: number}
	}
	return &own.Slot
}

func slotNumber(moment time.Time) int64 { return max(0, moment.Unix()) / int64(SlotLength/time.Second) }

// History returns what is known now.
func (r *Recorder) History() History {
	r.mu.Lock()
	defer r.mu.Unlock()
	h := History{FailingSince: r.failing, LastFailure: r.last}
	latest := slotNumber(r.now())
	for _, one := range r.slots {
		if ago := latest - one.number; ago >= 0 && ago < Slots {
			h.Slots[Slots-1-ago] = one.Slot
		}
	}
	return h
}

// failures returns the sums of the hour.
func (h History) failures() (sum Slot) {
	for _, one := range h.Slots {
		sum.Counts += one.Counts
		sum.Pages += one.Pages
	}
	return sum
}
