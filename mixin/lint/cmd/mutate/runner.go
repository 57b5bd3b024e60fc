package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// runner runs the tests over a mutant.
type runner struct {
	promtool, generated string
	tests               []string
}

// red returns the name of the first test file that fails, or nothing.
func (r runner) red(ctx context.Context, m mutant) (string, error) {
	dir, err := os.MkdirTemp("", "mutant")
	if err != nil {
		return "", fmt.Errorf("making a folder: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	for _, folder := range []string{"generated", "tests"} {
		if err := os.Mkdir(filepath.Join(dir, folder), 0o700); err != nil {
			return "", fmt.Errorf("making a folder: %w", err)
		}
	}
	for _, name := range []string{"alerts.yaml", "rules.yaml"} {
		text, err := os.ReadFile(filepath.Join(r.generated, name))
		if err != nil {
			return "", fmt.Errorf("reading the rules: %w", err)
		}
		if name == m.file {
			text = m.text
		}
		if err := os.WriteFile(filepath.Join(dir, "generated", name), text, 0o600); err != nil {
			return "", fmt.Errorf("writing the rules: %w", err)
		}
	}
	return r.try(ctx, dir, m.rule)
}

// try runs the tests that name the rule, which are the likeliest to notice, and
// then all of them.
func (r runner) try(ctx context.Context, dir, rule string) (string, error) {
	likely := map[string]string{}
	for _, test := range r.tests {
		text, err := os.ReadFile(test)
		if err != nil {
			return "", fmt.Errorf("reading a test: %w", err)
		}
		if err := os.WriteFile(filepath.Join(dir, "tests", filepath.Base(test)), text, 0o600); err != nil {
			return "", fmt.Errorf("writing a test: %w", err)
		}
		if names := naming(string(text), rule); rule != "" && len(names) > 0 {
			likely[test] = "^(" + strings.Join(names, "|") + ")$"
		}
	}
	for _, test := range r.tests {
		if likely[test] == "" {
			continue
		}
		if red, err := r.promtest(ctx, dir, test, "--run="+likely[test]); red || err != nil {
			return filepath.Base(test), err
		}
	}
	for _, test := range r.tests {
		if red, err := r.promtest(ctx, dir, test); red || err != nil {
			return filepath.Base(test), err
		}
	}
	return "", nil
}

// naming are the names of a file's tests in which a rule occurs, as regular
// expressions.
func naming(text, rule string) []string {
	var names []string
	for _, test := range strings.Split(text, "\n  - name: ")[1:] {
		name, _, _ := strings.Cut(test, "\n")
		if strings.Contains(test, rule) {
			names = append(names, regexp.QuoteMeta(strings.Trim(name, `"`)))
		}
	}
	return names
}

func (r runner) promtest(ctx context.Context, dir, test string, flags ...string) (red bool, err error) {
	args := append([]string{"test", "rules"}, flags...)
	err = exec.CommandContext(ctx, r.promtool, append(args, filepath.Join(dir, "tests", filepath.Base(test)))...).Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("running promtool: %w", err)
	}
	return false, nil
}
