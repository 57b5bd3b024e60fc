package chart

import (
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// shown is what a component's comment shows of an overlay.
func shown(t *testing.T, component string) string {
	t.Helper()
	comment := string(read(t, base+"/components/"+component+"/kustomization.yaml"))
	var lines strings.Builder
	for _, match := range regexp.MustCompile(`(?m)^#   (.*)$`).FindAllStringSubmatch(comment, -1) {
		lines.WriteString(match[1] + "\n")
	}
	if lines.Len() == 0 {
		t.Fatalf("the comment of %s shows nothing", component)
	}
	return lines.String()
}

// TestOverlays builds what the components' comments show, which names no item of a list
// by its index: what it is about has changed, and all else is as it was, also beside a
// prefix and the components that change the monitors.
func TestOverlays(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		component   string
		gone, added []string // lines of the rendering
	}{
		{"networkpolicy", []string{"- port: 443", "- port: 6443", "protocol: TCP"}, []string{"- port: 16443"}},
		{"servicemonitor", []string{"interval: 60s", "scrapeTimeout: 30s"}, []string{"interval: 15s", "scrapeTimeout: 10s"}},
		{"podmonitor", []string{"interval: 60s", "scrapeTimeout: 30s"}, []string{"interval: 15s", "scrapeTimeout: 10s"}},
	} {
		t.Run(tt.component, func(t *testing.T) {
			t.Parallel()
			overlay := shown(t, tt.component)
			if strings.Contains(overlay, "op:") || regexp.MustCompile(`[./]\d+[./]`).MatchString(overlay) {
				t.Errorf("it names items by their index:\n%s", overlay)
			}
			for _, prefix := range []string{"", "namePrefix: east-"} {
				for _, components := range [][]string{{tt.component}, {tt.component, "tls"}, {tt.component, "client-certificates"}} {
					without, with := kustomize(t, components, prefix), kustomize(t, components, prefix, overlay)
					if gone := missing(without, with); !slices.Equal(gone, tt.gone) {
						t.Errorf("%s %v: gone are %q, want %q", prefix, components, gone, tt.gone)
					}
					if added := missing(with, without); !slices.Equal(added, tt.added) {
						t.Errorf("%s %v: added are %q, want %q", prefix, components, added, tt.added)
					}
				}
			}
		})
	}
}

// TestNoItemByIndex: neither a component nor an overlay that the documents show or the
// tests build finds an item of a list by its place, where another may come to stand.
func TestNoItemByIndex(t *testing.T) {
	t.Parallel()
	indexed := regexp.MustCompile(`(?m)^.*[pP]aths?"?: .*[/.]\d+(?:[/."'\s,}\]]|$).*$`)
	for line, want := range map[string]bool{
		`  path: /spec/endpoints/0/scheme`:                            true,
		`- {op: add, path: "/rules/0", value: 1}`:                     true,
		`        fieldPaths: ["spec.endpoints.0.scheme"]`:             true,
		`        fieldPaths: ["spec.endpoints.[port=http].interval"]`: false,
		`  path: /spec/groups/-`:                                      false,
	} {
		if got := indexed.MatchString(line); got != want {
			t.Errorf("whether %q has an index: %t, want %t", line, got, want)
		}
	}
	files := 0
	for _, folder := range []string{base, root + "/docs", root + "/e2e/node"} {
		must(t, filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || filepath.Ext(path) == ".json" {
				return err
			}
			if files++; indexed.Match(read(t, path)) {
				t.Errorf("%s names an item by its index: %s", path, indexed.Find(read(t, path)))
			}
			return nil
		}))
	}
	if files < 60 {
		t.Errorf("%d files were read, want 60 at least", files)
	}
}

// missing are the lines of one text that another has not, or not as often.
func missing(text, other string) []string {
	has := map[string]int{}
	for line := range strings.Lines(other) {
		has[strings.TrimSpace(line)]++
	}
	var gone []string
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if has[line]--; has[line] < 0 {
			gone = append(gone, line)
		}
	}
	return gone
}
