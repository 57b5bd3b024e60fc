package kubesim

import (
	"net/http"
	"strings"
)

// target is what the path of a request names.
type target struct {
	namespace string // empty for all of them, and for nodes
	resource  string // such as pods
	name      string // of one object; empty for a list or a watch
}

// targetOf reads /api/v1/RESOURCE[/NAME] and
// /api/v1/namespaces/NAMESPACE/RESOURCE[/NAME].
func targetOf(path string) (t target, ok bool) {
	rest, ok := strings.CutPrefix(path, "/api/v1/")
	if !ok {
		return t, false
	}
	if within, namespaced := strings.CutPrefix(rest, "namespaces/"); namespaced {
		t.namespace, rest, _ = strings.Cut(within, "/")
	}
	t.resource, t.name, _ = strings.Cut(rest, "/")
	if t.resource == "" && t.namespace != "" {
		return target{resource: "namespaces", name: t.namespace}, true
	}
	switch t.resource {
	case "pods":
		return t, t.name == "" || t.namespace != ""
	case "events":
		return t, t.name == ""
	case "nodes":
		return t, t.namespace == ""
	}
	return t, false
}

// route answers requests that need no resource, and rejects those that the real
// server would reject before it reads from a cluster.
func (s *Server) route(w http.ResponseWriter, r *http.Request) {
	if !s.authenticated(r) {
		writeStatus(w, unauthorized())
		return
	}
	path := r.URL.Path
	if found := discovery(path); found != nil {
		writeJSON(w, http.StatusOK, found)
		return
	}
	t, known := targetOf(path)
	switch {
	case path == "/readyz" || path == "/livez" || path == "/healthz":
		_, _ = w.Write([]byte("ok"))
	case path == "/version":
		writeJSON(w, http.StatusOK, map[string]string{"major": "1", "minor": "37", "gitVersion": kubeletVersion})
	case strings.HasPrefix(path, leasePath):
		s.serveLease(w, strings.TrimPrefix(path, leasePath))
	case !known:
		http.NotFound(w, r)
	case r.Method != http.MethodGet:
		writeStatus(w, methodNotAllowed(t.resource, strings.ToLower(r.Method)))
	case t.resource == "namespaces":
		s.serveNamespace(t.name, w)
	case !s.permitted(t.resource, t.namespace):
		writeStatus(w, forbidden(verbOf(r, t), t.resource, t.namespace))
	default:
		s.serveTarget(t, w, r)
	}
}

func (s *Server) serveTarget(t target, w http.ResponseWriter, r *http.Request) {
	switch {
	case t.resource == "events":
		serveEvents(w)
	case t.resource == "pods" && t.name != "":
		serveGet(s, s.pods, t.namespace+"/"+t.name, w, r)
	case t.resource == "pods":
		serve(s, s.pods, t.namespace, w, r)
	case t.name != "":
		serveGet(s, s.nodes, t.name, w, r)
	default:
		serve(s, s.nodes, "", w, r)
	}
}
