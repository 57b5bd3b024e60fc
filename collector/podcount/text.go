package podcount

import (
	"bytes"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/kube-node-manager/pod_count_exporter/collector/redact"
)

// How much is looked at of a text that a server sends, and so how much of it can be kept,
// with a redact.Mark.
// For what must be whole, that is one byte more than is accepted.
const (
	// maxTextBytes is for kinds, types, resourceVersions, names of columns and numbers.
	maxTextBytes = 1 << 10
	// maxMessageBytes is for what an error says. A line of it is shown.
	maxMessageBytes = 4 << 10
)

// text reads a string, and leaves out what is after so many bytes, with a redact.Mark there.
// The result is valid until the next read. It is allocated only if it contains an escape
// or was cut.
func (d *decoder) text(most int) ([]byte, error) {
	value, err := d.json.ReadValue()
	if err != nil {
		return nil, err
	}
	if value.Kind() != jsontext.KindString {
		return nil, fmt.Errorf("found a JSON %s where a string should be", value.Kind())
	}
	text := []byte(value[1 : len(value)-1])
	if bytes.IndexByte(text, '\\') >= 0 {
		const longest = len(`\u0061`) // for one byte; two of them are for four
		cut := value[:min(len(value), (most+3)*longest)]
		if d.scratch, err = jsontext.AppendUnquote(d.scratch[:0], cut); len(cut) < len(value) {
			err = nil // the end is missing
		}
		text = d.scratch
	}
	return redact.Cut(text, most), err
}

// optionalText reads a string or a null.
func (d *decoder) optionalText(most int) (string, error) {
	if d.json.PeekKind() == jsontext.KindNull {
		return "", d.skip()
	}
	text, err := d.text(most)
	return string(text), err
}

// name reads the name of an object, or a word, none of which is longer.
func (d *decoder) name() ([]byte, error) {
	text, err := d.text(maxNodeName + 1)
	if err == nil && len(text) > maxNodeName {
		err = errLongName
	}
	return text, err
}

// maybeName reads any value, and says whether it is a text, which must be a name.
func (d *decoder) maybeName() (string, bool, error) {
	if d.json.PeekKind() != jsontext.KindString {
		return "", false, d.skip()
	}
	text, err := d.name()
	return string(text), true, err
}

// textIs reads any value and says whether it is the text want.
func (d *decoder) textIs(want string) (bool, error) {
	text, err := d.scalar()
	return string(text) == want, err
}

// scalar reads any value. The result is the text of a string or a number, empty for
// null, and JSON for anything else. It is valid until the next read.
func (d *decoder) scalar() ([]byte, error) {
	kind := d.json.PeekKind()
	if kind == jsontext.KindString {
		return d.text(maxTextBytes)
	}
	value, err := d.json.ReadValue()
	if kind == jsontext.KindNull {
		return nil, err
	}
	return value[:min(len(value), maxTextBytes)], err
}
