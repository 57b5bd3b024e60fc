package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestReleaseOfOneCommit: what the Makefile hands to the release program is the same on
// every branch, on a tag's checkout without one, and whatever the environment says.
func TestReleaseOfOneCommit(t *testing.T) {
	dir := newCheckout(t)
	want := makeRelease(t, dir, "release")
	for _, part := range []string{"-version 1.2.3 -commit " + output(t, dir, "git", "rev-parse", "HEAD") + " ", ".Branch=v1.2.3 ", ".BuildUser=make "} {
		if !strings.Contains(want, part) {
			t.Errorf("no %q in %s", part, want)
		}
	}
	output(t, dir, "git", "checkout", "--quiet", "-b", "another")
	if got := makeRelease(t, dir, "release"); got != want {
		t.Errorf("on another branch: %s, want %s", got, want)
	}
	output(t, dir, "git", "checkout", "--quiet", "--detach")
	if got := makeRelease(t, dir, "release"); got != want {
		t.Errorf("without a branch: %s, want %s", got, want)
	}
	for _, name := range []string{"VERSION", "REVISION", "BRANCH", "BUILD_USER", "BUILD_DATE", "LDFLAGS"} {
		t.Setenv(name, "other")
	}
	if got := makeRelease(t, dir, "release"); got != want {
		t.Errorf("with other variables: %s, want %s", got, want)
	}
}

// TestReleaseOfChanges: a tree that is not the commit's is not released under its name.
func TestReleaseOfChanges(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change []string
	}{
		{"a file has changed", []string{"sh", "-c", "echo changed > LICENSE"}},
		{"a change is staged", []string{"sh", "-c", "echo changed > LICENSE && git add LICENSE"}},
		{"a file is gone", []string{"rm", "LICENSE"}},
		{"a file is not added", []string{"sh", "-c", "echo > main.go"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := newCheckout(t)
			output(t, dir, tc.change[0], tc.change[1:]...)
			text, err := inCheckout(t, dir, "make", "release").CombinedOutput()
			if err == nil || strings.Contains(string(text), "-version") || !strings.Contains(string(text), "changes that are not committed") {
				t.Errorf("make release: %v, %s, want it to name the changes", err, text)
			}
			if got := makeRelease(t, dir, "release-one"); !strings.Contains(got, "-dirty ") {
				t.Errorf("the revision is the commit's: %s", got)
			}
		})
	}
}

// newCheckout is a repository with the Makefile, and with a release program that prints
// its arguments.
func newCheckout(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	files := map[string]string{
		"Makefile": makefile(t), "VERSION": "1.2.3\n", "LICENSE": "may be used\n", ".gitignore": "/bin\n/dist\n",
		"testdata/release/go.mod": "module release\n", "bin/release": "#!/bin/sh\necho \"release $*\"\n",
	}
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o700); err != nil { //nolint:gosec // one of them is run
			t.Fatal(err)
		}
	}
	output(t, dir, "git", "init", "--quiet")
	output(t, dir, "git", "add", ".")
	output(t, dir, "git", "-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "--quiet", "--message=a")
	output(t, dir, "touch", "bin/release") // newer than its sources
	return dir
}

// makeRelease is what make has the release program do.
func makeRelease(t *testing.T, dir, target string) string {
	t.Helper()
	for line := range strings.Lines(output(t, dir, "make", target)) {
		if arguments, found := strings.CutPrefix(line, "release "); found {
			return arguments
		}
	}
	t.Fatalf("make %s runs no release", target)
	return ""
}

// output is the output of a program that must not fail.
func output(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	text, err := inCheckout(t, dir, name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, text)
	}
	return strings.TrimSpace(string(text))
}

func inCheckout(t *testing.T, dir, name string, args ...string) *exec.Cmd {
	t.Helper()
	command := exec.CommandContext(t.Context(), name, args...)
	command.Dir = dir
	command.Env = append(os.Environ(), "MAKEFLAGS=", "MAKELEVEL=0")
	return command
}
