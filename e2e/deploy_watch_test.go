//go:build e2e

package e2e

import (
	"fmt"
	"testing"
)

// TestWatchManifests follows a cluster with the account of the base, which may not
// watch and so has it listed, and with what the component watch makes of it, for a
// whole cluster and for the exporter's own namespace.
func TestWatchManifests(t *testing.T) {
	t.Parallel()
	const account = "pod-count-exporter"
	for _, tt := range []struct {
		name       string
		components []string
		namespace  string // of the pods; empty: all
		mode       string
	}{
		{name: "base", components: []string{"namespace"}, mode: "list"},
		{name: "watch", components: []string{"namespace", "watch"}, mode: "watch"},
		{name: "own namespace", components: []string{"namespace", "namespaced", "watch"}, namespace: account, mode: "watch"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cp := startControlPlane(t, clusterArgs(8, 20, 500)...)
			for _, obj := range rendered(t, tt.components...) {
				applied := cp.api.applyObject(t, obj)
				if obj["kind"] == "Deployment" {
					admitPod(t, cp.api, applied)
				}
			}
			var flags []string
			if tt.namespace != "" {
				flags = append(flags, "--collector.namespace="+tt.namespace)
			}
			eventually(t, "the account may list", func() bool { return cp.api.may(t, account, "list", tt.namespace) })
			if tt.mode == "watch" {
				eventually(t, "the account may watch", func() bool { return cp.api.may(t, account, "watch", tt.namespace) })
			}
			for _, verb := range []string{"get", "create", "delete"} {
				if cp.api.may(t, account, verb, tt.namespace) {
					t.Errorf("the account may %s pods", verb)
				}
			}
			e := startExporter(t, cp.api.tokenKubeconfig(t, account, account), append(flags, "--collector.mode=watch")...)
			got := e.scrape(t)
			if modes := got.by(t, "pod_count_mode_info", "mode"); len(modes) != 1 || modes[tt.mode] != 1 {
				t.Errorf("modes %v, want %s", modes, tt.mode)
			}
			if tt.namespace == "" {
				wantTruth(t, got.counted(t), cp.truth)
			} else if got.value(t, "pod_count_success") != 1 {
				t.Errorf("the pods of %s are not counted", tt.namespace)
			}
		})
	}
}

// may says what the API server thinks of an account of the namespace of its name, for
// pods of one namespace, or of all.
func (a *api) may(t *testing.T, account, verb, namespace string) bool {
	t.Helper()
	review := a.create(t, "/apis/authorization.k8s.io/v1/subjectaccessreviews", object{
		"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
		"spec": object{
			"user":               fmt.Sprintf("system:serviceaccount:%s:%s", account, account),
			"resourceAttributes": object{"verb": verb, "resource": "pods", "namespace": namespace},
		},
	})
	status, _ := review["status"].(map[string]any)
	return status["allowed"] == true
}
