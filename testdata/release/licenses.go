package main

import (
	"bytes"
	"context"
	"debug/buildinfo"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
)

// licensesOf returns the licences and notices of all modules that are linked
// into one of the binaries, and of Go itself.
func licensesOf(ctx context.Context, source string, binaries ...string) ([]byte, error) {
	folders := map[string]string{}
	names, goVersion, err := linkedInto(binaries)
	if err != nil {
		return nil, err
	}
	if err := moduleFolders(ctx, source, names, folders); err != nil {
		return nil, err
	}
	names = append(names, "Go "+goVersion)
	if folders[names[len(names)-1]], err = goRoot(ctx, source); err != nil {
		return nil, err
	}
	slices.Sort(names)
	var out bytes.Buffer
	fmt.Fprintf(&out, "%s is linked with the following, under their own licences.\n", program)
	for _, name := range names {
		texts, err := licenseTexts(folders[name])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		fmt.Fprintf(&out, "\n%s\n%s\n\n%s\n", strings.Repeat("=", 80), name, texts)
	}
	return out.Bytes(), nil
}

// linkedInto names the modules, each once, and the version of Go.
func linkedInto(binaries []string) (names []string, goVersion string, err error) {
	for _, binary := range binaries {
		info, err := buildinfo.ReadFile(binary)
		if err != nil {
			return nil, "", fmt.Errorf("reading the build information: %w", err)
		}
		for _, module := range info.Deps {
			if module.Replace != nil {
				module = module.Replace
			}
			if name := module.Path + "@" + module.Version; !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
		goVersion = info.GoVersion
	}
	return names, goVersion, nil
}

// moduleFolders finds the modules' sources, which the build has downloaded.
func moduleFolders(ctx context.Context, source string, names []string, folders map[string]string) error {
	if len(names) == 0 {
		return nil
	}
	command := exec.CommandContext(ctx, "go", append([]string{"mod", "download", "-json"}, names...)...)
	command.Dir = source
	output, err := command.Output()
	if err != nil {
		return fmt.Errorf("go mod download: %w", err)
	}
	decoder := json.NewDecoder(bytes.NewReader(output))
	for decoder.More() {
		var module struct{ Path, Version, Dir string }
		if err := decoder.Decode(&module); err != nil {
			return fmt.Errorf("go mod download: %w", err)
		}
		folders[module.Path+"@"+module.Version] = module.Dir
	}
	return nil
}

func goRoot(ctx context.Context, source string) (string, error) {
	command := exec.CommandContext(ctx, "go", "env", "GOROOT")
	command.Dir = source
	output, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("go env GOROOT on %s: %w", runtime.GOOS, err)
	}
	return strings.TrimSpace(string(output)), nil
}

var errNoLicense = errors.New("no licence file")

// licenseTexts joins the licence and notice files of a folder. It has one at
// least: what has none must not be linked in.
func licenseTexts(folder string) (string, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return "", fmt.Errorf("reading the module: %w", err)
	}
	wanted := regexp.MustCompile(`(?i)^(licen[cs]e|copying|notice)(\.(md|txt))?$`)
	var texts []string
	for _, e := range entries {
		if e.IsDir() || !wanted.MatchString(e.Name()) {
			continue
		}
		data, err := os.ReadFile(filepath.Join(folder, e.Name()))
		if err != nil {
			return "", fmt.Errorf("reading a licence: %w", err)
		}
		texts = append(texts, strings.TrimSpace(string(data)))
	}
	if len(texts) == 0 {
		return "", errNoLicense
	}
	return strings.Join(texts, "\n\n"), nil
}
