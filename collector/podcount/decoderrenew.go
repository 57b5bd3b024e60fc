package podcount

import (
	"bytes"
	"io"
	"slices"
	"strings"
)

// renew goes on with new buffers. jsontext never makes its own smaller. The new one first
// reads the opening of all objects and arrays under way, so that it knows where it is.
func (d *decoder) renew() {
	opened, rest, offset := d.opened(), bytes.Clone(d.json.UnreadBuffer()), d.offset()
	d.source = io.MultiReader(strings.NewReader(opened), bytes.NewReader(rest), d.source)
	d.json = newJSON(d.source)
	for d.json.InputOffset() < int64(len(opened)) {
		if _, err := d.json.ReadToken(); err != nil {
			break // of what follows: the next read has it too
		}
	}
	d.before = offset - int64(len(opened))
	d.scratch, d.node, d.keys = nil, nil, slices.Clone(d.keys)
}

// opened is JSON after which a decoder is where this one is: between documents, or after
// an element of the list of one.
func (d *decoder) opened() string {
	list, _, within := strings.Cut(strings.TrimPrefix(string(d.json.StackPointer()), "/"), "/")
	if !within {
		return ""
	}
	return `{"` + list + `":[""`
}
