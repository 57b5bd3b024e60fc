package chart

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const base = root + "/deploy/kubernetes"

// counterparts are the variants that make what components of kustomize make.
func counterparts() map[string][]string {
	return map[string][]string{
		"default":             {},
		"servicemonitor":      {"servicemonitor"},
		"podmonitor":          {"podmonitor"},
		"prometheusrule":      {"prometheusrule"},
		"dashboards":          {"dashboards"},
		"networkpolicy":       {"networkpolicy"},
		"flowschema":          {"flowschema"},
		"ha":                  {"ha"},
		"sharded":             {"sharded"},
		"namespaced":          {"namespaced"},
		"watch":               {"watch"},
		"watch-namespaced":    {"namespaced", "watch"},
		"watch-rules":         {"flowschema", "prometheusrule", "watch"},
		"tls":                 {"servicemonitor", "tls"},
		"client-certificates": {"podmonitor", "client-certificates"},
	}
}

// TestKustomize compares the chart with the kustomize base and its components,
// so that neither can change alone.
func TestKustomize(t *testing.T) {
	for variant, components := range counterparts() {
		t.Run(variant, func(t *testing.T) {
			t.Parallel()
			want := normal(t, decode(t, kustomize(t, components)))
			got := normal(t, decode(t, mustRun(t, "helm", "template", name, dir, "--namespace", name, "--values", variants(t)[variant])))
			for _, id := range slices.Sorted(maps.Keys(want)) {
				if _, ok := got[id]; !ok {
					t.Errorf("the chart lacks %s", id)
				} else if got[id] != want[id] {
					t.Errorf("%s differs between kustomize and the chart:\n%s", id, difference(want[id], got[id]))
				}
				delete(got, id)
			}
			for id := range got {
				t.Errorf("kustomize lacks %s", id)
			}
		})
	}
}

// TestBaseSettings: what overlays set most is in the generated ConfigMap, where they find
// it to merge into.
func TestBaseSettings(t *testing.T) {
	t.Parallel()
	var data object
	for _, obj := range decode(t, kustomize(t, nil)) {
		if obj["kind"] == "ConfigMap" {
			data, _ = obj["data"].(object)
		}
	}
	for _, setting := range []string{"KUBERNETES_CLUSTER_NAME", "COLLECTOR_MODE", "COLLECTOR_CACHE_TTL", "LOG_LEVEL"} {
		if data["POD_COUNT_EXPORTER_"+setting] == nil {
			t.Errorf("the base's ConfigMap has no %s: %v", setting, data)
		}
	}
}

// TestEveryComponent fails when a component is added that the chart lacks.
func TestEveryComponent(t *testing.T) {
	entries, err := os.ReadDir(base + "/components")
	must(t, err)
	covered := map[string]bool{
		"namespace": true, // Helm's own --create-namespace; the chart's README has its labels
	}
	for _, components := range counterparts() {
		for _, component := range components {
			covered[component] = true
		}
	}
	for _, entry := range entries {
		if !covered[entry.Name()] {
			t.Errorf("component %s has no counterpart among the chart's variants", entry.Name())
		}
	}
}

// kustomize builds the base with components in the release's namespace, and with more
// lines of the overlay.
func kustomize(t *testing.T, components []string, more ...string) string {
	t.Helper()
	return build(t, components, append(more, "namespace: "+name)...)
}

// build is kustomize without a namespace of the overlay.
func build(t *testing.T, components []string, more ...string) string {
	t.Helper()
	// kustomize takes folders by relative paths only.
	overlay, err := os.MkdirTemp(filepath.Dir(base), "chart-") //nolint:usetesting // beside the base
	must(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(overlay) })
	var text strings.Builder
	text.WriteString("resources: [../kubernetes]\ncomponents:\n")
	for _, component := range components {
		text.WriteString("- ../kubernetes/components/" + component + "\n")
	}
	text.WriteString(strings.Join(more, "\n"))
	must(t, os.WriteFile(filepath.Join(overlay, "kustomization.yaml"), []byte(text.String()), 0o600))
	return mustRun(t, "kustomize", "build", overlay)
}

// normal are the objects as JSON, without what differs between the two by their
// nature:
//   - the label of the chart, and who manages the objects
//   - kustomize names a ConfigMap after its content; the chart notes its checksum
//     at the pods
//   - an empty setting, by which kustomize's components take one back
//   - the names of the dashboards
//   - kustomize gives kinds that it does not know a namespace, which the API server
//     drops where they belong to the cluster
func normal(t *testing.T, objects []object) map[string]string {
	t.Helper()
	normal := map[string]string{}
	for _, obj := range objects {
		normalMaps(obj)
		meta, _ := obj["metadata"].(object)
		if obj["kind"] == "ConfigMap" {
			normalConfigMap(obj, meta)
		}
		if kind := fmt.Sprint(obj["kind"]); kind == "FlowSchema" || kind == "PriorityLevelConfiguration" {
			delete(meta, "namespace")
		}
		text, err := json.MarshalIndent(obj, "", " ")
		must(t, err)
		id := fmt.Sprint(obj["kind"], " ", meta["namespace"], "/", meta["name"])
		normal[id] = hashed().ReplaceAllString(string(text), `"name": "`+name+`"`)
	}
	return normal
}

func hashed() *regexp.Regexp {
	return regexp.MustCompile(`"name": "` + name + `-[2456789bcdfghkmt]{10}"`)
}

func normalConfigMap(obj, meta object) {
	data, _ := obj["data"].(object)
	for key, value := range data {
		if strings.HasSuffix(key, ".json") {
			meta["name"] = key
		}
		if value == "" {
			delete(data, key)
		}
	}
	if id := fmt.Sprintf(`"name": "%s"`, meta["name"]); hashed().MatchString(id) {
		meta["name"] = name
	}
}

// normalMaps goes through labels and annotations, wherever they are.
func normalMaps(value any) {
	switch value := value.(type) {
	case []any:
		for _, item := range value {
			normalMaps(item)
		}
	case object:
		delete(value, "helm.sh/chart")
		delete(value, "checksum/config")
		delete(value, "app.kubernetes.io/managed-by")
		if annotations, ok := value["annotations"].(object); ok {
			delete(annotations, "checksum/config")
			if len(annotations) == 0 {
				delete(value, "annotations")
			}
		}
		for _, item := range value {
			normalMaps(item)
		}
	}
}
