package podcount

import (
	"errors"
	"testing"
)

// TestEchoInAnEvent has an event name a credential as a pod's node. A pod without a node names
// nothing, and is not asked about: any text has an empty one in it.
func TestEchoInAnEvent(t *testing.T) {
	for name, tt := range map[string]struct {
		role role
		node string
		want error
	}{
		"a credential": {boundStream, "secret", errEchoed},
		"a node":       {boundStream, "n", nil},
		"no node":      {unboundStream, "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLive(newAccount(nil), DefaultConfig())
			s := newStream(tt.role, podListing("", &podForms()[0]), podForms()[0], l.names.ledger, "1")
			counted, err := l.apply(s, change{kind: EventAdded, version: "2", node: tt.node}, func(text string) bool { return text != "n" })
			if counted != (tt.want == nil) || !errors.Is(err, tt.want) {
				t.Errorf("counted %t, %v; want %v", counted, err, tt.want)
			}
		})
	}
}
