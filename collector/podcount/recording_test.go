package podcount

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// recorded is a stream that is recorded, with so many events of long names.
func recorded(budget *Budget, events int) (*live, *stream) {
	l := newLive(newAccount(budget), DefaultConfig())
	s := newStream(nodeStream, nodeListing(""), podForms()[0], l.names.ledger, "100")
	l.streams = []*stream{s}
	for i := range events {
		s.recording.add(fmt.Sprint(10_000+i), fmt.Sprintf("%0*d", maxNodeName, i), 1)
	}
	return l, s
}

// TestRecordingIsBounded records more events than are remembered: then none are, and
// what they took is given back.
func TestRecordingIsBounded(t *testing.T) {
	l, s := recorded(nil, 1000)
	if !s.recording.covers("100") || l.names.ledger.used != 1000*(entryBytes+5+maxNodeName) {
		t.Errorf("short %t, %d bytes taken", s.recording.short, l.names.ledger.used)
	}
	before := heldBytes()
	l, s = recorded(nil, maxRecordedBytes/maxNodeName)
	if held := heldBytes() - before; s.recording.covers("100") || l.names.ledger.used > 0 || held > 1<<20 {
		t.Errorf("%d entries, %d bytes taken, %d held", len(s.recording.entries), l.names.ledger.used, held)
	}
}

// TestRecordingsShareTheBudget has more clusters record than there is room for.
func TestRecordingsShareTheBudget(t *testing.T) {
	const limit, clusters = 32 << 20, 30
	budget, before := NewBudget(limit), heldBytes()
	var all []*live
	whole := 0
	for range clusters {
		l, s := recorded(budget, 15_000)
		if all = append(all, l); s.recording.covers("100") {
			whole++
		}
	}
	if held := heldBytes() - before; held > limit*3/4 || whole == 0 || whole == clusters {
		t.Errorf("%d of %d are whole, %d bytes are held", whole, clusters, held)
	}
	for _, l := range all {
		l.drop()
	}
	if budget.free != budget.total {
		t.Errorf("%d bytes are free after the end, want %d", budget.free, budget.total)
	}
}

// TestNamesBeforeRecordings has the names of nodes need the room that a recording takes.
func TestNamesBeforeRecordings(t *testing.T) {
	l, s := recorded(NewBudget(4<<20), 4000)
	if !s.recording.covers("100") {
		t.Fatal("there is no room for the recording alone")
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range 3000 {
		if err := l.addPods(fmt.Sprintf("%0*d", 100, i), 1); err != nil {
			t.Fatalf("name %d: %v", i, err)
		}
	}
	if s.recording.covers("100") {
		t.Error("there was room for both")
	}
}

// TestStartWithoutItsEvents has more events of nodes come during a start than are
// remembered: nothing is shown, as nodes could be missing.
func TestStartWithoutItsEvents(t *testing.T) {
	l, _ := recorded(nil, maxRecordedBytes/maxNodeName)
	listed := newNodeSet(l.names.ledger)
	listed.nodes["listed"] = Node{}
	run := &count{nodes: &walk{version: "101"}, known: listed, tally: newTally(l.names.ledger)}
	var restart *restartError
	if err := l.rebase(run, Snapshot{}); !errors.As(err, &restart) || !errors.Is(err, errShort) {
		t.Errorf("%v, want %v", err, errShort)
	}
	if s := l.snapshot(true); s != nil {
		t.Errorf("shown: %+v", s)
	}
}

// TestOpaqueList has lists beside events whose resourceVersion cannot be compared: which
// of the events they have is not known.
func TestOpaqueList(t *testing.T) {
	for _, version := range []string{"", "abc", "0x10", "-1", strings.Repeat("9", 30)} {
		t.Run(version, func(t *testing.T) {
			l := newLive(newAccount(nil), DefaultConfig())
			pods := newStream(boundStream, podListing("", &podForms()[0]), podForms()[0], l.names.ledger, "100")
			nodes := newStream(nodeStream, nodeListing(""), podForms()[0], l.names.ledger, "100")
			l.based, l.streams = true, []*stream{pods, nodes}
			l.record(boundStream, nodeStream)
			for _, s := range l.streams {
				if _, err := l.apply(s, change{kind: EventAdded, version: "105", node: "joined"}, nil); err != nil {
					t.Fatal(err)
				}
			}
			run := &count{
				nodes: &walk{version: version}, known: newNodeSet(l.names.ledger), tally: newTally(l.names.ledger),
				pods: []*walk{{version: version, listing: podListing("", &podForms()[0])}},
			}
			if found, err := l.differences(run); len(found) > 0 || !errors.Is(err, errOpaque) {
				t.Errorf("differences %+v, %v; want %v", found, err, errOpaque)
			}
			if err := l.relisted(run); err != nil {
				t.Fatal(err)
			}
			if got := shownNodes(l.snapshot(true)); got != "joined 0" {
				t.Errorf("nodes %q are shown, want the one that joined", got)
			}
		})
	}
}
