package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestUnswitch(t *testing.T) {
	for _, tc := range []struct{ name, body, want string }{
		{"cases and a default", "switch {\ncase a > 1:\n\tf()\ncase a > 0, b:\n\tg()\ndefault:\n\th()\n}", "if a > 1 {\n\tf()\n} else if (a > 0) || (b) {\n\tg()\n} else {\n\th()\n}"},
		{"the default first", "switch {\ndefault:\n\th()\ncase b:\n\tf()\n}", "if b {\n\tf()\n} else {\n\th()\n}"},
		{"a statement before", "switch c := b; {\ncase c:\n\tf()\n}", "if c := b; c {\n\tf()\n}"},
		{"one in another", "switch {\ncase b:\n\tswitch {\n\tcase a > 1:\n\t\tf()\n\t}\n}", "if b {\n\tif a > 1 {\n\t\tf()\n\t}\n}"},
		{"a break", "switch {\ncase b:\n\tbreak\n}", "switch {\ncase b:\n\tbreak\n}"},
		{"a break of a loop", "switch {\ncase b:\n\tfor {\n\t\tbreak\n\t}\n}", "if b {\n\tfor {\n\t\tbreak\n\t}\n}"},
		{"a tag", "switch a {\ncase 1:\n\tf()\n}", "switch a {\ncase 1:\n\tf()\n}"},
		{"a default alone", "switch {\ndefault:\n\th()\n}", "switch {\ndefault:\n\th()\n}"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			source := func(body string) string {
				return "package p\n\nfunc _() {\n\t" + strings.ReplaceAll(body, "\n", "\n\t") + "\n}\n"
			}
			got, _, err := unswitch("p.go", []byte(source(tc.body)))
			if err != nil || tight(string(got)) != tight(source(tc.want)) {
				t.Errorf("%v\n%s\nwant\n%s", err, got, source(tc.want))
			}
		})
	}
}

// tight drops empty lines: positions of what was moved make some.
func tight(source string) string {
	return strings.ReplaceAll(strings.Join(strings.Fields(source), " "), "( ", "(")
}

func TestRunRefuses(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.go")
	for _, tc := range []struct{ name, source, want string }{
		{"no switch", "package a\n", "no switch"},
		{"no Go", "packag", "a.go"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if err := os.WriteFile(path, []byte(tc.source), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := run([]string{dir}, &strings.Builder{}); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want one with %q", err, tc.want)
			}
		})
	}
}
