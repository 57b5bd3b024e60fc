package kubesim

import (
	"net/http"
	"slices"
)

// permitted reports whether the account may list and watch a resource, in one
// namespace or, for "", in all of them.
func (s *Server) permitted(resource, namespace string) bool {
	if slices.Contains(s.cfg.Forbidden, resource) {
		return false
	}
	return len(s.cfg.Roles) == 0 || resource == "pods" && slices.Contains(s.cfg.Roles, namespace)
}

// verbOf returns the verb of a request, as permissions name it.
func verbOf(r *http.Request, t target) string {
	if t.name != "" {
		return "get"
	}
	if isTrue(r.URL.Query(), "watch") {
		return "watch"
	}
	return "list"
}
