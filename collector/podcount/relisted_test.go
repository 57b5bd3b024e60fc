package podcount

import (
	"fmt"
	"strings"
	"testing"
)

// TestEventsBehindAList has a stream of nodes bring what a list of them has shown already:
// a node that went and came again stays, with what it can hold, and one that is gone does
// not come back. What is newer than the list counts.
func TestEventsBehindAList(t *testing.T) {
	l := newLive(newAccount(nil), DefaultConfig())
	s := newStream(nodeStream, nodeListing(""), podForms()[0], l.names.ledger, "10")
	l.based, l.streams = true, []*stream{s}
	l.record(nodeStream)
	listed := newNodeSet(l.names.ledger)
	listed.nodes["again"] = Node{AllocatablePods: 110, HasAllocatable: true}
	if err := l.relisted(&count{nodes: &walk{version: "20"}, known: listed}); err != nil {
		t.Fatal(err)
	}
	l.stopRecording(nodeStream)
	for _, e := range []struct {
		kind    EventType
		version string
		node    string
		want    string
	}{
		{EventAdded, "12", "gone", "again 110"},
		{EventDeleted, "14", "again", "again 110"},
		{EventAdded, "16", "again", "again 110"},
		{EventDeleted, "18", "gone", "again 110"},
		{EventAdded, "22", "new", "again 110, new 0"},
		{EventDeleted, "24", "again", "new 0"},
	} {
		if _, err := l.apply(s, change{kind: e.kind, version: e.version, node: e.node}, nil); err != nil {
			t.Fatal(err)
		}
		if got := shownNodes(l.snapshot(true)); got != e.want {
			t.Errorf("after %s of %s at %s: %s, want %s", e.kind, e.node, e.version, got, e.want)
		}
	}
}

// TestEventsBesideAList has nodes come and go while they are listed: what the list has not
// seen yet counts, and what it has seen does not count twice.
func TestEventsBesideAList(t *testing.T) {
	l := newLive(newAccount(nil), DefaultConfig())
	s := newStream(nodeStream, nodeListing(""), podForms()[0], l.names.ledger, "10")
	l.based, l.streams = true, []*stream{s}
	l.record(nodeStream)
	for _, c := range []change{
		{kind: EventAdded, version: "12", node: "listed"},
		{kind: EventAdded, version: "14", node: "gone"},
		{kind: EventDeleted, version: "16", node: "gone"},
		{kind: EventAdded, version: "22", node: "first"},
		{kind: EventAdded, version: "24", node: "second"},
		{kind: EventDeleted, version: "26", node: "listed"},
	} {
		if _, err := l.apply(s, c, nil); err != nil {
			t.Fatal(err)
		}
	}
	listed := newNodeSet(l.names.ledger)
	listed.nodes["listed"] = Node{AllocatablePods: 110, HasAllocatable: true}
	if err := l.relisted(&count{nodes: &walk{version: "20"}, known: listed}); err != nil {
		t.Fatal(err)
	}
	if got, want := shownNodes(l.snapshot(true)), "first 0, second 0"; got != want {
		t.Errorf("shown: %s, want %s", got, want)
	}
}

// shownNodes are the nodes of a snapshot and the pods that they can hold.
func shownNodes(s *Snapshot) string {
	var text []string
	for _, node := range s.Nodes {
		text = append(text, fmt.Sprint(node.Name, " ", node.AllocatablePods))
	}
	return strings.Join(text, ", ")
}
