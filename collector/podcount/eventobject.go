package podcount

import (
	"bytes"
	"net/http"
	"slices"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// initialEnd is the annotation of the bookmark after which a streamed start is
// complete (metav1.InitialEventsAnnotationKey).
const initialEnd = "k8s.io/initial-events-end"

// event is what is needed of one watch event. Its object is a Table with one row, a pod
// or node, or a Status. Which it is may come last.
type event struct {
	kind     EventType
	what     document // the object's kind, and what a Status says
	own      meta     // of the object
	node     string   // of a pod
	finished bool     // the pod is Succeeded or Failed
	rows     int
	row      eventRow
}

type eventRow struct {
	own      meta   // of the row's object
	raw      []byte // JSON of the cells, when column definitions have yet to come
	cells    cells
	finished bool
}

// meta is what is needed of an object's metadata.
type meta struct {
	name, version string
	initialEnd    bool
}

// read reads one event, with the decoder that reads lists.
func (r *eventReader) read() (*event, error) {
	e, there := &event{}, false
	err := r.d.object(func(key []byte) error {
		switch string(key) {
		case "type":
			text, err := r.d.text(maxTextBytes)
			if at := slices.Index(EventTypes(), EventType(text)); at >= 0 {
				e.kind = EventTypes()[at]
			}
			return err
		case "object":
			there = true
			return r.d.object(func(key []byte) error { return r.member(e, string(key)) })
		}
		return nil
	})
	if err == nil && (e.kind == "" || !there) {
		err = errNoEvent
	}
	return e, err
}

// member reads one member of an event's object.
func (r *eventReader) member(e *event, key string) error {
	switch d := r.d; key {
	case "metadata":
		return d.meta(&e.own)
	case "columnDefinitions":
		return r.define(e)
	case "rows":
		return d.list(func() error {
			if e.rows++; e.rows > 1 {
				return errEventRows
			}
			return r.row(&e.row)
		})
	case "spec":
		return d.within("nodeName", func(text string) { e.node = text })
	case "status": // a text in a Status
		return d.within("phase", func(text string) { e.finished = hasFinished(text) })
	default:
		return e.what.member(d, content{}, key)
	}
}

func (r *eventReader) row(to *eventRow) error {
	return r.d.object(func(key []byte) (err error) {
		switch string(key) {
		case "cells":
			err = r.rowCells(to)
		case "conditions":
			to.finished, err = r.d.finishedPod()
		case "object":
			err = r.d.part("metadata", func() error { return r.d.meta(&to.own) })
		}
		return err
	})
}

// rowCells keeps the text of cells whose columns are not known yet.
func (r *eventReader) rowCells(to *eventRow) (err error) {
	if r.columns.count > 0 || r.d.json.PeekKind() != jsontext.KindBeginArray {
		to.cells, err = r.d.cells(r.columns)
		return err
	}
	raw, err := r.d.json.ReadValue()
	if err == nil && len(raw) > maxWaiting {
		return errNoColumns
	}
	to.raw = bytes.Clone(raw)
	return err
}

// meta reads metadata. Annotations may be many, so their keys are not remembered.
func (d *decoder) meta(to *meta) error {
	return d.nullable(func(key []byte) (err error) {
		switch string(key) {
		case "name":
			to.name, _, err = d.maybeName()
		case "resourceVersion":
			to.version, err = d.optionalText(maxTextBytes)
		case "annotations":
			to.initialEnd, err = d.has(initialEnd)
		}
		return err
	})
}

// has reads any value, and says whether it is an object with a member of that name.
func (d *decoder) has(name string) (found bool, err error) {
	if d.json.PeekKind() != jsontext.KindBeginObject {
		return false, d.skip()
	}
	if _, err := d.json.ReadToken(); err != nil {
		return false, err
	}
	for d.json.PeekKind() != jsontext.KindEndObject {
		key, err := d.text(maxTextBytes)
		if err != nil {
			return false, err
		}
		found = found || string(key) == name
		if err := d.skip(); err != nil {
			return false, err
		}
	}
	_, err = d.json.ReadToken()
	return found, err
}

// within reads any value of a member. If it is an object, it passes the text of one of its
// own members, a name or a word, to take.
func (d *decoder) within(name string, take func(string)) error {
	if d.json.PeekKind() != jsontext.KindBeginObject {
		return nil // it is skipped
	}
	return d.part(name, func() error {
		text, _, err := d.maybeName()
		take(text)
		return err
	})
}

// failure returns the error that a Status in an event reports.
func (doc document) failure() *PageError {
	if doc.code == 0 {
		doc.code = http.StatusInternalServerError
	}
	return statusError(doc.code, http.Header{}, doc, time.Time{})
}
