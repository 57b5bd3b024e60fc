package contract

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"testing"
)

const (
	// leastPods is how many pods there must be for their rows to pack well.
	leastPods = 100
	// leastRatio is how much smaller such a start must be, packed. It has been seen to be
	// four to nine times, depending on how much the server packs together.
	leastRatio = 3
)

// counting counts what is read of a body.
type counting struct {
	r io.Reader
	n int
}

// Read counts.
func (c *counting) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += n
	return n, err
}

// checkPackedStart asks for gzip. A streamed start is packed for as long as it lives, in
// members that each end with what has been sent so far; any other watch is plain.
func checkPackedStart(t *testing.T, target Target) {
	asking := accepting(acceptTable)
	asking.Set("Accept-Encoding", "gzip")
	initial := []string{"fieldSelector", active, "sendInitialEvents", "true", "resourceVersionMatch", "NotOlderThan", "allowWatchBookmarks", "true"}

	if got := streamAs(t, target, "pods", asking, "fieldSelector", active, "resourceVersion", now(t, target)).coding; got != "" {
		t.Errorf("a watch without initial events has Content-Encoding %q, want none", got)
	}
	plain := streamAs(t, target, "pods", accepting(acceptTable), initial...)
	packed := streamAs(t, target, "pods", asking, initial...)
	if plain.coding != "" || packed.coding != "gzip" {
		t.Fatalf("Content-Encoding %q, and %q when gzip is asked for; want none and gzip", plain.coding, packed.coding)
	}
	whole, small := plain.counted(), packed.counted()
	members := packed.unpack()
	for _, s := range []*stream{plain, packed} {
		count, e := 0, s.next()
		for ; e.Type == "ADDED"; e = s.next() {
			count++
		}
		if count != target.ActivePods || e.Type != "BOOKMARK" {
			t.Fatalf("%d pods and then %s, want %d and BOOKMARK", count, e.Type, target.ActivePods)
		}
	}
	t.Logf("%d pods: %d bytes, and %d when they are packed, in %d members", target.ActivePods, whole.n, small.n, *members)
	if target.ActivePods >= leastPods && small.n*leastRatio > whole.n {
		t.Errorf("%d bytes instead of %d, want a %dth or less", small.n, whole.n, leastRatio)
	}
	before := *members
	for range 2 { // each comes at once, in a member of its own
		key := create(t, target, target.Node)
		packed.expect("ADDED", key, target.Node)
	}
	if *members < before+1 {
		t.Errorf("%d members of gzip after the start, want one for each time that something is sent", *members-before)
	}
}

// counted returns what counts the bytes of the body from now on.
func (s *stream) counted() *counting {
	c := &counting{r: s.body}
	s.body = c
	s.decoder = json.NewDecoder(c)
	return c
}

// unpack has the events read from gzip, and returns how many members it has had.
func (s *stream) unpack() *int {
	u := &unpacking{packed: bufio.NewReader(s.body)}
	s.body = u
	s.decoder = json.NewDecoder(u)
	return &u.members
}

// unpacking reads the members of a body one by one.
type unpacking struct {
	packed  *bufio.Reader
	member  *gzip.Reader // nil between two
	members int
}

// Read reads on in the next member at the end of one.
func (u *unpacking) Read(p []byte) (int, error) {
	for {
		if u.member == nil {
			member, err := gzip.NewReader(u.packed)
			if err != nil {
				return 0, err
			}
			member.Multistream(false)
			u.member = member
			u.members++
		}
		n, err := u.member.Read(p)
		if errors.Is(err, io.EOF) { // of a member
			u.member, err = nil, nil
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
}
