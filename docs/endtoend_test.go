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
	withoutNode(t)
	if !strings.Contains(read(t, ".ci/run"), "\nstep e2e make e2e\n") {
		t.Error(".ci/run does not run make e2e")
	}
}

// withoutNode has make plan the same where there is no Linux: what is left out is said,
// and with CI set that is a failure.
func withoutNode(t *testing.T) {
	t.Helper()
	bin := t.TempDir()
	if err := os.WriteFile(filepath.Join(bin, "uname"), []byte("#!/bin/sh\necho Darwin\n"), 0o700); err != nil { //nolint:gosec // it is run
		t.Fatal(err)
	}
	env := append(os.Environ(), "MAKEFLAGS=", "PATH="+bin+":"+os.Getenv("PATH"))
	said := foreground(t, checkout, env, `CI= make e2e --dry-run 2>&1; ! CI=true make e2e --dry-run > /dev/null 2>&1`)
	if !strings.Contains(said, "\nSKIPPED: make e2e-node") || strings.Contains(said, "./e2e/node") {
		t.Errorf("without Linux, make e2e plans:\n%s", said)
	}
}
