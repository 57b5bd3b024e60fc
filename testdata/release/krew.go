package main

import (
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"text/template"
)

// krewTemplate is krew's manifest of the plugin, without version and checksums.
const krewTemplate = "deploy/krew/pod-count.yaml.tmpl"

// krewFile is what krew wants the manifest of the plugin pod-count to be called.
const krewFile = "pod-count.yaml"

// krewPlatform is what the template says of one platform.
type krewPlatform struct {
	OS, Arch string
	Folder   string // in the tarball
	Tarball  string
	SHA256   string
	Binary   string
}

// writeKrew fills in the template from the tarballs that were written.
func (r release) writeKrew() error {
	var platforms []krewPlatform
	for _, p := range r.platforms() {
		name := r.tarballName(p)
		data, err := os.ReadFile(filepath.Join(r.out, name+".tar.gz"))
		if err != nil {
			return fmt.Errorf("reading the tarball: %w", err)
		}
		platforms = append(platforms, krewPlatform{
			OS: p.os, Arch: p.arch, Folder: name, Tarball: name + ".tar.gz", SHA256: fmt.Sprintf("%x", sha256.Sum256(data)),
			Binary: artifact{platform: p, program: plugin}.binaryName(),
		})
	}
	text, err := os.ReadFile(filepath.Join(r.source, krewTemplate))
	if err != nil {
		return fmt.Errorf("reading the template: %w", err)
	}
	manifest, err := template.New(krewFile).Option("missingkey=error").Parse(string(text))
	if err != nil {
		return err
	}
	return r.write(krewFile, func(w io.Writer) error {
		return manifest.Execute(w, map[string]any{"Version": r.version, "Platforms": platforms})
	})
}
