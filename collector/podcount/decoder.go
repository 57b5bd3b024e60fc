package podcount

import (
	"cmp"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json/jsontext"
)

// decoder reads JSON as it arrives, token by token. It refuses JSON that readers may
// understand differently (invalid UTF-8, and duplicate keys in the objects that it
// reads) and, by jsontext, nesting deeper than 10,000.
type decoder struct {
	json    *jsontext.Decoder
	source  io.Reader // of json
	before  int64     // offset at which json began
	kept    int64     // length of the longest value after which json stays; what it may take while it comes anyway
	window  *window
	keys    []byte            // of the objects under way
	scratch []byte            // an unescaped string
	node    []byte            // the node of the pod under way
	echoed  func(string) bool // says whether a text contains a credential of the request; may be nil
}

func newDecoder(r io.Reader) *decoder {
	w := &window{r: r}
	return &decoder{json: newJSON(w), source: w, kept: usualValueBytes, window: w}
}

// newJSON leaves duplicate keys to decoder. jsontext would remember every key, also of
// what is skipped: 25 MiB for 4 MiB of them.
func newJSON(r io.Reader) *jsontext.Decoder {
	return jsontext.NewDecoder(r, jsontext.AllowDuplicateNames(true))
}

// object calls member for every key, which is valid until the value is read. A value that
// member leaves alone is skipped.
func (d *decoder) object(member func(key []byte) error) error {
	outer := len(d.keys)
	defer func() { d.keys = d.keys[:outer] }()
	return d.each(jsontext.KindBeginObject, jsontext.KindEndObject, func() error {
		key, err := d.text(maxKeyBytes + 1)
		if err == nil {
			err = d.addKey(key, outer)
		}
		if err != nil {
			return err
		}
		value := d.offset()
		if err = member(key); err == nil && d.offset() == value {
			err = d.skip()
		}
		return err
	})
}

// array calls element before every value, which it must read.
func (d *decoder) array(element func() error) error {
	return d.each(jsontext.KindBeginArray, jsontext.KindEndArray, element)
}

// each calls element for as long as anything comes before the end.
func (d *decoder) each(begin, end jsontext.Kind, element func() error) error {
	token, err := d.json.ReadToken()
	if err == nil && token.Kind() != begin {
		err = fmt.Errorf("found a JSON %s where a %s should be", token.Kind(), begin)
	}
	for err == nil {
		if kind := d.json.PeekKind(); kind == end || kind == jsontext.KindInvalid {
			_, err = d.json.ReadToken() // the end, or what is wrong with what comes in its place
			return err
		}
		err = element()
	}
	return err
}

// list is like array, but accepts null as an empty array.
func (d *decoder) list(element func() error) error {
	if d.json.PeekKind() == jsontext.KindNull {
		return d.skip()
	}
	return d.array(element)
}

func (d *decoder) skip() error { return d.json.SkipValue() }

// offset is how much has been read and understood.
func (d *decoder) offset() int64 { return d.before + d.json.InputOffset() }

// advance tells the window that a value begins here, as the one before has come. What a
// long one has made grow goes: the next may be minutes away, and many clusters have one each.
func (d *decoder) advance() {
	if d.offset()-d.window.start > d.kept {
		d.renew()
	}
	d.window.start = d.offset()
	d.window.close()
}

var errTrailing = errors.New("data after the end of the answer")

// end reads to the end of the answer and fails if anything follows. Only then is it
// known that the server sent all of it.
func (d *decoder) end() error {
	d.advance()
	if _, err := d.json.ReadToken(); !errors.Is(err, io.EOF) {
		return cmp.Or(err, errTrailing)
	}
	return nil
}
