package docs

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// pages are the documents that are held against the references.
func pages(t *testing.T) []document {
	t.Helper()
	return slices.DeleteFunc(documents(t), func(d document) bool {
		return !strings.HasPrefix(d.path, "docs/") && !strings.HasPrefix(d.path, "mixin/") && strings.Contains(d.path, "/") ||
			d.path == "CHANGELOG.md"
	})
}

// named are the first cells of a reference that are code.
func named(t *testing.T, path string) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	for _, m := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\|").FindAllStringSubmatch(read(t, path), -1) {
		names[m[1]] = true
	}
	if len(names) < 20 {
		t.Fatalf("%s has %d names", path, len(names))
	}
	return names
}

// TestMetricsAreKnown: no document names a metric that is not served. Those of
// histograms have suffixes.
func TestMetricsAreKnown(t *testing.T) {
	known := named(t, "docs/metrics.md")
	mentioned := regexp.MustCompile(`\b(?:pod_count|node_active|node_allocatable|api_requests|log_messages)_[a-z_]+[a-z]\b:?`)
	suffix := regexp.MustCompile(`_(bucket|count|sum)$`)
	found := map[string]bool{}
	for _, d := range pages(t) {
		text := read(t, d.path)
		for _, at := range mentioned.FindAllStringIndex(text, -1) {
			name := text[at[0]:at[1]]
			partOfRule := strings.HasSuffix(name, ":") || at[0] > 0 && text[at[0]-1] == ':'
			if partOfRule || name == "pod_count_exporter" || strings.HasPrefix(name, "pod_count_exporter_kubesim") || strings.HasPrefix(text[at[1]:], "*") {
				continue
			}
			found[name] = true
			if !known[name] && !known[suffix.ReplaceAllString(name, "")] {
				t.Errorf("%s names the metric %s, which does not exist", d.path, name)
			}
		}
	}
	if len(found) < 30 {
		t.Errorf("%d metrics are mentioned, want at least 30", len(found))
	}
}

// TestFlagsAreKnown: no document names a flag that the exporter does not have.
func TestFlagsAreKnown(t *testing.T) {
	known := named(t, "docs/flags.md")
	found := map[string]bool{}
	for _, d := range pages(t) {
		for _, flag := range regexp.MustCompile(`--(?:web|kubernetes|collector|watch|log)\.[a-z.-]*[a-z]`).FindAllString(read(t, d.path), -1) {
			found[flag] = true
			if !known[flag] {
				t.Errorf("%s names the flag %s, which does not exist", d.path, flag)
			}
		}
	}
	if len(found) < 15 {
		t.Errorf("%d flags are mentioned, want at least 15", len(found))
	}
}

// TestMakeTargetsAreKnown: no document names a target that the Makefile does not
// have.
func TestMakeTargetsAreKnown(t *testing.T) {
	makefile := read(t, "Makefile")
	found := 0
	for _, d := range pages(t) {
		for _, m := range regexp.MustCompile("(?m)(?:`|^)make ([a-z][a-z0-9 -]*[a-z0-9])(?: [A-Z_]+=.*)?(?:`|$| +#)").FindAllStringSubmatch(read(t, d.path), -1) {
			for target := range strings.FieldsSeq(m[1]) {
				found++
				if !regexp.MustCompile(`(?m)^` + target + `:`).MatchString(makefile) {
					t.Errorf("%s names make %s, which does not exist", d.path, target)
				}
			}
		}
	}
	if found < 20 {
		t.Errorf("%d targets are mentioned, want at least 20", found)
	}
}
