package kubesim

import (
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
	case !slices.Contains(s.podBase.namespaces, name):
		writeStatus(w, statusOf(apierrors.NewNotFound(schema.GroupResource{Resource: "namespaces"}, name)))
	default:
		writeJSON(w, http.StatusOK, corev1.Namespace{
			TypeMeta:   metav1.TypeMeta{Kind: "Namespace", APIVersion: "v1"},
			ObjectMeta: metav1.ObjectMeta{Name: name},
			Status:     corev1.NamespaceStatus{Phase: corev1.NamespaceActive},
		})
	}
}
