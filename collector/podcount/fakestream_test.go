package podcount

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"
)

// fakeStream is one watch of a fakeAPI.
type fakeStream struct {
	api     *fakeAPI
	nodes   bool
	bound   bool
	query   url.Values
	from    int
	initial bool
	out     *io.PipeWriter

	columnsAt int  // index of the first event with column definitions
	swapped   bool // of the columns; changes on the way
	raw       bool // pods as objects, not as rows
	cut       int  // events until the connection breaks; -1: never
	sent      int
	last      string // event, not bookmark
}

func (s *fakeStream) run(ctx context.Context) {
	w := s.api
	w.mu.Lock()
	version, objects := s.from, map[string]fakePod(nil)
	expired := s.from < w.compacted && !s.initial
	if s.initial {
		version, objects = w.version, w.at(w.version, s.nodes)
	}
	w.mu.Unlock()
	if expired {
		w.did(func(d *done) { d.GoneEvents++ })
		_, _ = s.out.Write([]byte(`{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired"}}`))
		_ = s.out.Close()
		return
	}
	for _, key := range slices.Sorted(maps.Keys(objects)) {
		object := objects[key]
		if s.fits(key, &object) && !s.event("ADDED", key, object, object.version) {
			return
		}
	}
	if s.initial && !s.bookmark(version, true) {
		return
	}
	if !s.initial && s.isAhead() { // kube-apiserver says nothing until it gets there
		<-ctx.Done()
		_ = s.out.CloseWithError(context.Cause(ctx))
		return
	}
	for {
		w.mu.Lock()
		changes, newest, changed, wait := w.after(version), w.version, w.changed, time.Minute
		if w.trouble {
			wait = time.Duration(w.random.IntN(60_000)) * time.Millisecond
		}
		w.mu.Unlock()
		for _, c := range changes {
			if !s.change(c) {
				return
			}
		}
		version = newest
		if !pace(ctx, changed, wait) {
			_ = s.out.CloseWithError(context.Cause(ctx)) // as net/http does
			return
		}
		if s.api.newerOnly && version <= s.from {
			continue
		}
		if !s.bookmark(version, false) {
			return
		}
	}
}

// isAhead says whether the stream begins at a resourceVersion that the server has yet
// to reach.
func (s *fakeStream) isAhead() bool {
	s.api.mu.Lock()
	defer s.api.mu.Unlock()
	return s.from > s.api.version
}

func (w *fakeAPI) after(version int) []fakeChange {
	i := slices.IndexFunc(w.log, func(c fakeChange) bool { return c.version > version })
	if i < 0 {
		return nil
	}
	return slices.Clone(w.log[i:])
}

func (s *fakeStream) fits(key string, object *fakePod) bool {
	return object != nil && asksFor(s.query, s.nodes, key, *object) && (s.nodes || !object.finished && (object.node != "") == s.bound)
}

func (s *fakeStream) change(c fakeChange) bool {
	if c.nodes != s.nodes {
		return true
	}
	s.api.mu.Lock()
	lost := s.api.dropped == c.version && s.bound
	s.api.mu.Unlock()
	was, is := s.fits(c.key, c.old), s.fits(c.key, c.new)
	switch {
	case lost:
		return true
	case is && !was:
		return s.event("ADDED", c.key, *c.new, c.version)
	case is:
		return s.event("MODIFIED", c.key, *c.new, c.version)
	case was:
		return s.event("DELETED", c.key, *c.old, c.version)
	}
	return true
}

func (s *fakeStream) event(kind, key string, object fakePod, version int) bool {
	if s.sent > 3 && s.cut > 0 && s.sent == s.cut/2 { // in the middle of the stream
		s.swapped, s.columnsAt, s.last = !s.swapped, s.sent, "" // what was sent does not fit them
		s.api.did(func(d *done) { d.OtherColumns++ })
	}
	meta := fmt.Sprintf(`"metadata":{"name":%q,"resourceVersion":"%d"}`, key, version)
	text := fmt.Sprintf(`{"kind":"Table",%s%s,"rows":[%s]}`, meta, s.columns(), s.row(key, object))
	switch {
	case s.raw && s.nodes:
		text = fmt.Sprintf(`{"kind":"Node",%s,"status":{}}`, meta)
	case s.raw:
		text = fmt.Sprintf(`{"kind":"Pod",%s,"spec":{"nodeName":%q},"status":{"phase":"Running"}}`, meta, object.node)
	}
	return s.write(fmt.Sprintf(`{"type":%q,"object":%s}`, kind, text))
}

func (s *fakeStream) row(key string, object fakePod) string {
	if s.nodes {
		object = fakePod{node: "x"}
	}
	return tableRowOf(key, object, s.swapped)
}

func (s *fakeStream) columns() string {
	if s.sent != s.columnsAt {
		return ""
	}
	return "," + definitions(s.swapped)
}

func (s *fakeStream) bookmark(version int, end bool) bool {
	annotations := ""
	if end {
		annotations = `,"annotations":{"k8s.io/initial-events-end":"true"}`
	}
	meta := fmt.Sprintf(`"metadata":{"resourceVersion":"%d"`, version)
	s.api.did(func(d *done) { d.Bookmarks++ })
	return s.write(fmt.Sprintf(`{"type":"BOOKMARK","object":{"kind":"Table",%s}%s,"rows":[{"cells":["",""],"object":{"metadata":{"resourceVersion":"%d"%s}}}]}}`,
		meta, s.columns(), version, annotations))
}

// write sends an event, sometimes the latest one twice, and breaks off when its time has come.
func (s *fakeStream) write(text string) bool {
	w := s.api
	w.mu.Lock()
	again := w.trouble && !s.initial && s.last != "" && w.random.IntN(5) == 0
	clean, tail := w.random.IntN(2) == 0, w.random.IntN(len(text))
	w.mu.Unlock()
	if s.sent == s.cut {
		if !clean {
			w.did(func(d *done) { d.Cuts++ })
			_, _ = io.WriteString(s.out, text[:tail])
			_ = s.out.CloseWithError(io.ErrUnexpectedEOF)
			return false
		}
		w.did(func(d *done) { d.Ends++ })
		_ = s.out.Close()
		return false
	}
	s.sent++
	if !strings.HasPrefix(text, `{"type":"BOOKMARK"`) {
		s.last = text
	}
	if _, err := io.WriteString(s.out, text+"\n"); err != nil {
		return false
	}
	if again {
		w.did(func(d *done) { d.Duplicates++ })
		_, err := io.WriteString(s.out, s.last+"\n")
		return err == nil
	}
	return true
}
