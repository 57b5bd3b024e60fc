package chart

import (
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
	return oneText(rendered), nil
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
	for _, r := range refusals(t) {
		if _, err := chart.renderBy3(r.values); err == nil || !strings.Contains(err.Error(), r.want) {
			t.Errorf("%s: want %q, got %v", r.path, r.want, err)
		}
	}
}
