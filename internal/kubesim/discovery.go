package kubesim

import (
	"net/http"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// leaseGroup is the API group in which the kubelets' heartbeats are.
const leaseGroup = "coordination.k8s.io"

// discovery returns the API's description of itself at a path, which kubectl needs,
// or nil if there is none.
func discovery(path string) any {
	switch path {
	case "/api":
		return &metav1.APIVersions{
			TypeMeta: metav1.TypeMeta{Kind: "APIVersions"}, Versions: []string{"v1"},
			ServerAddressByClientCIDRs: []metav1.ServerAddressByClientCIDR{},
		}
	case "/apis":
		version := metav1.GroupVersionForDiscovery{GroupVersion: leaseGroup + "/v1", Version: "v1"}
		return &metav1.APIGroupList{
			TypeMeta: metav1.TypeMeta{Kind: "APIGroupList", APIVersion: "v1"},
			Groups: []metav1.APIGroup{{
				Name: leaseGroup, Versions: []metav1.GroupVersionForDiscovery{version}, PreferredVersion: version,
			}},
		}
	case "/api/v1":
		return resourceList("v1",
			metav1.APIResource{Name: "events", SingularName: "event", Kind: "Event", ShortNames: []string{"ev"}, Namespaced: true, Verbs: []string{"list"}},
			metav1.APIResource{Name: "nodes", SingularName: "node", Kind: "Node", ShortNames: []string{"no"}, Verbs: []string{"get", "list", "watch"}},
			metav1.APIResource{Name: "pods", SingularName: "pod", Kind: "Pod", ShortNames: []string{"po"}, Namespaced: true, Verbs: []string{"get", "list", "watch"}},
		)
	case "/apis/" + leaseGroup + "/v1":
		return resourceList(leaseGroup+"/v1",
			metav1.APIResource{Name: "leases", SingularName: "lease", Kind: "Lease", Namespaced: true, Verbs: []string{"get"}},
		)
	}
	return nil
}

func resourceList(groupVersion string, resources ...metav1.APIResource) *metav1.APIResourceList {
	return &metav1.APIResourceList{
		TypeMeta:     metav1.TypeMeta{Kind: "APIResourceList", APIVersion: "v1"},
		GroupVersion: groupVersion, APIResources: resources,
	}
}

// serveEvents answers with an empty list: events are not simulated, but kubectl
// describe asks for them.
func serveEvents(w http.ResponseWriter) {
	writeJSON(w, http.StatusOK, &corev1.EventList{
		TypeMeta: metav1.TypeMeta{Kind: "EventList", APIVersion: "v1"}, Items: []corev1.Event{},
	})
}
