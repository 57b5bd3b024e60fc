package podcount

import (
	"fmt"

	"github.com/go-json-experiment/json/jsontext"
)

// table reads the rows of a Table of pods. Cells are found by the name of their
// column: the position differs between versions of the API server.
type table struct {
	columns int // number of columns
	node    int // index of the column Node
	count   *tally
}

const (
	nodeColumn = "Node"
	// noNode stands in the cell of a pod that is not bound
	// (k8s.io/kubernetes/pkg/printers/internalversion).
	noNode = "<none>"
)

// definitions reads columnDefinitions, which come with every page of a LIST.
func (t *table) definitions(d *decoder) error {
	t.columns, t.node = 0, -1
	err := d.array(func() error {
		var name string
		err := d.object(func(key []byte) error {
			if string(key) == "name" {
				return d.optionalText(&name)
			}
			return d.skip()
		})
		if name == nodeColumn {
			if t.node >= 0 {
				return fmt.Errorf("the Table has two columns named %s", nodeColumn)
			}
			t.node = t.columns
		}
		t.columns++
		return err
	})
	if err == nil && t.node < 0 {
		return errNoNodeCell
	}
	return err
}

// row reads one row and counts its pod.
func (t *table) row(d *decoder) error {
	seen := false
	err := d.object(func(key []byte) error {
		if string(key) != "cells" {
			return d.skip()
		}
		seen = true
		return t.cells(d)
	})
	if err == nil && !seen {
		return fmt.Errorf("a row has no cells")
	}
	return err
}

func (t *table) cells(d *decoder) error {
	if err := d.expect(jsontext.KindBeginArray); err != nil {
		return err
	}
	cell := 0
	for ; d.json.PeekKind() != jsontext.KindEndArray; cell++ {
		if cell == t.columns {
			return fmt.Errorf("a row has more than %d cells", t.columns)
		}
		if err := t.cell(d, cell); err != nil {
			return err
		}
	}
	if cell != t.columns {
		return fmt.Errorf("a row has %d cells, not %d", cell, t.columns)
	}
	_, err := d.json.ReadToken()
	return err
}

func (t *table) cell(d *decoder, index int) error {
	if index != t.node {
		return d.skip()
	}
	name, err := d.text()
	if err != nil {
		return fmt.Errorf("cell %s: %w", nodeColumn, err)
	}
	if string(name) == noNode {
		name = nil
	}
	return t.count.add(name)
}
