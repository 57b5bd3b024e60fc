package contract

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// rawEvent is an event whose object is a whole Pod, as a server without Tables sends it.
type rawEvent struct {
	Type   string     `json:"type"`
	Object corev1.Pod `json:"object"`
}

// checkRawEvents follows the pods as whole objects: what cells and conditions say of a
// row is in the pod's spec and status. A bookmark's pod has no more than metadata.
func checkRawEvents(t *testing.T, target Target) {
	ctx := t.Context()
	s := streamAs(t, target, "pods", accepting(acceptPlain), "fieldSelector", active,
		"sendInitialEvents", "true", "resourceVersionMatch", "NotOlderThan", "allowWatchBookmarks", "true")
	count, e := 0, s.nextRaw()
	for ; e.Type == "ADDED"; e = s.nextRaw() {
		if count++; e.Object.Kind != "Pod" || e.Object.Spec.NodeName == "" {
			t.Fatalf("ADDED with a %s on node %q, want a Pod that is bound", e.Object.Kind, e.Object.Spec.NodeName)
		}
	}
	if count != target.ActivePods {
		t.Errorf("%d pods before the bookmark, want %d", count, target.ActivePods)
	}
	mark := e.Object.Annotations[metav1.InitialEventsAnnotationKey]
	if e.Type != "BOOKMARK" || e.Object.Kind != "Pod" || e.Object.Name != "" || mark != "true" {
		t.Fatalf("event %s with a %s named %q and the annotation %q, want a BOOKMARK with a Pod without a name, and true",
			e.Type, e.Object.Kind, e.Object.Name, mark)
	}
	s.last = version(t, e.Object.ResourceVersion)

	key := create(t, target, "") // no event: it is not bound yet
	must(t, target.BindPod(ctx, key, target.Node))
	s.expectRaw("ADDED", key, target.Node)
	must(t, target.TouchPod(ctx, key))
	s.expectRaw("MODIFIED", key, target.Node)
	must(t, target.SetPhase(ctx, key, corev1.PodFailed))
	if left := s.expectRaw("DELETED", key, target.Node); left.Object.Status.Phase == corev1.PodFailed {
		t.Error("the pod of DELETED has failed, want its old state")
	}
	must(t, target.SetPhase(ctx, key, corev1.PodRunning))
	s.expectRaw("ADDED", key, target.Node)
	must(t, target.DeletePod(ctx, key))
	s.expectRawDeleted(key, target.Node)
}

func (s *stream) nextRaw() rawEvent {
	s.t.Helper()
	var e rawEvent
	s.decode(&e)
	return e
}

// expectRaw is like expect. The object's resourceVersion is that of the change.
func (s *stream) expectRaw(kind, key, node string) rawEvent {
	s.t.Helper()
	e := s.nextRaw()
	for e.Type == "BOOKMARK" {
		e = s.nextRaw()
	}
	s.requireRaw(e, kind, key, node)
	return e
}

// expectRawDeleted is like expectDeleted.
func (s *stream) expectRawDeleted(key, node string) {
	s.t.Helper()
	e := s.nextRaw()
	for e.Type == "MODIFIED" || e.Type == "BOOKMARK" {
		e = s.nextRaw()
	}
	s.requireRaw(e, "DELETED", key, node)
}

func (s *stream) requireRaw(e rawEvent, kind, key, node string) {
	s.t.Helper()
	if got := e.Object.Namespace + "/" + e.Object.Name; e.Type != kind || got != key || e.Object.Spec.NodeName != node || e.Object.Kind != "Pod" {
		s.t.Fatalf("event %s of %s %s on %q, want %s of Pod %s on %s", e.Type, e.Object.Kind, got, e.Object.Spec.NodeName, kind, key, node)
	}
	now := version(s.t, e.Object.ResourceVersion)
	if now <= s.last {
		s.t.Errorf("%s has resourceVersion %d, want one after %d", kind, now, s.last)
	}
	s.last = now
}
