package kubesim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

func TestGet(t *testing.T) {
	s := newServer(t, small)
	pods := askList(t, s, "/api/v1/pods", acceptPlain, "limit", "1").Items
	pod := "/api/v1/namespaces/" + pods[0].Namespace + "/pods/" + pods[0].Name
	node := "/api/v1/nodes/" + s.nodeBase.names[0]
	for _, tc := range []struct {
		name, path, accept string
		code               int
		says               string
	}{
		{"a pod", pod, acceptPlain, http.StatusOK, `{"kind":"Pod","apiVersion":"v1","metadata":{"name":"` + pods[0].Name + `"`},
		{"a pod as a row", pod, acceptTable, http.StatusOK, `"rows":[{"cells":["` + pods[0].Name + `"`},
		{"a pod in protobuf", pod, acceptProtobuf + ",application/json", http.StatusOK, protobufMagic},
		{"a node", node, acceptPlain, http.StatusOK, `"allocatable":`},
		{"a node as a row", node, acceptTable, http.StatusOK, `"kind":"Table"`},
		{"no such pod", pod + "x", acceptPlain, http.StatusNotFound, `pods \"` + pods[0].Name + `x\" not found`},
		{"no such node", node + "x", acceptPlain, http.StatusNotFound, `"reason":"NotFound"`},
		{"a pod without its namespace", "/api/v1/pods/" + pods[0].Name, acceptPlain, http.StatusNotFound, "not found"},
		{"a form that there is not", node, "text/html", http.StatusNotAcceptable, "media types"},
		{"a node's lease", leasePath + s.nodeBase.names[0], acceptPlain, http.StatusOK, `"renewTime":`},
		{"no such lease", leasePath + "x", acceptPlain, http.StatusNotFound, `leases`},
		{"events", "/api/v1/events", acceptPlain, http.StatusOK, `"items":[]`},
		{"events of a namespace", "/api/v1/namespaces/default/events", acceptPlain, http.StatusOK, `"kind":"EventList"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := ask(t, s, tc.path, tc.accept)
			if w.Code != tc.code || !strings.Contains(w.Body.String(), tc.says) {
				t.Errorf("status %d and %.300q, want %d and %q in it", w.Code, w.Body, tc.code, tc.says)
			}
		})
	}
}

// TestGetAgrees asks for the same pod in all forms.
func TestGetAgrees(t *testing.T) {
	s := newServer(t, small)
	first := askList(t, s, "/api/v1/pods", acceptPlain, "limit", "1").Items[0]
	path := fmt.Sprintf("/api/v1/namespaces/%s/pods/%s", first.Namespace, first.Name)
	var plain, proto corev1.Pod
	if err := json.Unmarshal(ask(t, s, path, acceptPlain).Body.Bytes(), &plain); err != nil {
		t.Fatal(err)
	}
	var envelope runtime.Unknown
	body := strings.TrimPrefix(ask(t, s, path, acceptProtobuf).Body.String(), protobufMagic)
	if err := envelope.Unmarshal([]byte(body)); err != nil {
		t.Fatal(err)
	}
	if err := proto.Unmarshal(envelope.Raw); err != nil {
		t.Fatal(err)
	}
	for name, got := range map[string]corev1.Pod{"JSON": plain, "protobuf": proto} {
		if got.UID != first.UID || got.Spec.NodeName != first.Spec.NodeName || got.Status.Phase != first.Status.Phase {
			t.Errorf("%s: pod %s on %q in phase %s, want %s on %q in phase %s", name, got.UID, got.Spec.NodeName,
				got.Status.Phase, first.UID, first.Spec.NodeName, first.Status.Phase)
		}
	}
}

func TestGetSeesChanges(t *testing.T) {
	s := newServer(t, small)
	first := askList(t, s, "/api/v1/pods", acceptPlain, "limit", "1").Items[0]
	path := fmt.Sprintf("/api/v1/namespaces/%s/pods/%s", first.Namespace, first.Name)
	if err := s.DeletePod(first.Namespace + "/" + first.Name); err != nil {
		t.Fatal(err)
	}
	if code := ask(t, s, path, acceptPlain).Code; code != http.StatusNotFound {
		t.Errorf("status %d of a deleted pod, want %d", code, http.StatusNotFound)
	}
}

func TestForbiddenGet(t *testing.T) {
	s := newServer(t, func(c *Config) { small(c); c.Forbidden = []string{"nodes"} })
	w := ask(t, s, "/api/v1/nodes/"+s.nodeBase.names[0], acceptPlain)
	if w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), `cannot get resource \"nodes\"`) {
		t.Errorf("status %d and %q, want a 403 that names the verb", w.Code, w.Body)
	}
}

// TestDiscovery compares the API's description of itself with what it serves.
func TestDiscovery(t *testing.T) {
	s := newServer(t, small)
	for _, path := range []string{"/api/v1", "/apis/" + leaseGroup + "/v1"} {
		var list metav1.APIResourceList
		if err := json.Unmarshal(ask(t, s, path, acceptPlain).Body.Bytes(), &list); err != nil {
			t.Fatal(err)
		}
		if len(list.APIResources) == 0 {
			t.Errorf("%s lists nothing", path)
		}
		for _, resource := range list.APIResources {
			if resource.Verbs[0] == "get" && resource.Verbs[len(resource.Verbs)-1] != "watch" {
				continue // one object at a time
			}
			if w := ask(t, s, path+"/"+resource.Name, acceptPlain); w.Code != http.StatusOK {
				t.Errorf("%s/%s: status %d, want 200", path, resource.Name, w.Code)
			}
		}
	}
	var versions metav1.APIVersions
	var groups metav1.APIGroupList
	for path, into := range map[string]any{"/api": &versions, "/apis": &groups} {
		if err := json.Unmarshal(ask(t, s, path, acceptPlain).Body.Bytes(), into); err != nil {
			t.Fatal(err)
		}
	}
	if len(versions.Versions) != 1 || versions.Versions[0] != "v1" || len(groups.Groups) != 1 || groups.Groups[0].Name != leaseGroup {
		t.Errorf("versions %v and groups %v", versions.Versions, groups.Groups)
	}
}
