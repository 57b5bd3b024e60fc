package main

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// program is the name of the exporter's binary and the beginning of each file's
// name; plugin is that of the kubectl plugin's.
const (
	program = "pod_count_exporter"
	plugin  = "kubectl-pod_count"
)

// programs are the binaries of a tarball; .promu.yml has the same.
func programs() []string { return []string{program, plugin} }

// workFolder holds the binaries while the rest is made of them.
const workFolder = ".binaries"

// platform is an operating system and an architecture, as Go names them.
type platform struct{ os, arch string }

// String is the form that users type.
func (p platform) String() string { return p.os + "/" + p.arch }

// platforms are those that a release has; .promu.yml has the same.
func platforms() []platform {
	return []platform{
		{"linux", "amd64"}, {"linux", "arm64"}, {"darwin", "amd64"}, {"darwin", "arm64"}, {"windows", "amd64"},
	}
}

func (r release) platforms() []platform {
	return slices.DeleteFunc(platforms(), func(p platform) bool { return r.only != "" && p.String() != r.only })
}

// artifact is one platform's binary of a program.
type artifact struct {
	platform
	program string
	path    string
}

// binaryName is what the file is called within a tarball.
func (a artifact) binaryName() string {
	if a.os == "windows" {
		return a.program + ".exe"
	}
	return a.program
}

// compile builds all programs for a platform, the exporter first.
func (r release) compile(ctx context.Context, p platform) (built []artifact, err error) {
	for _, name := range programs() {
		a, err := r.compileOne(ctx, p, name)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		built = append(built, a)
	}
	return built, nil
}

// compileOne builds a program, static and without paths of this machine.
func (r release) compileOne(ctx context.Context, p platform, name string) (artifact, error) {
	out, err := filepath.Abs(filepath.Join(r.out, workFolder, p.os+"-"+p.arch))
	if err != nil {
		return artifact{}, fmt.Errorf("finding the folder: %w", err)
	}
	a := artifact{platform: p, program: name}
	a.path = filepath.Join(out, a.binaryName())
	command := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags", r.ldflags,
		"-o", a.path, "./cmd/"+name)
	command.Dir = r.source
	if command.Env, err = r.environment(ctx, p); err != nil {
		return a, err
	}
	if text, err := command.CombinedOutput(); err != nil {
		return a, fmt.Errorf("go build: %w: %s", err, strings.TrimSpace(string(text)))
	}
	return a, nil
}
