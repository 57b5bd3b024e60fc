//go:build e2e

package e2e

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// TestNamespaces counts two namespaces with a Role in each, and no right to see
// a node.
func TestNamespaces(t *testing.T) {
	t.Parallel()
	cp := startControlPlane(t, clusterArgs(36, 20, 2000)...)
	pods := cp.api.podsByNamespace(t)
	names := fullest(pods, 2)
	cp.api.account(t, "tenant")
	for _, namespace := range names {
		cp.api.grantPods(t, namespace, "tenant")
	}
	e := startExporter(t, cp.api.tokenKubeconfig(t, "default", "tenant"),
		"--collector.namespace="+names[0], "--collector.namespace="+names[1], "--collector.page-size=50", "--collector.cache-ttl=1s")
	want := map[string]float64{}
	for _, namespace := range names {
		for node, n := range pods[namespace] {
			want[node] += n
		}
	}
	unscheduled := want[""]
	delete(want, "")
	for range 2 {
		got := e.scrape(t)
		wantSuccess(t, got, 1)
		wantEqual(t, "active pods", got.by(t, "node_active_pods", "node"), want)
		if n := got.value(t, "pod_count_unscheduled_pods"); n != unscheduled {
			t.Errorf("%v unscheduled pods, want %v", n, unscheduled)
		}
		if n := len(got["node_allocatable_pods"]); n != 0 {
			t.Errorf("%d series of node_allocatable_pods, of nodes that cannot be seen", n)
		}
		if failures := got.by(t, "pod_count_page_failures_total", "reason"); failures["forbidden"] != 0 {
			t.Errorf("failures by reason: %v, though the nodes are not needed", failures)
		}
	}
	if n := strings.Count(e.output.String(), "Listing nodes is forbidden"); n != 1 {
		t.Errorf("the log says %d times that nodes cannot be listed, want once", n)
	}
}

// podsByNamespace counts the pods that are not finished with plain lists of
// whole objects: by namespace, then by node, "" for none.
func (a *api) podsByNamespace(t *testing.T) map[string]map[string]float64 {
	t.Helper()
	list := a.send(t, http.MethodGet, "/api/v1/pods", "application/json", nil)
	items, _ := list["items"].([]any)
	counts := map[string]map[string]float64{}
	for _, item := range items {
		pod := item.(map[string]any)
		namespace := fmt.Sprint(pod["metadata"].(map[string]any)["namespace"])
		phase := pod["status"].(map[string]any)["phase"]
		node, _ := pod["spec"].(map[string]any)["nodeName"].(string)
		if phase == "Succeeded" || phase == "Failed" {
			continue
		}
		if counts[namespace] == nil {
			counts[namespace] = map[string]float64{}
		}
		counts[namespace][node]++
	}
	return counts
}

// fullest are the n namespaces that are on most nodes.
func fullest(pods map[string]map[string]float64, n int) []string {
	var names []string
	for name := range pods {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int { return len(pods[b]) - len(pods[a]) })
	return names[:n]
}

// grantPods lets a service account of the namespace default list the pods of
// another namespace.
func (a *api) grantPods(t *testing.T, namespace, account string) {
	t.Helper()
	path := "/apis/rbac.authorization.k8s.io/v1/namespaces/" + namespace + "/"
	meta := object{"name": "pod-reader"}
	rule := object{"apiGroups": []string{""}, "resources": []string{"pods"}, "verbs": []string{"list"}}
	a.create(t, path+"roles", object{"metadata": meta, "rules": []object{rule}})
	a.create(t, path+"rolebindings", object{
		"metadata": meta,
		"roleRef":  object{"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "pod-reader"},
		"subjects": []object{{"kind": "ServiceAccount", "namespace": "default", "name": account}},
	})
}
