package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// places are the settings of Go that say where modules, toolchains and what is compiled
// come from. Their checksums are in go.sum, so none of these changes a byte.
func places() []string {
	return []string{
		"GOPROXY", "GOPRIVATE", "GONOPROXY", "GOSUMDB", "GONOSUMDB", "GOINSECURE", "GOVCS", "GOAUTH",
		"GOMODCACHE", "GOCACHE", "GOTOOLCHAIN",
	}
}

// environment is what a program is compiled in. All that changes its bytes is set here, to
// Go's defaults, and the file of "go env -w" is read for the places only.
func (r release) environment(ctx context.Context, p platform) ([]string, error) {
	command := exec.CommandContext(ctx, "go", append([]string{"env"}, places()...)...)
	command.Dir = r.source
	output, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("go env: %w", err)
	}
	all := os.Environ()
	for i, value := range strings.Split(strings.TrimSuffix(string(output), "\n"), "\n") {
		all = append(all, places()[i]+"="+value)
	}
	return append(all, "GOENV=off", "GOWORK=off", "GOFLAGS=-mod=readonly", "GOEXPERIMENT=", "GOFIPS140=off", "CGO_ENABLED=0",
		"GOOS="+p.os, "GOARCH="+p.arch, "GOAMD64=v1", "GOARM64=v8.0"), nil
}
