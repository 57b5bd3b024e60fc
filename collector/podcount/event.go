package podcount

import (
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
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

// initialEnd is the annotation of the bookmark after which a streamed start is
// complete (metav1.InitialEventsAnnotationKey).
const initialEnd = "k8s.io/initial-events-end"

// maxWaiting and maxWaitingBytes are how many rows, and bytes of their cells, may come
// before their column definitions.
const (
	maxWaiting      = 1000
	maxWaitingBytes = 1 << 20
)

var (
	errNoEvent    = errors.New("the answer is no watch event")
	errEventRows  = errors.New("an event does not have exactly one row")
	errEventKind  = errors.New("an event is of another kind of object")
	errNoColumn   = errors.New("the Table of an event has no column that names the node")
	errCellNumber = errors.New("an event has another number of cells than its Table has columns")
)

// change is what one event means.
type change struct {
	kind     EventType
	version  string // resourceVersion
	node     string // of the pod, or the node itself
	finished bool   // the pod is Succeeded or Failed
	initial  bool   // a bookmark after the last initial event
	cells    []jsontext.Value
}

// eventReader reads the events of one stream. Not every event has column definitions,
// so it keeps the latest; rows before the first definitions wait.
type eventReader struct {
	d       *decoder
	kind    string // of objects outside a Table: Pod or Node
	column  string // name of the Table's column that holds the node's name
	columns int    // how many; 0 when none have been defined
	at      int    // index of column
	waiting []change
	bytes   int // of their cells
}

func newEventReader(r io.Reader, resource string, large *largeValues, giveUp func()) *eventReader {
	reader := &eventReader{d: newDecoder(r), kind: "Pod", column: nodeColumn}
	reader.d.window.values, reader.d.window.giveUp = large, giveUp
	if resource == Nodes {
		reader.kind, reader.column = "Node", "Name"
	}
	return reader
}

// next returns the change of the next event, after the events that had to wait for
// its column definitions. The error is io.EOF when the stream ends between two
// events, a *PageError for an ERROR event, and otherwise says what is wrong with the
// event.
func (r *eventReader) next() ([]change, error) {
	r.d.advance()
	whole := false
	defer func() { r.d.window.close(whole) }()
	var e event
	if err := json.UnmarshalDecode(r.d.json, &e); err != nil {
		return nil, fmt.Errorf("reading an event: %w", err)
	}
	whole = true
	var o object
	if e.Type == "" || len(e.Object) == 0 {
		return nil, errNoEvent
	}
	if err := json.Unmarshal(e.Object, &o); err != nil {
		return nil, fmt.Errorf("reading the object of an event: %w", err)
	}
	if e.Type == EventError {
		return nil, o.failure()
	}
	c, err := r.meaning(e.Type, &o)
	if err != nil {
		return nil, err
	}
	return r.ready(c)
}

// meaning reads all of the object except the cells.
func (r *eventReader) meaning(kind EventType, o *object) (change, error) {
	c := change{kind: kind, version: o.Metadata.ResourceVersion}
	switch kind {
	case EventAdded, EventModified, EventDeleted, EventBookmark:
	default:
		return c, errNoEvent
	}
	if err := r.define(o.ColumnDefinitions); err != nil {
		return c, err
	}
	if !wellFormed(c.version) {
		return c, errNoVersion
	}
	own := o.Metadata
	if o.Kind == "Table" && len(o.Rows) == 1 {
		own = o.Rows[0].Object.Metadata
	}
	c.initial = own.Annotations.initialEnd
	if kind == EventBookmark {
		return c, nil
	}
	switch {
	case o.Kind == "Table" && len(o.Rows) != 1:
		return c, errEventRows
	case o.Kind == "Table":
		c.cells, c.finished = o.Rows[0].Cells, o.Rows[0].finished()
		if c.cells == nil {
			return c, errCellNumber
		}
		return c, nil
	case o.Kind != r.kind:
		return c, errEventKind
	}
	c.node, c.finished = o.Spec.NodeName, o.finished()
	if r.kind == "Node" {
		c.node = o.Metadata.Name
	}
	return c, nil
}

// define reads column definitions, if there are any.
func (r *eventReader) define(columns []definition) error {
	if len(columns) == 0 {
		return nil
	}
	r.columns, r.at = len(columns), -1
	for i, column := range columns {
		if column.Name == r.column {
			if r.at >= 0 {
				return fmt.Errorf("the Table of an event has two columns named %s", r.column)
			}
			r.at = i
		}
	}
	if r.at < 0 {
		return errNoColumn
	}
	return nil
}

// ready returns the changes whose cells can be read. A row before the first
// definitions waits, and so do all events after it.
func (r *eventReader) ready(c change) ([]change, error) {
	r.waiting = append(r.waiting, c)
	for _, cell := range c.cells {
		r.bytes += len(cell)
	}
	if r.columns == 0 && (c.cells != nil || len(r.waiting) > 1) {
		if len(r.waiting) > maxWaiting || r.bytes > maxWaitingBytes {
			return nil, errNoColumns
		}
		return nil, nil
	}
	changes := r.waiting
	r.waiting, r.bytes = nil, 0
	for i := range changes {
		if err := r.readCell(&changes[i]); err != nil {
			return nil, err
		}
	}
	return changes, nil
}

func (r *eventReader) readCell(c *change) error {
	if c.cells == nil {
		return nil
	}
	if len(c.cells) != r.columns {
		return errCellNumber
	}
	text, err := jsontext.AppendUnquote(nil, c.cells[r.at])
	if err != nil {
		return fmt.Errorf("cell %s of an event: %w", r.column, err)
	}
	if c.cells = nil; string(text) != noNode {
		c.node = string(text)
	}
	return nil
}
