package contract

import (
	"errors"
	"io"
	"net/http"
	"strconv"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// checkOldList has the status of a list at a version that is too old: so the start of
// a watch and its audit learn of it.
func checkOldList(t *testing.T, target Target) {
	if target.Expire == nil {
		t.Skip("the target has no way to make versions expire")
	}
	old := now(t, target)
	create(t, target, target.Node)
	must(t, target.Expire(t.Context()))
	answer, code, _ := get(t, target, "/api/v1/pods", acceptTable,
		params("limit", "500", "resourceVersion", old, "resourceVersionMatch", "Exact", "fieldSelector", unfinished))
	if code != http.StatusGone || answer.Kind != "Status" || answer.Code != http.StatusGone || answer.Reason != "Expired" {
		t.Errorf("status %d with a %s of code %d and reason %q, want 410 with a Status of code 410 and reason Expired",
			code, answer.Kind, answer.Code, answer.Reason)
	}
}

// checkOldWatch has status 200 first. A 410 as the status of a watch is what proxies and
// other servers answer; kube-apiserver 1.37 does so only to lists.
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

// checkWatchTimeout has a watch end in order after the time that it asked for. The
// parameter of lists, timeout, does not end it.
func checkWatchTimeout(t *testing.T, target Target) {
	began := time.Now()
	s := watch(t, target, "resourceVersion", now(t, target), "timeoutSeconds", "2", "timeout", "1ms")
	key := create(t, target, target.Node)
	s.expect("ADDED", key, target.Node)
	must(t, target.SetPhase(t.Context(), key, corev1.PodFailed))
	s.expect("DELETED", key, target.Node)
	var e event
	if err := s.decoder.Decode(&e); !errors.Is(err, io.EOF) {
		t.Errorf("event %s, error %v; want the end of the stream", e.Type, err)
	}
	if took := time.Since(began); took < 2*time.Second || took > eventWait {
		t.Errorf("the stream ended after %s, want 2s", took)
	}
}
