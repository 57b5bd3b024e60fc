package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestEnvironment: what the environment and the file of "go env -w" say of processors,
// experiments and modules has no part in a release; where modules come from is kept.
func TestEnvironment(t *testing.T) {
	settings := map[string][2]string{ // what is said, and what is built with
		"GOAMD64": {"v3", "v1"}, "GOARM64": {"v9.0", "v8.0"}, "GOEXPERIMENT": {"fieldtrack", ""}, "GOFIPS140": {"latest", "off"},
		"GOFLAGS": {"-tags=other", "-mod=readonly"}, "GOWORK": {filepath.Join(t.TempDir(), "go.work"), "off"}, "CGO_ENABLED": {"1", "0"},
		"GOPROXY": {"https://proxy.example.com", "https://proxy.example.com"}, "GOPRIVATE": {"example.com", "example.com"},
	}
	var file strings.Builder
	for name, of := range settings {
		file.WriteString(name + "=" + of[0] + "\n")
	}
	path := filepath.Join(t.TempDir(), "env")
	if err := os.WriteFile(path, []byte(file.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, by := range []string{"the environment", "the file"} {
		t.Run(by, func(t *testing.T) {
			for name, of := range settings {
				t.Setenv(name, of[0])
				if by == "the file" && name != "GOWORK" {
					t.Setenv(name, "")
				}
			}
			t.Setenv("GOENV", path)
			r := release{source: t.TempDir()}
			environment, err := r.environment(t.Context(), platform{"linux", "amd64"})
			if err != nil {
				t.Fatal(err)
			}
			for name, of := range settings {
				command := exec.CommandContext(t.Context(), "go", "env", name)
				command.Env = environment
				if output, err := command.Output(); err != nil || strings.TrimSpace(string(output)) != of[1] {
					t.Errorf("%s is %q, want %q: %v", name, output, of[1], err)
				}
			}
		})
	}
}
