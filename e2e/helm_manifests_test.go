//go:build e2e

package e2e

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

// TestHelmManifests has the API server check each object that Helm makes of the values
// in the ci folder, by server-side apply with strict validation of their fields: helm
// install itself takes fields that the server does not know.
func TestHelmManifests(t *testing.T) {
	t.Parallel()
	h := startWithHelm(t)
	paths, err := filepath.Glob(chart + "/ci/*-values.yaml")
	must(t, err)
	h.cp.api.wantStrict(t)
	kinds := map[any]int{}
	for _, path := range paths {
		variant := strings.TrimSuffix(filepath.Base(path), "-values.yaml")
		t.Run(variant, func(t *testing.T) {
			h.cp.restricted(t, variant, "privileged")
			objects := decodeAll(t, h.run(t, "template", variant, chart, "--namespace", variant, "--values", path))
			if len(objects) < 3 {
				t.Fatalf("only %d objects", len(objects))
			}
			for _, obj := range objects {
				meta, _ := obj["metadata"].(map[string]any)
				if _, ok := meta["namespace"]; !ok && obj["kind"] == "ConfigMap" { // of extraManifests
					meta["namespace"] = variant
				}
				h.cp.api.applyObject(t, obj)
				kinds[obj["kind"]]++
			}
		})
	}
	if len(paths) < 20 || len(kinds) < 15 {
		t.Errorf("%d values files make the kinds %v, want 20 and 15 at least", len(paths), kinds)
	}
}

// wantStrict sees that the check can fail.
func (a *api) wantStrict(t *testing.T) {
	t.Helper()
	obj := object{"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": "any", "namespace": "default"}, "datas": object{}}
	_, err := a.request(t.Context(), http.MethodPatch, address(t, obj)+strictly, applyPatch, encode(t, obj))
	if want := "datas: field not declared in schema"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want %q", err, want)
	}
}
