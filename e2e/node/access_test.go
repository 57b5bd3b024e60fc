//go:build e2e

package node

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// TestAccess asks the API server, with the token of the exporter's account, about
// every verb on every resource that it serves: the answer is yes to what a count
// needs, and to what anybody may.
func TestAccess(t *testing.T) {
	requireNode(t)
	cases := []struct {
		name       string
		components []string
		everywhere []string
		own        []string // in its own namespace
	}{
		{"access", nil, []string{"list nodes", "list pods"}, []string{"list nodes", "list pods"}},
		{"access-namespaced", []string{"namespaced"}, nil, []string{"list pods"}},
		// The kubeconfigs have the rights there.
		{"access-sharded", []string{"sharded"}, nil, nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			// The account is there as soon as the manifests are; what runs is of no matter.
			manifests := overlay(t, c.name, settings{components: c.components, statefulSet: slices.Contains(c.components, "sharded")})
			removeLater(t, manifests)
			apply(t, manifests)
			account := newAccount(t, c.name, c.name+"-pod-count-exporter")
			for namespace, want := range map[string][]string{"": c.everywhere, "kube-system": c.everywhere, c.name: c.own} {
				if got := account.mayDo(t, namespace); !slices.Equal(got, want) {
					t.Errorf("in namespace %q the account may %q, want %q", namespace, got, want)
				}
			}
		})
	}
}

// account speaks to the API server as a service account.
type account struct {
	server string
	client *http.Client
}

func newAccount(t *testing.T, namespace, name string) *account {
	t.Helper()
	cfg, err := clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG"))
	must(t, err)
	anonymous := rest.AnonymousClientConfig(cfg)
	anonymous.BearerToken = strings.TrimSpace(kubectl(t, "-n", namespace, "create", "token", name))
	client, err := rest.HTTPClientFor(anonymous)
	must(t, err)
	t.Cleanup(client.CloseIdleConnections)
	return &account{server: cfg.Host, client: client}
}

// mayDo returns "VERB RESOURCE" for all that is allowed, except reviews of one's
// own rights, which everybody may ask for.
func (a *account) mayDo(t *testing.T, namespace string) []string {
	t.Helper()
	var allowed []string
	for _, r := range servedResources(t) {
		for _, verb := range []string{"get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"} {
			if a.may(t, namespace, verb, r) && !strings.HasPrefix(r.Resource, "selfsubject") {
				allowed = append(allowed, verb+" "+strings.TrimSuffix(r.Resource+"/"+r.Subresource, "/"))
			}
		}
	}
	slices.Sort(allowed)
	return allowed
}

// resource is part of a question in a SelfSubjectAccessReview.
type resource struct {
	Group       string `json:"group"`
	Resource    string `json:"resource"`
	Subresource string `json:"subresource"`
	Verb        string `json:"verb"`
	Namespace   string `json:"namespace"`
}

func (a *account) may(t *testing.T, namespace, verb string, r resource) bool {
	t.Helper()
	r.Verb, r.Namespace = verb, namespace
	body, err := json.Marshal(map[string]any{
		"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "spec": map[string]any{"resourceAttributes": r},
	})
	must(t, err)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, a.server+"/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", bytes.NewReader(body))
	must(t, err)
	req.Header.Set("Content-Type", "application/json")
	resp, err := a.client.Do(req)
	must(t, err)
	defer func() { _ = resp.Body.Close() }()
	var review struct {
		Status struct {
			Allowed bool `json:"allowed"`
		} `json:"status"`
	}
	must(t, json.NewDecoder(resp.Body).Decode(&review))
	if resp.StatusCode != http.StatusCreated {
		t.Fatalf("review of %s %v: status %d", verb, r, resp.StatusCode)
	}
	return review.Status.Allowed
}

// servedResources are all that the API server's discovery names.
func servedResources(t *testing.T) []resource {
	t.Helper()
	var groups struct {
		Groups []struct {
			Name     string `json:"name"`
			Versions []struct {
				GroupVersion string `json:"groupVersion"`
			} `json:"versions"`
		} `json:"groups"`
	}
	must(t, json.Unmarshal([]byte(kubectl(t, "get", "--raw=/apis")), &groups))
	paths := map[string]string{"/api/v1": ""}
	for _, group := range groups.Groups {
		for _, version := range group.Versions {
			paths["/apis/"+version.GroupVersion] = group.Name
		}
	}
	var found []resource
	for path, group := range paths {
		var list struct {
			Resources []struct {
				Name string `json:"name"`
			} `json:"resources"`
		}
		must(t, json.Unmarshal([]byte(kubectl(t, "get", "--raw="+path)), &list))
		for _, r := range list.Resources {
			name, sub, _ := strings.Cut(r.Name, "/")
			found = append(found, resource{Group: group, Resource: name, Subresource: sub})
		}
	}
	if len(found) < 100 {
		t.Fatal(fmt.Sprintf("discovery names %d resources only", len(found)))
	}
	return found
}
