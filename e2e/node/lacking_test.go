//go:build e2e

package node

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// TestLacking runs a test once more where none of the machine's programs can be found:
// it is skipped with what is missing, and with CI set that is a failure.
func TestLacking(t *testing.T) {
	requireNode(t)
	for _, tt := range []struct {
		ci      string
		code    int
		skipped bool
	}{{"", 0, true}, {"true", exitLacking, false}} {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestBase$", "-test.v")
		cmd.Env = append(os.Environ(), dirEnv+"=", lacksEnv+"=", linksEnv+"=", "PATH=/nowhere", "CI="+tt.ci)
		// What pods mount meanwhile is not left behind by it.
		cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
		output, err := cmd.CombinedOutput()
		code := 0
		if ended, ok := errors.AsType[*exec.ExitError](err); ok {
			code = ended.ExitCode()
		} else {
			must(t, err)
		}
		reason := strings.Contains(string(output), "a node cannot run on this machine: no containerd (Debian's package containerd); ")
		if skipped := strings.Contains(string(output), "--- SKIP: TestBase"); code != tt.code || skipped != tt.skipped || !reason {
			t.Errorf("with CI=%s: code %d, skipped %t, want %d, %t and the reason:\n%s", tt.ci, code, skipped, tt.code, tt.skipped, output)
		}
	}
}
