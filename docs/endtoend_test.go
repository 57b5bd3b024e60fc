package docs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestEndToEnd: make e2e runs every package of end-to-end tests, those on the node too,
// and hands each its flags; the checks before a change lands call it.
func TestEndToEnd(t *testing.T) {
	tools(t, "make", "bash")
	plan := foreground(t, checkout, append(os.Environ(), "MAKEFLAGS="), `make e2e E2E_FLAGS='-run TestNothing' --dry-run`)
	files, err := filepath.Glob(filepath.Join(checkout, "e2e", "*", "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	packages := map[string]bool{"./e2e": true}
	for _, file := range files {
		packages["./e2e/"+filepath.Base(filepath.Dir(file))] = true
	}
	if len(packages) < 2 {
		t.Errorf("packages %v, want the one on the node too", packages)
	}
	for name := range packages {
		if !strings.Contains(plan, " -run TestNothing "+name+"\n") {
			t.Errorf("make e2e does not run %s with its flags", name)
		}
	}
	if !strings.Contains(read(t, ".ci/run"), "\nstep e2e make e2e\n") {
		t.Error(".ci/run does not run make e2e")
	}
}
