package podcount

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/kube-node-manager/pod_count_exporter/collector/redact"
)

// document is what one answer says besides its rows and items.
type document struct {
	kind            string
	resourceVersion string
	next            string // continue token; empty on the last page
	more            bool   // the server says that items remain after this page
	listed          string // "rows" or "items", whichever there was
	null            bool   // the list was null
	meta            bool   // there was metadata
	rows            int    // rows or items that were read
	size            int64  // bytes of JSON
	columns         bool   // the column definitions have been read

	// of a Status
	message    string
	code       int    // HTTP status
	retryAfter string // seconds
}

var (
	errNoList     = errors.New("the answer is no Table and no list")
	errUnasked    = errors.New("the answer has rows, and none were asked for")
	errTwoLists   = errors.New("the answer has both rows and items")
	errCutShort   = errors.New("the list ends before the items that it says remain")
	errVersion    = errors.New("the resourceVersion is longer than 200 characters or not printable")
	errNoColumns  = errors.New("the Table has rows before its column definitions")
	errNoNodeCell = errors.New("the Table has no column named Node")
)

// content reads the parts of a list that differ between resources.
type content struct {
	columns func(*decoder) error // column definitions of a Table; nil: Tables are refused
	row     func(*decoder) error // one row of a Table
	item    func(*decoder) error // one object of a list
	kind    string               // of the list, such as PodList; empty where any object will do
}

// next reads one document of a stream: a Table, a list of objects or a Status. What is
// before the list may be as long as a row, with the first row, and so may what is after
// it, so that endless members cannot fill memory.
func (d *decoder) next(c content) (doc document, err error) {
	begin := d.offset()
	d.advance()
	defer d.window.close()
	err = d.object(func(key []byte) error { return doc.member(d, c, string(key)) })
	if err == nil {
		err = doc.check(c, d.echoed)
	}
	doc.size = d.offset() - begin
	return doc, err
}

func (doc *document) member(d *decoder, c content, key string) (err error) {
	switch key {
	case "kind":
		doc.kind, err = d.optionalText(maxTextBytes)
	case "metadata":
		err = doc.listMeta(d)
	case "columnDefinitions":
		if doc.columns = c.columns != nil; doc.columns {
			err = c.columns(d)
		}
	case "rows":
		err = doc.list(d, key, c, c.row)
	case "items":
		err = doc.list(d, key, c, c.item)
	case "message":
		doc.message, err = d.optionalText(maxMessageBytes)
	case "code": // some errors have a word for one, which counts as 0
		var text []byte
		text, err = d.scalar()
		doc.code, _ = strconv.Atoi(string(text)) // for a number that overflows int, Atoi returns the largest
	case "details":
		err = d.part("retryAfterSeconds", func() error {
			text, err := d.scalar()
			doc.retryAfter = string(text)
			return err
		})
	}
	return err
}

// list reads rows or items. Each may be as long as the window allows.
func (doc *document) list(d *decoder, key string, c content, read func(*decoder) error) error {
	switch {
	case c.kind == "":
		return nil
	case doc.listed != "":
		return errTwoLists
	case read == nil:
		return errUnasked
	case key == "rows" && !doc.columns:
		return errNoColumns // column definitions of another page may not fit
	}
	doc.listed = key
	doc.null = d.json.PeekKind() == jsontext.KindNull
	return d.list(func() error {
		if doc.rows++; doc.rows > maxRows {
			return errManyRows
		}
		if err := read(d); err != nil {
			return err
		}
		d.advance() // now: the next row may be long in coming
		return nil
	})
}

func (doc *document) listMeta(d *decoder) error {
	doc.meta = d.json.PeekKind() == jsontext.KindBeginObject
	return d.nullable(func(key []byte) (err error) {
		switch string(key) {
		case "resourceVersion":
			doc.resourceVersion, err = d.optionalText(maxTextBytes)
		case "continue":
			doc.next, err = d.optionalText(maxTokenBytes + 1)
		case "remainingItemCount":
			doc.more, err = d.more()
		}
		return err
	})
}

// check says whether the document is a list: rows must belong to a Table, and items
// to a list of the right kind or, where the kind is missing, to an object with the
// other fields of a list. A null is an empty list only if the kind is that of a list
// and nothing says that it is not empty.
func (doc *document) check(c content, echoed func(string) bool) error {
	kind := c.kind
	if doc.listed == "rows" {
		kind = "Table"
	}
	untold := doc.meta && !doc.null && (doc.kind == "" || doc.kind == "List" && doc.listed == "items")
	switch {
	case echoed != nil && echoed(doc.resourceVersion):
		return errEchoed
	case doc.kind == "Status", c.kind == "":
		return nil
	case doc.listed == "":
		return errNoList
	case doc.kind != kind && !untold:
		return fmt.Errorf("the answer has %s but its kind is %s", doc.listed, redact.Word(doc.kind))
	case doc.more && doc.next == "":
		return errCutShort
	case redact.Line(doc.resourceVersion) != doc.resourceVersion: // a real one has up to 20 digits
		return errVersion
	}
	return nil
}

// nullable is like object, but accepts null as an object without members.
func (d *decoder) nullable(member func(key []byte) error) error {
	if d.json.PeekKind() == jsontext.KindNull {
		return d.skip()
	}
	return d.object(member)
}

// part reads an object (or null) of which one member matters, which read reads.
func (d *decoder) part(name string, read func() error) error {
	return d.nullable(func(key []byte) error {
		if string(key) == name {
			return read()
		}
		return nil
	})
}

// more reads how many items a list has after a page, and says whether there are any. What
// is no whole number counts as some: the list must then go on.
func (d *decoder) more() (bool, error) {
	text, err := d.scalar()
	number, invalid := strconv.Atoi(string(text))
	return text != nil && (invalid != nil || number > 0), err // nil is null
}
