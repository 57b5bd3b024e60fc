package podcount

import (
	"errors"
	"fmt"
	"strconv"
)

// document is what one answer says besides its rows and items.
type document struct {
	kind            string
	resourceVersion string
	next            string // continue token; empty on the last page
	listed          string // "rows" or "items", whichever there was
	rows            int    // rows or items that were read
	columns         bool   // the column definitions have been read

	// of a Status
	message    string
	code       int // HTTP status
	retryAfter int // seconds
}

// maxPageRows bounds what a server that ignores the limit can make us read.
const maxPageRows = 4_000_000

var (
	errNoList     = errors.New("the answer is no Table and no list")
	errTwoLists   = errors.New("the answer has both rows and items")
	errManyRows   = errors.New("the answer has more rows than any cluster")
	errNoColumns  = errors.New("the Table has rows before its column definitions")
	errNoNodeCell = errors.New("the Table has no column named Node")
)

// content reads the parts of a list that differ between resources.
type content struct {
	columns func(*decoder) error // column definitions of a Table; nil: Tables are refused
	row     func(*decoder) error // one row of a Table
	item    func(*decoder) error // one object of a list
	kind    string               // of the list, such as PodList
}

// readDocument reads one whole answer: a Table, a list of objects or a Status.
// What stands before the list and what stands after it has as much room as one
// row, so that members that never end cannot fill memory.
func readDocument(d *decoder, c content) (document, error) {
	var doc document
	err := d.object(func(key []byte) error {
		return doc.member(d, c, string(key))
	})
	if err == nil {
		err = d.end()
	}
	if err == nil {
		err = doc.check(c)
	}
	return doc, err
}

func (doc *document) member(d *decoder, c content, key string) error {
	switch key {
	case "kind":
		return d.optionalText(&doc.kind)
	case "metadata":
		return doc.listMeta(d)
	case "columnDefinitions":
		if c.columns == nil {
			return d.skip()
		}
		doc.columns = true
		return c.columns(d)
	case "rows":
		return doc.list(d, key, c.row)
	case "items":
		return doc.list(d, key, c.item)
	case "message":
		return d.optionalText(&doc.message)
	case "code":
		return d.number(&doc.code)
	case "details":
		return doc.details(d)
	default:
		return d.skip()
	}
}

// list reads rows or items. Each may be as long as the window allows.
func (doc *document) list(d *decoder, key string, read func(*decoder) error) error {
	switch {
	case doc.listed != "":
		return errTwoLists
	case read == nil:
		return errNoList
	case key == "rows" && !doc.columns:
		return errNoColumns // those of another page may not fit
	}
	doc.listed = key
	defer d.advance()
	return d.array(func() error {
		if doc.rows++; doc.rows > maxPageRows {
			return errManyRows
		}
		d.advance()
		return read(d)
	})
}

func (doc *document) listMeta(d *decoder) error {
	return d.nullable(func(key []byte) error {
		switch string(key) {
		case "resourceVersion":
			return d.optionalText(&doc.resourceVersion)
		case "continue":
			return d.optionalText(&doc.next)
		default:
			return d.skip()
		}
	})
}

func (doc *document) details(d *decoder) error {
	return d.nullable(func(key []byte) error {
		if string(key) == "retryAfterSeconds" {
			return d.number(&doc.retryAfter)
		}
		return d.skip()
	})
}

// check says whether what was read is a list: rows belong to a Table, items to
// a list of the right kind. Servers that leave the kind out are not known.
func (doc *document) check(c content) error {
	switch {
	case doc.kind == "Status":
		return nil
	case doc.listed == "rows" && doc.kind == "Table", doc.listed == "items" && doc.kind == c.kind:
		return nil
	case doc.listed == "":
		return errNoList
	default:
		return fmt.Errorf("the answer has %s but its kind is %q", doc.listed, doc.kind)
	}
}

// nullable is object, but takes a null for an object without members.
func (d *decoder) nullable(member func(key []byte) error) error {
	if d.json.PeekKind() == 'n' {
		return d.skip()
	}
	return d.object(member)
}

// number reads a JSON integer.
func (d *decoder) number(to *int) error {
	value, err := d.json.ReadValue()
	if err != nil {
		return err
	}
	number, err := strconv.Atoi(string(value))
	if err != nil {
		return fmt.Errorf("%q is not an integer", value)
	}
	*to = number
	return nil
}
