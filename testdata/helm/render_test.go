package chart

import (
	"fmt"
	"io"
	"io/fs"
	"log"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	"helm.sh/helm/v4/pkg/chart/loader/archive"
	chartv2 "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/engine"
	sigsyaml "sigs.k8s.io/yaml"
)

// TestMain silences Helm's packages, which log what they leave out of values.
func TestMain(m *testing.M) {
	log.SetOutput(io.Discard)
	os.Exit(m.Run())
}

// source is a chart's files by their names, in memory: Helm's packages render it
// a hundred times while its program renders it once.
type source map[string][]byte

func load(t *testing.T) source {
	t.Helper()
	files := source{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && !strings.HasPrefix(path, "ci/") {
			files[path] = read(t, filepath.Join(dir, path))
		}
		return err
	})
	must(t, err)
	return files
}

// with is the same chart with one file changed.
func (s source) with(path string, data []byte) source {
	changed := maps.Clone(s)
	changed[path] = data
	return changed
}

func (s source) chart() (*chartv2.Chart, error) {
	files := make([]*archive.BufferedFile, 0, len(s))
	for path, data := range s {
		files = append(files, &archive.BufferedFile{Name: path, Data: data})
	}
	return loader.LoadFiles(files)
}

// render is what the chart makes of values, with the notes, as one text.
func (s source) render(values object) (string, error) {
	return s.renderIn(name, name, values)
}

// renderIn is render for a release of any name, in any namespace.
func (s source) renderIn(namespace, release string, values object) (string, error) {
	chart, err := s.chart()
	if err != nil {
		return "", err
	}
	options := common.ReleaseOptions{Name: release, Namespace: namespace, Revision: 1, IsInstall: true}
	all, err := util.ToRenderValues(chart, values, options, nil)
	if err != nil {
		return "", err
	}
	rendered, err := engine.Render(chart, all)
	if err != nil {
		return "", err
	}
	return oneText(rendered), nil
}

// oneText joins what each template has made, by path.
func oneText(rendered map[string]string) string {
	var text strings.Builder
	for _, path := range slices.Sorted(maps.Keys(rendered)) {
		fmt.Fprintf(&text, "---\n# %s\n%s\n", path, rendered[path])
	}
	return text.String()
}

func parse(t *testing.T, data []byte) object {
	t.Helper()
	var values object
	must(t, sigsyaml.Unmarshal(data, &values))
	return values
}

// at are values that hold one value at a path of keys.
func at(path []string, value any) object {
	for _, key := range slices.Backward(path[1:]) {
		value = object{key: value}
	}
	return object{path[0]: value}
}

// leaf is a value that is documented as one, whatever it holds.
type leaf struct {
	path    []string
	initial any // in values.yaml
}

// leaves are the rows of the README's table. A key has no dot in it.
func leaves(t *testing.T) []leaf {
	t.Helper()
	defaults := parse(t, read(t, dir+"/values.yaml"))
	var leaves []leaf
	for line := range strings.Lines(string(read(t, dir+"/README.md"))) {
		cells := strings.Split(line, " | ")
		key, ok := strings.CutPrefix(cells[0], "| ")
		if !ok || len(cells) < 4 || key == "Key" {
			continue
		}
		path := strings.Split(key, ".")
		initial, ok := lookup(defaults, path)
		if !ok {
			t.Fatalf("README.md has %s, which values.yaml has not", key)
		}
		leaves = append(leaves, leaf{path: path, initial: initial})
	}
	if len(leaves) < 80 {
		t.Fatalf("%d values in the README's table, want 80 at least", len(leaves))
	}
	return leaves
}

func lookup(values object, path []string) (any, bool) {
	var value any = values
	for _, key := range path {
		group, ok := value.(object)
		if !ok {
			return nil, false
		}
		if value, ok = group[key]; !ok {
			return nil, false
		}
	}
	return value, true
}
