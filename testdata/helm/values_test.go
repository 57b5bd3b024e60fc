package chart

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestReadme holds the README against what helm-docs makes of its template and
// of values.yaml.
func TestReadme(t *testing.T) {
	args := []string{"--chart-search-root", dir, "--sort-values-order", "file", "--skip-version-footer"}
	if *update {
		mustRun(t, "helm-docs", args...)
	}
	got := mustRun(t, "helm-docs", append(args, "--dry-run")...)
	if want := string(read(t, dir+"/README.md")); strings.TrimRight(got, "\n") != strings.TrimRight(want, "\n") {
		t.Errorf("README.md is stale: run make chart\n%s", difference(want, got))
	}
}

// TestVersion compares the chart's version of the exporter with the exporter's.
func TestVersion(t *testing.T) {
	version := strings.TrimSpace(string(read(t, root+"/VERSION")))
	if got := parse(t, read(t, dir+"/Chart.yaml"))["appVersion"]; got != version {
		t.Errorf("Chart.yaml has appVersion %v, VERSION has %s", got, version)
	}
}

// TestEveryValueIsDocumented compares values.yaml, its schema and the README's
// table: each key of the one is in the others.
func TestEveryValueIsDocumented(t *testing.T) {
	documented := map[string]bool{}
	for _, leaf := range leaves(t) {
		documented[strings.Join(leaf.path, ".")] = true
	}
	schema := parse(t, read(t, dir+"/values.schema.json"))
	var compare func(path string, values, schema object)
	compare = func(path string, values, schema object) {
		properties, _ := schema["properties"].(object)
		for key := range properties {
			// A chart that this one is a part of says by "enabled" whether it is.
			if _, ok := values[key]; !ok && path+key != "enabled" {
				t.Errorf("the schema has %s, values.yaml has not", path+key)
			}
		}
		for key, value := range values {
			property, ok := properties[key].(object)
			if !ok {
				t.Errorf("values.yaml has %s, the schema has not", path+key)
				continue
			}
			if documented[path+key] {
				continue
			}
			group, ok := value.(object)
			if !ok {
				t.Errorf("%s has no comment", path+key)
				continue
			}
			compare(path+key+".", group, property)
		}
	}
	compare("", parse(t, read(t, dir+"/values.yaml")), schema)
}

// TestEveryValueIsTried fails for a value that no variant sets.
func TestEveryValueIsTried(t *testing.T) {
	variants := variants(t)
	for _, leaf := range leaves(t) {
		tried := slices.ContainsFunc(slices.Collect(maps.Values(variants)), func(path string) bool {
			_, ok := lookup(parse(t, read(t, path)), leaf.path)
			return ok
		})
		if !tried {
			t.Errorf("no file in %s sets %s", files, strings.Join(leaf.path, "."))
		}
	}
}

// TestWrongTypes gives each value what is of none of its types.
func TestWrongTypes(t *testing.T) {
	t.Parallel()
	chart := load(t)
	schema := parse(t, chart["values.schema.json"])
	for _, leaf := range leaves(t) {
		wrong := []any{"a text of words", 7.5, true, []any{7.5}, object{"key that is not there": true}}
		wrong = slices.DeleteFunc(wrong, func(value any) bool { return fits(schema, leaf.path, value) })
		for _, value := range wrong {
			_, err := chart.render(at(leaf.path, value))
			if err == nil {
				t.Errorf("%s takes %v", strings.Join(leaf.path, "."), value)
			} else if !strings.Contains(err.Error(), "at '/"+strings.Join(leaf.path, "/")) {
				t.Errorf("%s: %v: the refusal does not name the value:\n%v", strings.Join(leaf.path, "."), value, err)
			}
		}
		if len(wrong) < 3 {
			t.Errorf("%s takes all types but %v", strings.Join(leaf.path, "."), wrong)
		}
	}
}

// fits says whether a value is one that the README's type allows: any text where
// there are texts, any map where there are maps.
func fits(schema object, path []string, value any) bool {
	node := schema
	for _, key := range path {
		properties, _ := node["properties"].(object)
		node, _ = properties[key].(object)
	}
	kinds, several := node["type"].([]any)
	if !several {
		kinds = []any{node["type"]}
	}
	switch value := value.(type) {
	case string:
		return slices.Contains(kinds, any("string")) && node["pattern"] == nil
	case bool:
		return slices.Contains(kinds, any("boolean"))
	case object:
		return node["type"] == "object" && node["additionalProperties"] == nil
	default:
		_ = value
		return false
	}
}

// TestNull takes each value back, which Helm does with null, in the default and
// where a variant sets it. The schema must say that it is missing, or the chart do
// without it, or refuse what is left.
func TestNull(t *testing.T) {
	t.Parallel()
	chart := load(t)
	for variant, path := range variants(t) {
		for _, leaf := range leaves(t) {
			values := parse(t, read(t, path))
			if _, ok := lookup(values, leaf.path); !ok && variant != "default" {
				continue
			}
			merge(values, at(leaf.path, nil))
			text, err := chart.render(values)
			if err != nil {
				missing, refused := "missing property '"+leaf.path[len(leaf.path)-1], "execution error at"
				if !strings.Contains(err.Error(), missing) && !strings.Contains(err.Error(), refused) {
					t.Errorf("%s without %s: %v", variant, strings.Join(leaf.path, "."), err)
				}
				continue
			}
			for _, obj := range decode(t, withoutNotes(text)) {
				if err := strict(obj); err != nil {
					t.Errorf("%s without %s: %v", variant, strings.Join(leaf.path, "."), err)
				}
			}
		}
	}
}

// withoutNotes leaves out what is no object.
func withoutNotes(text string) string {
	before, after, _ := strings.Cut(text, "---\n# "+name+"/templates/NOTES.txt")
	_, after, _ = strings.Cut(after, "\n---\n")
	return before + "---\n" + after
}

// merge puts changes into values.
func merge(values, changes object) {
	for key, change := range changes {
		group, ok := change.(object)
		present, isGroup := values[key].(object)
		if ok && isGroup {
			merge(present, group)
		} else {
			values[key] = change
		}
	}
}

// TestFlags compares the variables that the variants set with those of the
// program's own help.
func TestFlags(t *testing.T) {
	t.Parallel()
	variable := regexp.MustCompile(`POD_COUNT_EXPORTER_[A-Z_]+`)
	help := mustRun(t, "pod_count_exporter", "--help")
	known := map[string]bool{}
	for _, name := range variable.FindAllString(help, -1) {
		known[name] = true
	}
	set := map[string]bool{
		"POD_COUNT_EXPORTER_WEB_LISTEN_ADDRESS": true, // the port's name is all that the objects need
		"POD_COUNT_EXPORTER_WEB_SYSTEMD_SOCKET": true, // there is no systemd in a pod
	}
	chart := load(t)
	for _, path := range variants(t) {
		text, err := chart.render(parse(t, read(t, path)))
		must(t, err)
		for _, name := range variable.FindAllString(text, -1) {
			set[name] = true
		}
	}
	for name := range known {
		if !set[name] {
			t.Errorf("no variant sets %s: add the flag to config in values.yaml and its schema, and to ci/config-values.yaml", name)
		}
	}
	for name := range set {
		if !known[name] {
			t.Errorf("the exporter does not know %s", name)
		}
	}
}

// TestSubchart makes the chart a part of another, twice: the copies must have
// names and selectors of their own, and one that is not enabled is not there.
func TestSubchart(t *testing.T) {
	t.Parallel()
	parent := t.TempDir()
	must(t, os.MkdirAll(parent+"/charts", 0o750))
	must(t, os.CopyFS(filepath.Join(parent, "charts", name), os.DirFS(dir)))
	must(t, os.WriteFile(parent+"/Chart.yaml", []byte(`apiVersion: v2
name: parent
version: 1.0.0
dependencies:
  - {name: pod-count-exporter, version: "*", alias: east, condition: east.enabled}
  - {name: pod-count-exporter, version: "*", alias: west, condition: west.enabled}
  - {name: pod-count-exporter, version: "*", alias: north, condition: north.enabled}
`), 0o600))
	must(t, os.WriteFile(parent+"/values.yaml", []byte("global: {imageRegistry: registry.example.com, other: {}}\nwest: {enabled: true}\nnorth: {enabled: false}\n"), 0o600))
	for _, release := range []string{"release", strings.Repeat("a", 53)} {
		selectors := map[string]bool{}
		for _, obj := range ofKind(t, "Deployment", mustRun(t, "helm", "template", release, parent)) {
			spec, _ := obj["spec"].(object)
			selector, err := json.Marshal(spec["selector"])
			must(t, err)
			selectors[string(selector)] = true
		}
		if len(selectors) != 2 {
			t.Errorf("%s: selectors of two copies: %v", release, slices.Sorted(maps.Keys(selectors)))
		}
	}
}
