package kubesim

import (
	"compress/gzip"
	"net/http"
	"strings"
)

// eventWriter writes the events of a watch.
type eventWriter struct {
	w      http.ResponseWriter
	packed bool
	member *gzip.Writer // nil when nothing waits to be flushed
}

// newEventWriter sends the headers. As on the real server, a watch that begins with
// initial events is packed if the client asks for it, and no other watch is.
func newEventWriter(w http.ResponseWriter, r *http.Request, q query) *eventWriter {
	e := &eventWriter{w: w, packed: q.initialEvents && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip")}
	w.Header().Set("Content-Type", "application/json")
	if e.packed {
		w.Header().Set("Content-Encoding", "gzip")
		w.Header().Add("Vary", "Accept-Encoding")
	}
	w.WriteHeader(http.StatusOK)
	return e
}

// Write writes an event, which may wait for a flush.
func (e *eventWriter) Write(event []byte) (int, error) {
	if !e.packed {
		return e.w.Write(event)
	}
	if e.member == nil {
		e.member = newGzip(e.w)
	}
	return e.member.Write(event)
}

// flush sends what waits. Packed, that is a member of its own, so that a stream on which
// nothing happens needs no memory for packing.
func (e *eventWriter) flush() bool {
	if e.member != nil {
		if e.member.Flush() != nil || e.member.Close() != nil {
			return false
		}
		e.member = nil
	}
	return http.NewResponseController(e.w).Flush() == nil
}
