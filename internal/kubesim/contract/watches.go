package contract

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// eventWait is how long a watch event may take after its cause.
const eventWait = 30 * time.Second

// stream is a watch of active pods as Table rows.
type stream struct {
	t       *testing.T
	decoder *json.Decoder
	columns []metav1.TableColumnDefinition
	timer   *time.Timer
}

type event struct {
	Type   string `json:"type"`
	Object list   `json:"object"`
}

// watch opens a watch that ends with the test.
func watch(t *testing.T, target Target, pairs ...string) *stream {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	query := params(append([]string{"watch", "1", "includeObject", "None", "fieldSelector", active}, pairs...)...)
	response := open(ctx, t, target, "/api/v1/pods", acceptTable, query)
	t.Cleanup(func() {
		cancel()
		_ = response.Body.Close() // it is cut off, not read to its end
	})
	if response.StatusCode != http.StatusOK {
		t.Fatalf("watch: status %d, want 200", response.StatusCode)
	}
	// If no event comes in time, the body ends, and so does the test.
	return &stream{t: t, decoder: json.NewDecoder(response.Body), timer: time.AfterFunc(eventWait, cancel)}
}

// next returns the next event.
func (s *stream) next() event {
	s.t.Helper()
	var e event
	if err := s.decoder.Decode(&e); err != nil {
		s.t.Fatalf("waiting for the next event: %v", err)
	}
	s.timer.Reset(eventWait)
	if s.columns == nil {
		s.columns = e.Object.Columns
	}
	return e
}

// expect requires the next event to be of a type and about a pod on a node.
func (s *stream) expect(kind, key, node string) {
	s.t.Helper()
	s.require(s.nextChange(), kind, key, node)
}

// expectDeleted is like expect, for a pod that a client deletes: the pod may first
// become terminating, which leaves it active.
func (s *stream) expectDeleted(key, node string) {
	s.t.Helper()
	e := s.nextChange()
	for e.Type == "MODIFIED" {
		s.require(e, "MODIFIED", key, node)
		e = s.nextChange()
	}
	s.require(e, "DELETED", key, node)
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
	if len(e.Object.Rows) != 1 {
		s.t.Fatalf("event %s with %d rows, want %s of pod %s", e.Type, len(e.Object.Rows), kind, name)
	}
	cells := e.Object.Rows[0].Cells
	gotName, gotNode := cells[column(s.t, s.columns, "Name")], cells[column(s.t, s.columns, "Node")]
	if e.Type != kind || gotName != name || gotNode != node {
		s.t.Fatalf("event %s of pod %v on %v, want %s of %s on %s", e.Type, gotName, gotNode, kind, name, node)
	}
}

// now returns the newest resourceVersion.
func now(t *testing.T, target Target) string {
	t.Helper()
	return pods(t, target, "includeObject", "None", "limit", "1").Metadata.Version
}

func checkWatch(t *testing.T, target Target) {
	ctx := t.Context()
	s := watch(t, target, "resourceVersion", now(t, target))
	key := create(t, target, "") // no event: it is not bound yet
	must(t, target.BindPod(ctx, key, target.Node))
	s.expect("ADDED", key, target.Node)
	must(t, target.TouchPod(ctx, key))
	s.expect("MODIFIED", key, target.Node)
	must(t, target.FinishPod(ctx, key, corev1.PodSucceeded))
	s.expect("DELETED", key, target.Node)
	must(t, target.DeletePod(ctx, key)) // no event: it was finished
	another := create(t, target, target.Node)
	s.expect("ADDED", another, target.Node)
	must(t, target.DeletePod(ctx, another))
	s.expectDeleted(another, target.Node)
}

func checkEventColumns(t *testing.T, target Target) {
	s := watch(t, target, "resourceVersion", now(t, target))
	for i := range 3 {
		create(t, target, target.Node)
		e := s.next()
		if has := len(e.Object.Columns) > 0; has != (i == 0) || e.Object.Kind != "Table" {
			t.Errorf("event %d: a %s, column definitions %v", i+1, e.Object.Kind, has)
		}
	}
}

func checkOldWatch(t *testing.T, target Target) {
	e := watch(t, target, "resourceVersion", "1").next()
	if e.Type != "ERROR" || e.Object.Kind != "Status" || e.Object.Code != http.StatusGone || e.Object.Reason != "Expired" {
		t.Errorf("event %s with a %s of code %d and reason %q, want ERROR with a Status of code 410 and reason Expired",
			e.Type, e.Object.Kind, e.Object.Code, e.Object.Reason)
	}
}

// checkEarlyWatch asks for a version that the server has yet to reach: a client whose
// server was restored from a backup does so without knowing.
func checkEarlyWatch(t *testing.T, target Target) {
	const ahead = 1_000_000
	newest, err := strconv.ParseInt(now(t, target), 10, 64)
	must(t, err)
	s := watch(t, target, "resourceVersion", strconv.FormatInt(newest+ahead, 10), "timeoutSeconds", "3", "allowWatchBookmarks", "true")
	create(t, target, target.Node)
	var e event
	if err := s.decoder.Decode(&e); !errors.Is(err, io.EOF) {
		t.Errorf("event %s, error %v; want the end of the stream", e.Type, err)
	}
}

func checkStreamedStart(t *testing.T, target Target) {
	s := streamed(t, target)
	count, e := 0, s.next()
	for ; e.Type == "ADDED"; e = s.next() {
		count++
	}
	if count != target.ActivePods {
		t.Errorf("%d pods before the bookmark, want %d", count, target.ActivePods)
	}
	if e.Type != "BOOKMARK" || len(e.Object.Rows) != 1 || e.Object.Rows[0].Object == nil {
		t.Fatalf("event %s with %d rows after them, want a BOOKMARK with metadata in one row", e.Type, len(e.Object.Rows))
	}
	if mark := e.Object.Rows[0].Object.Metadata.Annotations[metav1.InitialEventsAnnotationKey]; mark != "true" {
		t.Errorf("annotation %s is %q, want true", metav1.InitialEventsAnnotationKey, mark)
	}
	key := create(t, target, target.Node)
	s.expect("ADDED", key, target.Node)
}

func streamed(t *testing.T, target Target) *stream {
	t.Helper()
	return watch(t, target, "sendInitialEvents", "true", "resourceVersionMatch", "NotOlderThan", "allowWatchBookmarks", "true")
}

func checkBookmark(t *testing.T, target Target) {
	if target.BookmarkWait == 0 {
		t.Skip("the target has no time for bookmarks")
	}
	s := watch(t, target, "resourceVersion", now(t, target), "allowWatchBookmarks", "true")
	s.timer.Reset(target.BookmarkWait)
	e := s.next()
	if e.Type != "BOOKMARK" || len(e.Object.Rows) != 1 || e.Object.Rows[0].Object != nil {
		t.Fatalf("event %s with %d rows, want a BOOKMARK with one row and no object", e.Type, len(e.Object.Rows))
	}
	if name := e.Object.Rows[0].Cells[column(t, s.columns, "Name")]; name != "" {
		t.Errorf("the bookmark's row is named %q, want an empty row", name)
	}
	if e.Object.Metadata.Version == "" {
		t.Error("the bookmark has no resourceVersion")
	}
}
