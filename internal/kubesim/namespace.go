package kubesim

import (
	"fmt"
	"net/http"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// serveNamespace answers for one namespace by name. A Role in the namespace does not
// permit that.
func (s *Server) serveNamespace(name string, w http.ResponseWriter) {
	switch {
	case len(s.cfg.Roles) > 0 || slices.Contains(s.cfg.Forbidden, "namespaces"):
		writeStatus(w, forbidden("get", "namespaces", name))
	case !slices.Contains(s.existing(), name):
		writeStatus(w, statusOf(apierrors.NewNotFound(schema.GroupResource{Resource: "namespaces"}, name)))
	default:
		writeJSON(w, http.StatusOK, corev1.Namespace{
			TypeMeta:   metav1.TypeMeta{Kind: "Namespace", APIVersion: "v1"},
			ObjectMeta: metav1.ObjectMeta{Name: name},
			Status:     corev1.NamespaceStatus{Phase: corev1.NamespaceActive},
		})
	}
}

// existing returns the namespaces that have not been deleted.
func (s *Server) existing() []string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.present()
}

// present is existing with s.mu held.
func (s *Server) present() []string {
	return slices.DeleteFunc(slices.Clone(s.podBase.namespaces), func(name string) bool { return s.absent[name] })
}

// DeleteNamespace removes a namespace after its pods, as the real server does.
func (s *Server) DeleteNamespace(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Contains(s.present(), name) {
		return fmt.Errorf("namespace %s: %w", name, errNotFound)
	}
	first, end := name+"/", name+"0" // '0' follows '/'
	pods := s.pods.history.count(first, end, s.version)
	for _, it := range s.pods.history.read(nil, first, s.version, pods) {
		s.putPod(it.key, nil)
	}
	s.absent[name] = true
	return nil
}

// CreateNamespace makes a namespace anew that was deleted. It is empty.
func (s *Server) CreateNamespace(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.absent, name)
}
