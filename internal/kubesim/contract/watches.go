package contract

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

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
	must(t, target.SetPhase(ctx, key, corev1.PodSucceeded))
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
