package podcount

import (
	"bytes"
	"fmt"
)

// nameColumn has the name of an object.
const nameColumn = "Name"

// maxWaiting limits what rows before their column definitions may take, for as long as
// the stream lives. A real server sends the definitions within three events.
const maxWaiting = 16 << 10

// waiting is a change whose cells may have to wait for their column definitions.
type waiting struct {
	change
	cells []byte // JSON; nil when they have been read, or there are none
}

// size is what it takes in memory.
func (w *waiting) size() int { return 256 + len(w.version) + len(w.name) + len(w.node) + len(w.cells) }

// columns are the column definitions of a Table.
type columns struct {
	count      int // 0: none have come
	node, name int // their index; -1: there is none
}

// cells is what is needed of the cells of a row.
type cells struct {
	count      int
	node, name string
	odd        bool // node's is no text
}

// fill takes what the cells say.
func (c *change) fill(from cells, by columns) error {
	switch {
	case from.count != by.count || by.count == 0:
		return errCellNumber
	case from.odd:
		return errCellText
	}
	if c.name = from.name; from.node != noNode {
		c.node = from.node
	}
	return nil
}

// columns reads column definitions. The name of a node is in the column named node.
func (d *decoder) columns(node string) (found columns, err error) {
	found.node, found.name = -1, -1
	err = d.list(func() error {
		var name string
		err := d.object(func(key []byte) (err error) {
			if string(key) == "name" {
				name, err = d.optionalText(maxTextBytes)
			}
			return err
		})
		if name == node {
			if found.node >= 0 {
				return fmt.Errorf("the Table has two columns named %s", node)
			}
			found.node = found.count
		}
		if name == nameColumn {
			found.name = found.count
		}
		found.count++
		return err
	})
	return found, err
}

// define reads column definitions, if there are any. Those that come after the row in one
// event must be as before.
func (r *eventReader) define(e *event) error {
	found, err := r.d.columns(r.column)
	switch {
	case err != nil || found.count == 0:
		return err
	case found.node < 0:
		return errNoColumn
	case e.rows > 0 && e.row.raw == nil && found != r.columns:
		return errNoColumns
	}
	r.columns = found
	return nil
}

// cells reads an array of cells.
func (d *decoder) cells(by columns) (c cells, err error) {
	err = d.list(func() error {
		at := c.count
		if c.count++; at != by.node && at != by.name {
			return d.skip()
		}
		text, is, err := d.maybeName()
		if at == by.name {
			c.name = text
		}
		if at == by.node {
			c.node, c.odd = text, !is
		}
		return err
	})
	return c, err
}

// ready returns the changes whose cells can be read. A row before the first
// definitions waits, and so do all events after it.
func (r *eventReader) ready(w waiting) ([]change, error) {
	if len(r.waiting) == 0 && w.cells == nil {
		return []change{w.change}, nil
	}
	r.waiting = append(r.waiting, w)
	r.held += w.size()
	switch {
	case r.columns.count > 0:
		return r.resolve()
	case r.held > maxWaiting:
		return nil, errNoColumns
	}
	return nil, nil
}

func (r *eventReader) resolve() (changes []change, err error) {
	for _, w := range r.waiting {
		if w.cells != nil {
			found, err := newDecoder(bytes.NewReader(w.cells)).cells(r.columns)
			if err == nil {
				err = w.fill(found, r.columns)
			}
			if err != nil {
				return nil, err
			}
		}
		changes = append(changes, w.change)
	}
	r.waiting, r.held = nil, 0
	return changes, nil
}
