//go:build e2e

package e2e

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// insideEnv is set in a test process that has namespaces of its own.
const insideEnv = "E2E_INSIDE"

// inNamespaces runs the test once more as the first process of namespaces of its
// own, for mounts, network and processes: what it starts, and what those start,
// ends with it, and so do their links, rules and mounts. It returns true within
// them. Outside, the test is over when it returns false.
func inNamespaces(t *testing.T) bool {
	t.Helper()
	if os.Getenv(insideEnv) == t.Name() {
		command(t, "ip", "link", "set", "lo", "up")
		return true
	}
	cmd := exec.CommandContext(t.Context(), "unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc",
		os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), insideEnv+"="+t.Name())
	output, err := cmd.CombinedOutput()
	text := string(output)
	switch {
	case err != nil:
		t.Fatalf("within namespaces: %v\n%s", err, text)
	case !strings.Contains(text, "--- PASS: "+t.Name()):
		t.Fatalf("within namespaces no test has passed:\n%s", text)
	}
	t.Log(text)
	return false
}

// requireRoot skips a test with the reason if this machine lacks what it needs.
// CI installs all of it, so there a skip is a fault.
func requireRoot(t *testing.T, programs ...string) {
	t.Helper()
	lacks := func(what string) {
		if os.Getenv("CI") != "" {
			t.Fatalf("%s is missing, and CI must have it", what)
		}
		t.Skipf("%s is missing", what)
	}
	if os.Geteuid() != 0 {
		lacks("the right to make namespaces (root)")
	}
	for _, name := range programs {
		if _, err := exec.LookPath(name); err != nil {
			lacks(name)
		}
	}
}
