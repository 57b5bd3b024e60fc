package podcount

import (
	"errors"
	"fmt"
	"io"
)

// EventType is the type of a watch event, as the API has it.
type EventType string

// The types of events.
const (
	EventAdded    EventType = "ADDED"
	EventModified EventType = "MODIFIED"
	EventDeleted  EventType = "DELETED"
	EventBookmark EventType = "BOOKMARK"
	EventError    EventType = "ERROR"
)

// EventTypes returns every EventType, for metrics that start at 0.
func EventTypes() []EventType {
	return []EventType{EventAdded, EventModified, EventDeleted, EventBookmark, EventError}
}

var (
	errNoEvent    = errors.New("the answer is no watch event")
	errEventRows  = errors.New("an event does not have exactly one row")
	errEventKind  = errors.New("an event is of another kind of object")
	errNoColumn   = errors.New("the Table of an event has no column that names the node")
	errCellNumber = errors.New("an event has another number of cells than its Table has columns")
	errCellText   = errors.New("the cell of an event that names the node is no text")
)

// change is what one event means.
type change struct {
	kind     EventType
	version  string // resourceVersion
	name     string // of the object, if the event has it
	node     string // of the pod, or the node itself
	finished bool   // the pod is Succeeded or Failed
	initial  bool   // a bookmark after the last initial event
}

// eventReader reads the events of one stream. Not every event has column definitions,
// so it keeps the latest; rows before the first definitions wait.
type eventReader struct {
	d       *decoder
	kind    string // of objects outside a Table: Pod or Node
	column  string // name of the Table's column that holds the node's name
	columns columns
	waiting []waiting
	held    int // what those take
}

func newEventReader(r io.Reader, resource string, own *account, x *exchange) *eventReader {
	reader := &eventReader{d: newDecoder(r), kind: "Pod", column: nodeColumn}
	reader.d.window.turn = turn{account: own, exchange: x, event: true}
	reader.d.kept = eventValueBytes
	if resource == Nodes {
		reader.kind, reader.column = "Node", nameColumn
	}
	return reader
}

// next returns the change of the next event, after the events that had to wait for
// its column definitions. The error is io.EOF when the stream ends between two
// events, a *PageError for an ERROR event, and otherwise says what is wrong with the
// event.
func (r *eventReader) next() ([]change, error) {
	e, err := r.read()
	if err != nil {
		r.d.window.close()
		return nil, fmt.Errorf("reading an event: %w", err)
	}
	r.d.advance() // now: the next event may be minutes away
	if e.kind == EventError {
		return nil, e.what.failure()
	}
	c, err := r.meaning(e)
	if err != nil {
		return nil, err
	}
	return r.ready(c)
}

// meaning says what an event changes.
func (r *eventReader) meaning(e *event) (w waiting, err error) {
	table := e.what.kind == "Table"
	c := change{kind: e.kind, version: e.own.version, name: e.own.name, initial: e.own.initialEnd}
	if table && e.rows > 0 {
		c.initial = e.row.own.initialEnd
	}
	switch {
	case !wellFormed(c.version):
		return w, errNoVersion
	case e.kind == EventBookmark:
	case table && e.rows == 0:
		return w, errEventRows
	case table && e.row.raw != nil:
		c.finished, w.cells = e.row.finished, e.row.raw
	case table:
		c.finished = e.row.finished
		err = c.fill(e.row.cells, r.columns)
	case e.what.kind != r.kind:
		return w, errEventKind
	case r.kind == "Node":
		c.node = e.own.name
	default:
		c.node, c.finished = e.node, e.finished
	}
	w.change = c
	return w, err
}
