package podcount

import (
	"errors"
	"fmt"
)

const (
	nodeColumn = "Node"
	// noNode is in the cell of a pod that is not bound
	// (k8s.io/kubernetes/pkg/printers/internalversion).
	noNode = "<none>"
)

// definitions reads columnDefinitions, which come with every page of a LIST. Cells are
// found by the name of their column: the position differs between versions of the API
// server.
func (t *tally) definitions(d *decoder) error {
	columns, err := d.columns(nodeColumn)
	if t.columns = columns; err == nil && columns.node < 0 {
		return errNoNodeCell
	}
	return err
}

// row reads one row and counts its pod, unless it has finished: the row says so even
// if the server ignored the selector.
func (t *tally) row(d *decoder) error {
	seen, finished := false, false
	d.node = d.node[:0]
	err := d.object(func(key []byte) (err error) {
		switch string(key) {
		case "cells":
			seen, err = true, t.cells(d)
		case "conditions":
			finished, err = d.finishedPod()
		}
		return err
	})
	if err == nil && !seen {
		err = errors.New("a row has no cells")
	}
	return t.pod(d, finished, err)
}

// finishedPod reads the conditions of a row: those of a finished pod have one of
// type Completed, also without objects
// (k8s.io/kubernetes/pkg/printers/internalversion).
func (d *decoder) finishedPod() (finished bool, err error) {
	err = d.list(func() error {
		completed, holds := false, false
		err := d.object(func(key []byte) (err error) {
			switch string(key) {
			case "type":
				completed, err = d.textIs("Completed")
			case "status":
				holds, err = d.textIs("True")
			}
			return err
		})
		finished = finished || completed && holds
		return err
	})
	return finished, err
}

func (t *tally) cells(d *decoder) error {
	cell := 0
	err := d.array(func() error {
		switch cell++; {
		case cell > t.columns.count:
			return fmt.Errorf("a row has more than %d cells", t.columns.count)
		case cell-1 != t.columns.node:
			return d.skip()
		}
		return d.take("cell "+nodeColumn, func(name []byte) {
			if string(name) != noNode {
				d.node = append(d.node, name...)
			}
		})
	})
	if err == nil && cell != t.columns.count {
		return fmt.Errorf("a row has %d cells, not %d", cell, t.columns.count)
	}
	return err
}
