package contract

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// eventWait is how long a watch event may take after its cause.
const eventWait = 30 * time.Second

// stream is a watch.
type stream struct {
	t       *testing.T
	body    io.Reader
	coding  string // of the body
	decoder *json.Decoder
	columns []metav1.TableColumnDefinition
	last    int64 // resourceVersion of the latest raw event
	timer   *time.Timer
}

type event struct {
	Type   string `json:"type"`
	Object list   `json:"object"`
}

// watch opens a watch of active pods that ends with the test.
func watch(t *testing.T, target Target, pairs ...string) *stream {
	t.Helper()
	return watchOf(t, target, "pods", append([]string{"fieldSelector", active}, pairs...)...)
}

// watchOf does the same for a resource.
func watchOf(t *testing.T, target Target, resource string, pairs ...string) *stream {
	t.Helper()
	return streamAs(t, target, resource, accepting(acceptTable), pairs...)
}

// streamAs opens a watch with the headers of the request given.
func streamAs(t *testing.T, target Target, resource string, header http.Header, pairs ...string) *stream {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	query := params(append([]string{"watch", "1", "includeObject", "None"}, pairs...)...)
	response := openWith(ctx, t, target, "/api/v1/"+resource, header, query)
	t.Cleanup(func() {
		cancel()
		_ = response.Body.Close() // it is cut off, not read to its end
	})
	if response.StatusCode != http.StatusOK {
		t.Fatalf("watch: status %d, want 200", response.StatusCode)
	}
	return &stream{
		t: t, body: response.Body, coding: response.Header.Get("Content-Encoding"), decoder: json.NewDecoder(response.Body),
		timer: time.AfterFunc(eventWait, cancel), // if no event comes in time, the body ends, and so does the test
	}
}

// next returns the next event.
func (s *stream) next() event {
	s.t.Helper()
	var e event
	s.decode(&e)
	if s.columns == nil {
		s.columns = e.Object.Columns
	}
	return e
}

// decode reads the next event.
func (s *stream) decode(into any) {
	s.t.Helper()
	if err := s.decoder.Decode(into); err != nil {
		s.t.Fatalf("waiting for the next event: %v", err)
	}
	s.timer.Reset(eventWait)
}

// expect requires the next event to be of a type and about a pod on a node, and returns
// it.
func (s *stream) expect(kind, key, node string) event {
	s.t.Helper()
	e := s.nextChange()
	s.require(e, kind, key, node)
	return e
}

// expectDeleted is like expect, for a pod that a client deletes: the pod may first
// become terminating, which leaves it active.
func (s *stream) expectDeleted(key, node string) event {
	s.t.Helper()
	e := s.nextChange()
	for e.Type == "MODIFIED" {
		s.require(e, "MODIFIED", key, node)
		e = s.nextChange()
	}
	s.require(e, "DELETED", key, node)
	return e
}

// nextChange returns the next event that is not a bookmark; bookmarks may come at any
// time.
func (s *stream) nextChange() event {
	s.t.Helper()
	e := s.next()
	for e.Type == "BOOKMARK" {
		e = s.next()
	}
	return e
}

func (s *stream) require(e event, kind, key, node string) {
	s.t.Helper()
	_, name, _ := strings.Cut(key, "/")
	gotName, gotNode := s.cell(e, "Name"), s.cell(e, "Node")
	if e.Type != kind || gotName != name || gotNode != node {
		s.t.Fatalf("event %s of pod %v on %v, want %s of %s on %s", e.Type, gotName, gotNode, kind, name, node)
	}
}

// cell returns a named cell of an event's only row.
func (s *stream) cell(e event, name string) any {
	s.t.Helper()
	if len(e.Object.Rows) != 1 {
		s.t.Fatalf("event %s with %d rows, want one", e.Type, len(e.Object.Rows))
	}
	cells := e.Object.Rows[0].Cells
	if len(cells) != len(s.columns) {
		s.t.Fatalf("event %s has %d cells for %d columns", e.Type, len(cells), len(s.columns))
	}
	return cells[column(s.t, s.columns, name)]
}
