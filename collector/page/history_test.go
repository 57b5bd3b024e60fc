package page

import (
	"strings"
	"testing"
	"time"
)

// clock is set by hand.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

func TestHistory(t *testing.T) {
	c := &clock{noon()}
	r := NewRecorder(c.now)
	want := func(when string, slots map[int]Slot, since time.Duration) {
		t.Helper()
		h := r.History()
		for i, got := range h.Slots {
			if got != slots[i] {
				t.Errorf("%s: slot %d has %+v, want %+v", when, i, got, slots[i])
			}
		}
		if since < 0 != h.FailingSince.IsZero() || since >= 0 && c.at.Sub(h.FailingSince) != since {
			t.Errorf("%s: failing since %v", when, h.FailingSince)
		}
	}
	want("at first", nil, -1)
	r.PageFailed()
	r.PageFailed()
	r.Failed("timeout", "one")
	want("failed", map[int]Slot{11: {1, 2}}, 0)
	c.at = c.at.Add(11 * time.Minute)
	r.Failed("network", "two")
	want("failed again", map[int]Slot{9: {1, 2}, 11: {1, 0}}, 11*time.Minute)
	r.Completed()
	want("well again", map[int]Slot{9: {1, 2}, 11: {1, 0}}, -1)
	if last := r.History().LastFailure; last == nil || last.Reason != "network" || last.Text != "two" || !last.Time.Equal(c.at) {
		t.Errorf("the last failure is %+v", last)
	}
	c.at = c.at.Add(44 * time.Minute)
	want("almost an hour later", map[int]Slot{0: {1, 2}, 2: {1, 0}}, -1)
	c.at = c.at.Add(5 * time.Minute)
	r.PageFailed()
	want("an hour later, in the place of the first", map[int]Slot{1: {1, 0}, 11: {0, 1}}, -1)
	c.at = c.at.Add(-2 * time.Hour)
	want("by a clock that was set back", nil, -1)
	r.Failed("", strings.Repeat("x", 5000))
	want("and fails then", map[int]Slot{11: {1, 0}}, 0)
	if got := len(r.History().LastFailure.Text); got > maxText+len("…") {
		t.Errorf("%d bytes of an error are kept", got)
	}
	c.at = time.Time{}
	r.PageFailed() // long before 1970
}
