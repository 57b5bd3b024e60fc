package podcount

import (
	"bytes"
	"io"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

// keptBytes is the length of a value after which the buffers that have grown with it are
// not kept.
const keptBytes = 32 << 10

// renew goes on with new buffers. jsontext never makes its own smaller. The new one first
// reads the opening of all objects and arrays under way, so that it knows where it is.
func (d *decoder) renew() {
	opened, rest, offset := d.opened(), bytes.Clone(d.json.UnreadBuffer()), d.offset()
	d.source = io.MultiReader(bytes.NewReader(opened), bytes.NewReader(rest), d.source)
	d.json = newJSON(d.source)
	for d.json.InputOffset() < int64(len(opened)) {
		if _, err := d.json.ReadToken(); err != nil {
			break // of what follows: the next read has it too
		}
	}
	d.before = offset - int64(len(opened))
	d.scratch, d.node, d.keys.text = nil, nil, slices.Clone(d.keys.text)
}

// opened is JSON after which a decoder is as deep as this one, after a member, an element
// or a key if this one is.
func (d *decoder) opened() (text []byte) {
	names := slices.Collect(d.json.StackPointer().Tokens())
	for depth := 1; depth <= d.json.StackDepth(); depth++ {
		kind, length := d.json.StackIndex(depth)
		inner := depth < d.json.StackDepth()
		switch {
		case kind == jsontext.KindBeginArray && (inner || length == 0):
			text = append(text, '[')
		case kind == jsontext.KindBeginArray:
			text = append(text, `[""`...)
		case length == 0:
			text = append(text, '{')
		default:
			text = append(text, '{')
			text, _ = jsontext.AppendQuote(text, names[depth-1]) // was read, so it is valid
			switch {
			case inner:
				text = append(text, ':')
			case length%2 == 0:
				text = append(text, `:""`...)
			}
		}
	}
	return text
}
