package docs

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"testing"
	"time"
)

// TestQuietly holds scripts/quietly to its promises.
func TestQuietly(t *testing.T) {
	tools(t, "bash", "grep")
	const message = "this compiles the world"
	tests := []struct {
		name, script   string
		code           int
		stdout, stderr string
	}{
		{"quick and well", "echo 'go: downloading example.com/a v1.0.0' >&2", 0, "", ""},
		{"its output stays", "echo made; echo 'go: downloading example.com/a v1.0.0' >&2", 0, "made\n", ""},
		{"a failure is shown", "echo 'go: downloading example.com/a v1.0.0' >&2; echo 'a.go:1:1: no such thing' >&2; exit 3", 3, "", "a.go:1:1: no such thing\n"},
		{"a silent failure", "exit 7", 7, "", ""},
		// It ends as soon as the message is there, and fails when there is none in time.
		{"slow", `for _ in {1..150}; do if grep -q compiles "$HEARD"; then exit 0; fi; sleep 0.1; done; exit 9`, 0, "", message + "\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var stdout bytes.Buffer
			heard := newHeard(t)
			cmd := exec.CommandContext(t.Context(), "../scripts/quietly", "-m", message, "bash", "-c", tt.script)
			cmd.Env = append(cmd.Environ(), "HEARD="+heard.Name())
			cmd.Stdout, cmd.Stderr = &stdout, heard
			began := time.Now()
			err := cmd.Run()
			code, exit := 0, (*exec.ExitError)(nil)
			if errors.As(err, &exit) {
				code = exit.ExitCode()
			} else if err != nil {
				t.Fatal(err)
			}
			if stderr := contents(t, heard); code != tt.code || stdout.String() != tt.stdout || stderr != tt.stderr {
				t.Errorf("code %d, output %q, errors %q; want %d, %q, %q", code, stdout.String(), stderr, tt.code, tt.stdout, tt.stderr)
			}
			if took := time.Since(began); tt.name == "slow" && took < 4*time.Second {
				t.Errorf("the message came after %s, want five seconds", took)
			}
		})
	}
}

// newHeard is a file for what a program says, which that program can read too.
func newHeard(t *testing.T) *os.File {
	t.Helper()
	file, err := os.CreateTemp(t.TempDir(), "heard")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	return file
}

func contents(t *testing.T, file *os.File) string {
	t.Helper()
	text, err := os.ReadFile(file.Name())
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
