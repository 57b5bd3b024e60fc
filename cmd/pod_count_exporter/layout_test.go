package main

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// layers are the packages of the module from the top to the bottom: each imports
// only those below it.
func layers() []string {
	return []string{
		"docs", "e2e", "e2e/node", "e2e/pasted", "cmd/pod_count_exporter", "cmd/kubectl-pod_count", "cmd/kubesim", "collector", "collector/page", "collector/cluster", "collector/store",
		"collector/podcount", "collector/redact", "internal/kubesim/contract", "internal/kubesim", "internal/flagvalue",
	}
}

// forbidden are imports, by their beginning, that a package does without.
func forbidden() map[string][]string {
	return map[string][]string{
		"collector/podcount": {"github.com/prometheus/"},
		"collector/store":    {"github.com/prometheus/", "net/http"},
		"collector/page":     {"github.com/prometheus/"},
		"collector/redact":   {"github.com/prometheus/"},
	}
}

// imports are those of every package of the module, by its path in the module.
func imports(t *testing.T) map[string][]string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-C", "../..", "-f", `{{.Module.Path}} {{.ImportPath}} {{join .Imports " "}}`, "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	all := map[string][]string{}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		within := func(path string) string { return strings.TrimPrefix(path, fields[0]+"/") }
		var list []string
		for _, path := range fields[2:] {
			list = append(list, within(path))
		}
		all[within(fields[1])] = list
	}
	return all
}

// TestImportsRunDown compares the packages with CONTRIBUTING's layout. A package that
// has moved fails too: a rule for a path that does not exist guards nothing.
func TestImportsRunDown(t *testing.T) {
	all := imports(t)
	order := layers()
	for path, list := range all {
		at := slices.Index(order, path)
		if at < 0 {
			t.Errorf("%s is not among the layers", path)
		}
		for _, imported := range list {
			if below := slices.Index(order, imported); below >= 0 && below <= at {
				t.Errorf("%s imports %s, which is above it", path, imported)
			}
		}
	}
	for _, path := range order {
		if _, there := all[path]; !there {
			t.Errorf("there is no package %s", path)
		}
	}
	for path, beginnings := range forbidden() {
		if _, there := all[path]; !there {
			t.Errorf("there is no package %s, whose imports are limited", path)
		}
		for _, imported := range all[path] {
			if slices.ContainsFunc(beginnings, func(b string) bool { return strings.HasPrefix(imported, b) }) {
				t.Errorf("%s imports %s, which it has to do without", path, imported)
			}
		}
	}
}

// TestImageHasWhatIsBuilt builds the programs from nothing but what .dockerignore lets
// into the build of the image, as the Dockerfile does.
func TestImageHasWhatIsBuilt(t *testing.T) {
	text, err := os.ReadFile("../../.dockerignore")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for line := range strings.Lines(string(text)) {
		path, let := strings.CutPrefix(strings.TrimSpace(line), "!")
		if !let {
			continue
		}
		if out, err := inRoot(t, "cp", "-R", "--parents", path, dir); err != nil {
			t.Fatalf("%s: %v: %s", path, err, out)
		}
	}
	if out, err := inRoot(t, "make", "-C", dir, "build", "BIN="+dir+"/out"); err != nil {
		t.Errorf("the programs cannot be built from what the image has: %v\n%s", err, out)
	}
}

// inRoot runs a program in the checkout.
func inRoot(t *testing.T, name string, args ...string) ([]byte, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = "../.."
	return cmd.CombinedOutput()
}
