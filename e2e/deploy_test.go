//go:build e2e

package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/util/yaml"
)

const manifests = "../deploy/kubernetes"

// TestManifests applies what kustomize makes of deploy/kubernetes with its
// namespace and ServiceMonitor, as the API server's own strict check would have
// it, and counts with the token of the service account that is among it.
func TestManifests(t *testing.T) {
	t.Parallel()
	cp := startControlPlane(t, clusterArgs(8, 20, 500)...)
	applyDefinition(t, cp, "servicemonitors")
	const account = "pod-count-exporter"
	for _, obj := range rendered(t, "namespace", "servicemonitor") {
		t.Run(fmt.Sprint(obj["kind"]), func(t *testing.T) {
			applied := cp.api.applyObject(t, obj)
			if obj["kind"] == "Deployment" {
				admitPod(t, cp.api, applied)
			}
		})
	}
	e := startExporter(t, cp.api.tokenKubeconfig(t, account, account))
	wantTruth(t, e.scrape(t).counted(t), cp.truth)
}

// rendered is what kustomize makes of the base with components, in the order in
// which kubectl applies it.
func rendered(t *testing.T, components ...string) []object {
	t.Helper()
	return renderedWith(t, "", components...)
}

// renderedWith is rendered with another line of the overlay.
func renderedWith(t *testing.T, line string, components ...string) []object {
	t.Helper()
	base, err := filepath.Abs(manifests)
	must(t, err)
	// kustomize takes folders by relative paths only.
	dir, err := os.MkdirTemp(filepath.Dir(base), "e2e-") //nolint:usetesting // beside the base
	must(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	text := "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n" + line + "\nresources: [../kubernetes]\ncomponents:\n"
	for _, name := range components {
		text += "- ../kubernetes/components/" + name + "\n"
	}
	must(t, os.WriteFile(filepath.Join(dir, "kustomization.yaml"), []byte(text), 0o600))
	objects := decodeAll(t, command(t, tool(t, "kustomize"), "build", dir))
	if len(objects) < 4 { // sharded takes two of six away
		t.Fatalf("kustomize made %d objects of the base and %v", len(objects), components)
	}
	return objects
}

// decodeAll reads the objects of a rendering.
func decodeAll(t *testing.T, text string) []object {
	t.Helper()
	decoder := yaml.NewYAMLOrJSONDecoder(strings.NewReader(text), 4096)
	var objects []object
	for {
		var obj object
		err := decoder.Decode(&obj)
		if errors.Is(err, io.EOF) {
			return objects
		}
		must(t, err)
		if len(obj) > 0 {
			objects = append(objects, obj)
		}
	}
}

// applyDefinition takes the definition of a resource from the Prometheus operator's
// own module, and waits until the API server serves it.
func applyDefinition(t *testing.T, cp *controlPlane, resource string) {
	t.Helper()
	dir := os.Getenv("CRD_DIR")
	if dir == "" {
		t.Fatal("CRD_DIR does not name the folder of the operator's definitions: run make e2e")
	}
	name := resource + ".monitoring.coreos.com"
	cp.api.apply(t, filepath.Join(dir, "monitoring.coreos.com_"+resource+".yaml"))
	path := "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
	cp.api.awaitEvent(t, path+"?watch=true&fieldSelector=metadata.name="+name, func(crd object) bool {
		status, _ := crd["status"].(map[string]any)
		conditions, _ := status["conditions"].([]any)
		for _, c := range conditions {
			condition, _ := c.(map[string]any)
			if condition["type"] == "Established" && condition["status"] == "True" {
				return true
			}
		}
		return false
	})
	eventually(t, name+" can be listed", func() bool {
		_, err := cp.api.request(t.Context(), http.MethodGet, "/apis/monitoring.coreos.com/v1/"+resource, "", nil)
		return err == nil
	})
}

// admitPod makes a pod from the deployment's template, as a controller would:
// only then do the namespace's own rules of pod security look at it.
func admitPod(t *testing.T, a *api, deployment object) {
	t.Helper()
	spec, _ := deployment["spec"].(map[string]any)
	template, _ := spec["template"].(map[string]any)
	meta, _ := deployment["metadata"].(map[string]any)
	path := fmt.Sprintf("/api/v1/namespaces/%s/pods?dryRun=All&fieldValidation=Strict", meta["namespace"])
	a.create(t, path, object{"metadata": object{"generateName": "exporter-"}, "spec": template["spec"]})
}

func readYAML(t *testing.T, path string) object {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	var obj object
	err = yaml.NewYAMLOrJSONDecoder(file, 4096).Decode(&obj)
	if err := file.Close(); err != nil {
		t.Error(err)
	}
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return obj
}

// How the tests apply: fields that the server does not know are errors.
const (
	strictly   = "?fieldManager=e2e&fieldValidation=Strict"
	applyPatch = "application/apply-patch+yaml"
)

// apply sends the file as it is, so that the server sees every field that it
// might not know.
func (a *api) apply(t *testing.T, path string) object {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return a.send(t, http.MethodPatch, address(t, readYAML(t, path))+strictly, applyPatch, data)
}

func (a *api) applyObject(t *testing.T, obj object) object {
	t.Helper()
	data, err := json.Marshal(obj)
	must(t, err)
	return a.send(t, http.MethodPatch, address(t, obj)+strictly, applyPatch, data)
}

// address is the path of an object. Its resource is its kind in lower case and
// in the plural as English has it, which is true of every kind used here.
func address(t *testing.T, obj object) string {
	t.Helper()
	version, kind := fmt.Sprint(obj["apiVersion"]), fmt.Sprint(obj["kind"])
	meta, ok := obj["metadata"].(map[string]any)
	if !ok {
		t.Fatalf("%s without metadata", kind)
	}
	path := "/apis/" + version
	if version == "v1" {
		path = "/api/v1"
	}
	if namespace, ok := meta["namespace"]; ok {
		path += fmt.Sprint("/namespaces/", namespace)
	}
	resource := strings.ToLower(kind) + "s"
	if stem, ok := strings.CutSuffix(resource, "ys"); ok {
		resource = stem + "ies"
	}
	return fmt.Sprintf("%s/%s/%s", path, resource, meta["name"])
}
