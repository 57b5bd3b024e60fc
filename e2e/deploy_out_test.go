//go:build e2e

package e2e

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// TestTakenOut changes from one overlay to another, as docs/operations.md says: what
// kubectl apply leaves of the former one is gone after the guide's commands, and what the
// new one has is not.
func TestTakenOut(t *testing.T) {
	t.Parallel()
	cp := startControlPlane(t, clusterArgs(31, 3, 10)...) // it has the namespace monitoring
	const (
		rights = "kubectl delete clusterrolebinding,clusterrole pod-count-exporter"
		kind   = "kubectl -n monitoring delete KIND --selector=app.kubernetes.io/instance=pod-count-exporter"
	)
	of := func(name string) string { return strings.Replace(kind, "KIND", name, 1) }
	for _, tc := range []struct {
		name         string
		former, next []string
		commands     []string
	}{
		{"without ha", []string{"ha"}, nil, []string{"kubectl -n monitoring delete poddisruptionbudget pod-count-exporter"}},
		{"with sharded", nil, []string{"sharded"}, []string{"kubectl -n monitoring delete deployment pod-count-exporter", rights}},
		{"without sharded", []string{"sharded"}, nil, []string{"kubectl -n monitoring delete statefulset pod-count-exporter"}},
		{"with namespaced", nil, []string{"namespaced"}, []string{rights}},
		{"without namespaced", []string{"namespaced"}, nil, []string{of("role"), of("rolebinding")}},
		{"without networkpolicy", []string{"networkpolicy", "ha"}, []string{"ha"}, []string{of("networkpolicy")}},
		{"without flowschema", []string{"flowschema"}, nil, []string{of("flowschema"), of("prioritylevelconfiguration")}},
		{"without dashboards", []string{"dashboards"}, nil, []string{"kubectl -n monitoring delete configmap --selector=grafana_dashboard=1,app.kubernetes.io/instance=pod-count-exporter"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			former, next := renderedWith(t, "namespace: monitoring", tc.former...), renderedWith(t, "namespace: monitoring", tc.next...)
			stays := applyAll(t, cp, next)
			left := slices.DeleteFunc(applyAll(t, cp, former), func(path string) bool {
				return slices.Contains(stays, path) || settingsOnly(path)
			})
			applyAll(t, cp, next)
			if there := thoseThere(t, cp, left); len(left) == 0 || !slices.Equal(there, left) {
				t.Fatalf("before the commands there are %q of %q, want all", there, left)
			}
			for _, line := range tc.commands {
				shell := exec.CommandContext(t.Context(), "sh", "-c", line)
				shell.Env = append(os.Environ(), "KUBECONFIG="+cp.kubeconfig(), "HOME="+t.TempDir(), "PATH="+binDir(t)+":"+os.Getenv("PATH"))
				if output, err := shell.CombinedOutput(); err != nil {
					t.Errorf("%s: %v\n%s", line, err, output)
				}
			}
			if there := thoseThere(t, cp, left); len(there) > 0 {
				t.Errorf("after the commands there are %q", there)
			}
			if there := thoseThere(t, cp, stays); !slices.Equal(there, stays) {
				t.Errorf("after the commands there are %q, want %q", there, stays)
			}
		})
	}
}

// applyAll applies objects, and returns where they are.
func applyAll(t *testing.T, cp *controlPlane, objects []object) (paths []string) {
	t.Helper()
	for _, obj := range objects {
		if meta, _ := obj["metadata"].(map[string]any); strings.HasPrefix(fmt.Sprint(obj["apiVersion"]), "flowcontrol.") {
			delete(meta, "namespace") // as kubectl does: kustomize takes kinds that it does not know for ones with a namespace
		}
		cp.api.applyObject(t, obj)
		paths = append(paths, address(t, obj))
	}
	return paths
}

// settingsOnly says whether a path is of former settings, which a roll back needs: their
// names end in what they hold.
func settingsOnly(path string) bool {
	return strings.Contains(path, "/configmaps/pod-count-exporter-") && !strings.HasSuffix(path, "-dashboard")
}

// thoseThere are the paths at which there is something.
func thoseThere(t *testing.T, cp *controlPlane, paths []string) (there []string) {
	t.Helper()
	for _, path := range paths {
		_, err := cp.api.request(t.Context(), http.MethodGet, path, "", nil)
		switch {
		case err == nil:
			there = append(there, path)
		case !strings.Contains(fmt.Sprint(err), " 404 "):
			t.Fatal(err)
		}
	}
	return there
}
