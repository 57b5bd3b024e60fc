package contract

import (
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
)

// unbound selects the pods that wait for a node.
const unbound = "spec.nodeName=," + unfinished

// checkEventVersions has every event carry the resourceVersion that its change has
// made; a deletion has one of its own.
func checkEventVersions(t *testing.T, target Target) {
	ctx := t.Context()
	s := watch(t, target, "resourceVersion", now(t, target))
	last := version(t, now(t, target))
	carries := func(e event, key string) {
		t.Helper()
		got := version(t, e.Object.Metadata.Version)
		if got <= last {
			t.Errorf("%s has resourceVersion %d, want one after %d", e.Type, got, last)
		}
		last = got
		if key == "" {
			return
		}
		namespace, name, _ := strings.Cut(key, "/")
		pod, _, _ := get(t, target, "/api/v1/namespaces/"+namespace+"/pods/"+name, acceptPlain, nil)
		if is := version(t, pod.Metadata.Version); is != got {
			t.Errorf("%s has resourceVersion %d, and its pod %d", e.Type, got, is)
		}
	}
	key := create(t, target, target.Node)
	carries(s.expect("ADDED", key, target.Node), key)
	must(t, target.TouchPod(ctx, key))
	carries(s.expect("MODIFIED", key, target.Node), key)
	must(t, target.SetPhase(ctx, key, corev1.PodFailed))
	carries(s.expect("DELETED", key, target.Node), key)
	another := create(t, target, target.Node)
	carries(s.expect("ADDED", another, target.Node), another)
	must(t, target.DeletePod(ctx, another))
	carries(s.expectDeleted(another, target.Node), "")
	if newest := version(t, now(t, target)); last > newest {
		t.Errorf("the deletion has resourceVersion %d, and the newest is %d", last, newest)
	}
}

// checkOldCells has a pod leave the selector without being deleted, and come back.
func checkOldCells(t *testing.T, target Target) {
	ctx := t.Context()
	s := watch(t, target, "resourceVersion", now(t, target))
	key := create(t, target, target.Node)
	was := s.expect("ADDED", key, target.Node)
	for _, phase := range []corev1.PodPhase{corev1.PodFailed, corev1.PodSucceeded} {
		must(t, target.SetPhase(ctx, key, phase))
		left := s.expect("DELETED", key, target.Node)
		for _, name := range []string{"Name", "Ready", "Status", "Restarts", "IP"} {
			if old, now := s.cell(was, name), s.cell(left, name); now != old {
				t.Errorf("%s: the cell %s of DELETED is %v, want the old one, %v", phase, name, now, old)
			}
		}
		if left.Object.Rows[0].completed() {
			t.Errorf("%s: the row of DELETED says that the pod is finished, want its old state", phase)
		}
		must(t, target.SetPhase(ctx, key, corev1.PodRunning))
		was = s.expect("ADDED", key, target.Node)
		if status := s.cell(was, "Status"); status != "Running" {
			t.Errorf("%s and back: ADDED has status %v, want Running", phase, status)
		}
	}
}

// checkUnbound follows the pods without a node.
func checkUnbound(t *testing.T, target Target) {
	ctx := t.Context()
	s := watchOf(t, target, "pods", "fieldSelector", unbound, "resourceVersion", now(t, target))
	key := create(t, target, "")
	s.expect("ADDED", key, none)
	must(t, target.TouchPod(ctx, key))
	s.expect("MODIFIED", key, none)
	must(t, target.BindPod(ctx, key, target.Node))
	s.expect("DELETED", key, none) // with the old cells: without its node
	create(t, target, target.Node) // no event: it has a node
	failing := create(t, target, "")
	s.expect("ADDED", failing, none)
	must(t, target.SetPhase(ctx, failing, corev1.PodFailed))
	s.expect("DELETED", failing, none)
	another := create(t, target, "")
	s.expect("ADDED", another, none)
	must(t, target.DeletePod(ctx, another))
	s.expectDeleted(another, none)
}

// checkEverything follows all pods, as on a server that ignores selectors: only a
// condition tells that a pod is finished.
func checkEverything(t *testing.T, target Target) {
	ctx := t.Context()
	s := watchOf(t, target, "pods", "resourceVersion", now(t, target))
	key := create(t, target, target.Node)
	if e := s.expect("ADDED", key, target.Node); e.Object.Rows[0].completed() {
		t.Error("ADDED says that the pod is finished")
	}
	must(t, target.SetPhase(ctx, key, corev1.PodSucceeded))
	if e := s.expect("MODIFIED", key, target.Node); !e.Object.Rows[0].completed() {
		t.Error("MODIFIED does not say that the pod is finished")
	}
	must(t, target.DeletePod(ctx, key))
	if e := s.expectDeleted(key, target.Node); !e.Object.Rows[0].completed() {
		t.Error("DELETED does not say that the pod was finished")
	}
}

// checkNodeEvents follows the nodes as Table rows, from a streamed start on.
func checkNodeEvents(t *testing.T, target Target) {
	ctx := t.Context()
	s := watchOf(t, target, "nodes", "sendInitialEvents", "true", "resourceVersionMatch", "NotOlderThan", "allowWatchBookmarks", "true")
	names, e := []string{}, s.next()
	for ; e.Type == "ADDED"; e = s.next() {
		name, _ := s.cell(e, "Name").(string)
		names = append(names, name)
	}
	if e.Type != "BOOKMARK" || len(names) != target.Nodes || !slices.Contains(names, target.Node) {
		t.Errorf("%d nodes and then %s, want %d, with %s among them, and BOOKMARK", len(names), e.Type, target.Nodes, target.Node)
	}
	last := version(t, e.Object.Metadata.Version)
	name, err := target.AddNode(ctx)
	must(t, err)
	wants := func(kind string) {
		t.Helper()
		e := s.nextChange()
		for kind == "DELETED" && e.Type == "MODIFIED" && s.cell(e, "Name") == name {
			e = s.nextChange() // the server's own controllers may have had something to say of it
		}
		if e.Type != kind || s.cell(e, "Name") != name || e.Object.Rows[0].Object != nil {
			t.Fatalf("event %s of node %v, want %s of %s without an object", e.Type, s.cell(e, "Name"), kind, name)
		}
		if got := version(t, e.Object.Metadata.Version); got <= last {
			t.Errorf("%s has resourceVersion %d, want one after %d", kind, got, last)
		}
		last = version(t, e.Object.Metadata.Version)
	}
	wants("ADDED")
	must(t, target.RemoveNode(ctx, name))
	wants("DELETED")
}
