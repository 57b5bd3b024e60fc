package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// runner runs the tests over a mutant.
type runner struct {
	promtool, generated string
	tests               []string
}

// red returns the name of the first test file that fails, or nothing. Those that
// name the rule come first, for they are the likeliest to notice, and of these the
// smallest.
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

func (r runner) try(ctx context.Context, dir, rule string) (string, error) {
	texts := map[string]string{}
	for _, test := range r.tests {
		text, err := os.ReadFile(test)
		if err != nil {
			return "", fmt.Errorf("reading a test: %w", err)
		}
		texts[test] = string(text)
	}
	order := slices.Clone(r.tests)
	slices.SortStableFunc(order, func(a, b string) int {
		inA, inB := strings.Contains(texts[a], rule), strings.Contains(texts[b], rule)
		if inA != inB {
			if inA {
				return -1
			}
			return 1
		}
		return len(texts[a]) - len(texts[b])
	})
	for _, test := range order {
		path := filepath.Join(dir, "tests", filepath.Base(test))
		if err := os.WriteFile(path, []byte(texts[test]), 0o600); err != nil {
			return "", fmt.Errorf("writing a test: %w", err)
		}
		err := exec.CommandContext(ctx, r.promtool, "test", "rules", path).Run()
		var exit *exec.ExitError
		switch {
		case errors.As(err, &exit):
			return filepath.Base(test), nil
		case err != nil:
			return "", fmt.Errorf("running promtool: %w", err)
		}
	}
	return "", nil
}
