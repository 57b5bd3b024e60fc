//go:build e2e

package node

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// TestAccess asks the API server, with the token of the exporter's account, about
// every verb on every resource that it serves. The answer is yes to what a count
// needs, or in watch mode to what following needs, and to what every account may, and to
// nothing else.
func TestAccess(t *testing.T) {
	requireNode(t)
	kubectl(t, "create", "namespace", "access-anybody")
	kubectl(t, "-n", "access-anybody", "create", "serviceaccount", "anybody")
	t.Cleanup(func() { _, _ = tryKubectl(context.Background(), "", "delete", "namespace", "access-anybody") })
	questions := served(t)
	following := []string{"list nodes", "list pods", "watch nodes", "watch pods"}
	anybody := newAccount(t, "access-anybody", "anybody").mayDo(t, "", questions)
	cases := []struct {
		name       string
		components []string
		everywhere []string
		own        []string // in its own namespace
	}{
		{"access", nil, []string{"list nodes", "list pods"}, []string{"list nodes", "list pods"}},
		{"access-namespaced", []string{"namespaced"}, nil, []string{"list pods"}},
		{"access-watch", []string{"watch"}, following, following},
		{"access-watch-own", []string{"namespaced", "watch"}, nil, []string{"list pods", "watch pods"}},
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
			for namespace, want := range map[string][]string{"": c.everywhere, c.name: c.own} {
				got := slices.DeleteFunc(account.mayDo(t, namespace, questions), func(right string) bool { return slices.Contains(anybody, right) })
				if !slices.Equal(got, want) {
					t.Errorf("in namespace %q the account may %q beyond what anybody may, want %q", namespace, got, want)
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

// mayDo returns "VERB RESOURCE" for all that is allowed.
func (a *account) mayDo(t *testing.T, namespace string, questions map[question]bool) []string {
	t.Helper()
	var (
		mu      sync.Mutex
		allowed []string
		wg      sync.WaitGroup
	)
	places := make(chan struct{}, 8)
	for q := range questions {
		places <- struct{}{}
		wg.Go(func() {
			defer func() { <-places }()
			yes, err := a.may(t.Context(), namespace, q)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Error(err)
			} else if yes {
				allowed = append(allowed, q.Verb+" "+strings.TrimSuffix(q.Resource+"/"+q.Subresource, "/"))
			}
		})
	}
	wg.Wait()
	slices.Sort(allowed)
	return allowed
}

// question is what a SelfSubjectAccessReview asks.
type question struct {
	Group       string `json:"group"`
	Resource    string `json:"resource"`
	Subresource string `json:"subresource"`
	Verb        string `json:"verb"`
	Namespace   string `json:"namespace"`
}

func (a *account) may(ctx context.Context, namespace string, q question) (bool, error) {
	q.Namespace = namespace
	body, err := json.Marshal(map[string]any{
		"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "spec": map[string]any{"resourceAttributes": q},
	})
	if err != nil {
		return false, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.server+"/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", bytes.NewReader(body))
	if err != nil {
		return false, err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := a.client.Do(req)
	if err != nil {
		return false, err
	}
	defer func() { _ = resp.Body.Close() }()
	var review struct {
		Status struct {
			Allowed bool `json:"allowed"`
		} `json:"status"`
	}
	if resp.StatusCode != http.StatusCreated {
		return false, fmt.Errorf("review of %v: status %d", q, resp.StatusCode)
	}
	err = json.NewDecoder(resp.Body).Decode(&review)
	return review.Status.Allowed, err
}

// served is every verb on every resource that the API server's discovery names.
func served(t *testing.T) map[question]bool {
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
	found := map[question]bool{} // a resource has several versions
	for path, group := range paths {
		var list struct {
			Resources []struct {
				Name  string   `json:"name"`
				Verbs []string `json:"verbs"`
			} `json:"resources"`
		}
		must(t, json.Unmarshal([]byte(kubectl(t, "get", "--raw="+path)), &list))
		for _, r := range list.Resources {
			name, sub, _ := strings.Cut(r.Name, "/")
			for _, verb := range r.Verbs {
				found[question{Group: group, Resource: name, Subresource: sub, Verb: verb}] = true
			}
		}
	}
	if len(found) < 300 {
		t.Fatalf("discovery names %d verbs on resources only", len(found))
	}
	return found
}
