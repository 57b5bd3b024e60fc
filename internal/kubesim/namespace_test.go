package kubesim

import (
	"errors"
	"net/http"
	"testing"
)

// TestDeletedNamespace deletes a namespace: its pods go, and it is not found until it is
// made anew.
func TestDeletedNamespace(t *testing.T) {
	s := newServer(t, func(c *Config) { small(c); c.Namespaces = []string{"web", "web-2", "we"} })
	all, kept := len(askList(t, s, "/api/v1/pods", acceptPlain).Items), 0
	for _, ns := range []string{"web-2", "we"} {
		kept += len(askList(t, s, "/api/v1/namespaces/"+ns+"/pods", acceptPlain).Items)
	}
	if err := s.DeleteNamespace("web"); err != nil {
		t.Fatal(err)
	}
	if got := len(askList(t, s, "/api/v1/pods", acceptPlain).Items); got != kept || got == all {
		t.Errorf("%d pods of %d are left, want %d", got, all, kept)
	}
	for range 50 {
		s.CreatePod("")
	}
	if got := len(askList(t, s, "/api/v1/namespaces/web/pods", acceptPlain).Items); got != 0 {
		t.Errorf("%d pods in the namespace that was deleted", got)
	}
	if code := ask(t, s, "/api/v1/namespaces/web", acceptPlain).Code; code != http.StatusNotFound {
		t.Errorf("status %d for the namespace, want 404", code)
	}
	for _, name := range []string{"web", "none"} {
		if err := s.DeleteNamespace(name); !errors.Is(err, errNotFound) {
			t.Errorf("deleting %s: %v", name, err)
		}
	}
	s.CreateNamespace("web")
	s.CreatePodIn("web", s.NodeNames()[0])
	if code := ask(t, s, "/api/v1/namespaces/web", acceptPlain).Code; code != http.StatusOK {
		t.Errorf("status %d for the namespace that was made anew", code)
	}
	if got := s.Truth("web").ActivePods; got != 1 {
		t.Errorf("%d pods in it, want 1", got)
	}
}
