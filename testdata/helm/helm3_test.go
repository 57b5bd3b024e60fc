package chart

import (
	"bytes"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
)

// renderBy3 is render by the packages of Helm 3.
func (s source) renderBy3(values object) (string, error) {
	files := make([]*loader.BufferedFile, 0, len(s))
	for path, data := range s {
		files = append(files, &loader.BufferedFile{Name: path, Data: data})
	}
	chart, err := loader.LoadFiles(files)
	if err != nil {
		return "", err
	}
	release := chartutil.ReleaseOptions{Name: name, Namespace: name, Revision: 1, IsInstall: true}
	all, err := chartutil.ToRenderValues(chart, values, release, nil)
	if err != nil {
		return "", err
	}
	rendered, err := engine.Render(chart, all)
	if err != nil {
		return "", err
	}
	var text strings.Builder
	for _, path := range slices.Sorted(maps.Keys(rendered)) {
		fmt.Fprintf(&text, "---\n# %s\n%s\n", path, rendered[path])
	}
	return text.String(), nil
}

// TestHelm3 has Helm 3 make of each variant what Helm 4 makes, notes included, and refuse
// values that cannot be right in the same words.
func TestHelm3(t *testing.T) {
	t.Parallel()
	chart := load(t)
	for variant, path := range variants(t) {
		want, err := chart.render(parse(t, read(t, path)))
		must(t, err)
		got, err := chart.renderBy3(parse(t, read(t, path)))
		must(t, err)
		if got != want {
			t.Errorf("%s: Helm 3 makes something else:\n%s", variant, difference(want, got))
		}
	}
	invalid, err := filepath.Glob("testdata/invalid/*.yaml")
	must(t, err)
	if len(invalid) < 30 {
		t.Fatalf("%d files, want 30 at least", len(invalid))
	}
	for _, path := range invalid {
		text := read(t, path)
		first, _, _ := bytes.Cut(text, []byte("\n"))
		want := strings.TrimPrefix(string(first), "# want: ")
		if _, err := chart.renderBy3(parse(t, text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: want %q, got %v", path, want, err)
		}
	}
}
