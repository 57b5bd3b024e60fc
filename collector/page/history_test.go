package page

import (
	"errors"
	"slices"
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
	want := func(when string, slots map[int]Slot) {
		t.Helper()
		h := r.History()
		for i, got := range h.Slots {
			if got != slots[i] {
				t.Errorf("%s: slot %d has %+v, want %+v", when, i, got, slots[i])
			}
		}
		if ago := c.at.Sub(h.LastSlot); ago < 0 || ago >= SlotLength || h.LastSlot.Minute()%5 != 0 || h.LastSlot.Second() != 0 {
			t.Errorf("%s: the last slot began at %s", when, h.LastSlot)
		}
	}
	want("at first", nil)
	r.PageFailed()
	r.PageFailed()
	r.CountFailed("timeout", errors.New("one"))
	want("failed", map[int]Slot{11: {1, 0, 2}})
	c.at = c.at.Add(11 * time.Minute)
	r.NodesFailed("server", errors.New("of the nodes"))
	want("the nodes failed, whose pages are noted", map[int]Slot{9: {1, 0, 2}})
	if last := r.History().LastFailure; last == nil || last.Reason != "server" || last.Text != "of the nodes" {
		t.Errorf("the last failure is %+v", last)
	}
	r.StreamFailed("network", errors.New("two"))
	want("a stream failed", map[int]Slot{9: {1, 0, 2}, 11: {0, 1, 0}})
	if last := r.History().LastFailure; last == nil || last.Reason != "network" || last.Text != "two" || !last.Time.Equal(c.at) {
		t.Errorf("the last failure is %+v", last)
	}
	c.at = c.at.Add(44 * time.Minute)
	want("almost an hour later", map[int]Slot{0: {1, 0, 2}, 2: {0, 1, 0}})
	c.at = c.at.Add(5 * time.Minute)
	r.PageFailed()
	want("an hour later, in the place of the first", map[int]Slot{1: {0, 1, 0}, 11: {0, 0, 1}})
	c.at = c.at.Add(-2 * time.Hour)
	want("by a clock that was set back", nil)
	r.CountFailed("", errors.New(strings.Repeat("x", 5000)))
	want("and fails then", map[int]Slot{11: {1, 0, 0}})
	if got := len(r.History().LastFailure.Text); got > maxText+len("…") {
		t.Errorf("%d bytes of an error are kept", got)
	}
	c.at = time.Time{}
	r.PageFailed() // long before 1970
}

func TestNamesOfWhatFailed(t *testing.T) {
	for want, slot := range map[string]Slot{
		"none":                         {},
		"1 count":                      {Counts: 1},
		"2 counts, 10 pages":           {Counts: 2, Pages: 10},
		"1 page":                       {Pages: 1},
		"3 streams, 1 page":            {Streams: 3, Pages: 1},
		"1 count, 1 stream, 144 pages": {1, 1, 144},
	} {
		if got := slot.String(); got != want {
			t.Errorf("%+v: %q, want %q", slot, got, want)
		}
	}
}

// A bar is titled with the times of its slot, not with an age: the slots begin at full
// five minutes, whenever the page is rendered.
func TestTimesOfSlots(t *testing.T) {
	c := &clock{noon().Add(4*time.Minute + 59*time.Second)}
	r := NewRecorder(c.now)
	r.PageFailed()
	c.at = c.at.Add(2 * time.Second)
	r.PageFailed()
	var got []string
	for _, one := range chartOf(r.History()).Bars {
		got = append(got, one.Title)
	}
	if want := []string{"12:00–12:05 UTC: 1 page", "12:05–12:10 UTC: 1 page"}; !slices.Equal(got, want) {
		t.Errorf("titles %q, want %q", got, want)
	}
	c.at = time.Date(2026, 11, 24, 0, 1, 0, 0, time.FixedZone("", 3600))
	if got, want := r.History().slotTimes(Slots-1), "23:00–23:05 UTC"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
