package podcount

import (
	"errors"
	"testing"
)

// TestLostEventShowsNoWrongNumber has a pod go whose coming was lost: there is no number
// below zero, and no snapshot until the pods have been listed again.
func TestLostEventShowsNoWrongNumber(t *testing.T) {
	for name, c := range map[string]struct {
		of   role
		node string
	}{
		"without a node": {unboundStream, ""},
		"on a node":      {boundStream, "n"},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLive(newAccount(nil), DefaultConfig())
			l.based = true
			s := newStream(c.of, podListing("", &podForms()[0]), podForms()[0], l.names.ledger, "1")
			l.streams = []*stream{s}
			if l.snapshot(true) == nil {
				t.Fatal("there is no snapshot before")
			}
			counted, err := l.apply(s, change{kind: EventDeleted, version: "2", node: c.node}, nil)
			if counted || !errors.Is(err, errNegative) {
				t.Errorf("counted: %t, error %v", counted, err)
			}
			if l.unscheduled != 0 || l.pods[c.node] != 0 {
				t.Errorf("%d pods without a node, %d on it", l.unscheduled, l.pods[c.node])
			}
			if s := l.snapshot(true); s != nil {
				t.Errorf("a snapshot after it: %+v", s)
			}
		})
	}
}
