package podcount

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
)

// unpacking unpacks a body member by member. A gzip.Reader looks for the next member before
// it returns the end of one, so the last event of a stream would wait for another.
type unpacking struct {
	packed *bufio.Reader
	member *gzip.Reader
	ended  bool // the member, and all of it has been read
}

// unpack waits for the beginning of the body.
func unpack(w *wire) (*unpacking, error) {
	packed := bufio.NewReader(w)
	first, err := gzip.NewReader(packed)
	if err != nil {
		return nil, fmt.Errorf("reading the body: %w", err)
	}
	first.Multistream(false)
	return &unpacking{packed: packed, member: first}, nil
}

// Read reads on in the next member after the end of one.
func (u *unpacking) Read(p []byte) (int, error) {
	for {
		if u.ended {
			if err := u.member.Reset(u.packed); err != nil {
				return 0, err // io.EOF where the body ends
			}
			u.member.Multistream(false)
			u.ended = false
		}
		n, err := u.member.Read(p)
		if errors.Is(err, io.EOF) {
			u.ended, err = true, nil
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
}
