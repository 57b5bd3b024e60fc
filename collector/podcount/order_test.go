package podcount

import (
	"errors"
	"fmt"
	"testing"
)

// TestOrderOfEvents has events that are not newer than those before them. What was seen
// or listed changes nothing; what may be an event that was never seen ends the session.
func TestOrderOfEvents(t *testing.T) {
	added := func(version, name string) change {
		return change{kind: EventAdded, version: version, name: name, node: "n"}
	}
	bookmark := func(version string) change { return change{kind: EventBookmark, version: version} }
	other := func(version string, by func(*change)) change {
		c := added(version, "a")
		by(&c)
		return c
	}
	for _, tt := range []struct {
		name   string
		events []change
		pods   int // that are counted
		want   error
	}{
		{"in order", []change{added("105", "a"), added("106", "b")}, 2, nil},
		{"swapped", []change{added("105", "a"), added("103", "b")}, 1, errOrder},
		{"one far ahead", []change{added("18446744073709551615", "a"), added("103", "b")}, 1, errOrder},
		{"a bookmark far ahead", []change{bookmark("18446744073709551615"), added("103", "b")}, 0, errOrder},
		{"at a bookmark", []change{bookmark("105"), added("105", "a")}, 0, errOrder},
		{"the latest again", []change{added("105", "a"), added("105", "a"), added("106", "b")}, 2, nil},
		{"the latest again, after a bookmark", []change{added("105", "a"), bookmark("107"), added("105", "a")}, 1, nil},
		{"the one before again", []change{added("105", "a"), added("106", "b"), added("105", "a")}, 2, errOrder},
		{"another pod at the same version", []change{added("105", "a"), added("105", "b")}, 1, errOrder},
		{"another type at the same version", []change{added("105", "a"), other("105", func(c *change) { c.kind = EventDeleted })}, 1, errOrder},
		{"another node at the same version", []change{added("105", "a"), other("105", func(c *change) { c.node = "m" })}, 1, errOrder},
		{"a change at the same version", []change{added("105", "a"), other("105", func(c *change) { c.kind = EventModified })}, 1, errOrder},
		{"at the list's version", []change{added("100", "listed"), added("101", "a")}, 1, nil},
		{"before the list's version", []change{added("99", "a")}, 0, errOrder},
		{"an older bookmark", []change{added("105", "a"), bookmark("103"), added("106", "b")}, 2, nil},
	} {
		for _, started := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, after initial events %t", tt.name, started), func(t *testing.T) {
				l, s := streamAt("100", started)
				pods, end := 0, error(nil)
				for _, c := range tt.events {
					var counted bool
					if counted, end = l.apply(s, c, nil); counted {
						pods++
					}
				}
				if pods != tt.pods || !errors.Is(end, tt.want) || (l.snapshot(true) == nil) != (tt.want != nil) {
					t.Errorf("%d pods, want %d; %v, want %v", pods, tt.pods, end, tt.want)
				}
			})
		}
	}
}

// streamAt is a stream that begins with a list of a resourceVersion, or with initial
// events that end with it.
func streamAt(version string, started bool) (*live, *stream) {
	l := newLive(newAccount(nil), DefaultConfig())
	s := newStream(boundStream, podListing("", &podForms()[0]), podForms()[0], l.names.ledger, version)
	l.based, l.streams = true, []*stream{s}
	if started {
		s.position, s.starting = "", true
		_, _ = l.apply(s, change{kind: EventBookmark, version: version, initial: true}, nil)
	}
	return l, s
}
