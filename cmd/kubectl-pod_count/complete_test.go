package main

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/kube-node-manager/pod_count_exporter/internal/kubesim"
)

func TestComplete(t *testing.T) {
	d := newDesk(t)
	sim := d.add("production", nil)
	other := d.add("staging", func(c *kubesim.Config) { c.Seed, c.Nodes, c.Pods, c.Finished, c.EmptyNodes = 2, 1, 0, 0, 1 }).NodeNames()
	d.serve("down", http.NotFoundHandler())
	d.serve("with space", http.NotFoundHandler())
	nodes := sim.NodeNames()
	slices.Sort(nodes)
	tests := []struct {
		name  string
		words []string
		want  []string
		ends  string
	}{
		{"formats", []string{"-o", ""}, outputs(), ":4"},
		{"a format's beginning", []string{"-o", "j"}, []string{"json"}, ":4"},
		{"joined to its flag", []string{"--output=y"}, []string{"yaml"}, ":4"},
		{"orders", []string{"--sort-by", "f"}, []string{"free"}, ":4"},
		{"contexts, but those that are no word", []string{"--context", ""}, []string{"down", "production", "staging"}, ":4"},
		{"nodes", []string{""}, nodes, ":4"},
		{"a node's beginning", []string{nodes[0][:len(nodes[0])-1]}, nodes[:1], ":4"},
		{"nodes after a switch", []string{"--summary", ""}, nodes, ":4"},
		{"nodes after others", []string{"a", "-l", "x=y", ""}, nodes, ":4"},
		{"nodes but those that are named", []string{nodes[0], "--summary", nodes[2], ""}, slices.Concat(nodes[1:2], nodes[3:]), ":4"},
		{"likewise after the flags", []string{"--watch=false", "--", nodes[0], ""}, nodes[1:], ":4"},
		{"nodes after a word that cannot be", []string{"--context", "staging", "-A", ""}, other, ":4"},
		{"nodes after the flags", []string{"--", ""}, nodes, ":4"},
		{"nodes of another context", []string{"--context", "down", ""}, nil, ":4"},
		{"files", []string{"--kubeconfig", ""}, nil, ":0"},
		{"a number", []string{"--page-size", ""}, nil, ":4"},
		{"nothing", nil, nodes, ":4"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d.stdout.text.Reset()
			d.want(d.run(t.Context(), append([]string{completeCommand}, tt.words...)...), exitOK)
			d.wantErrors()
			got := strings.Fields(d.stdout.String())
			if want := append(slices.Clone(tt.want), tt.ends); !slices.Equal(got, want) {
				t.Errorf("got %q\nwant %q", got, want)
			}
		})
	}
}

func TestCompleteFlags(t *testing.T) {
	d := newDesk(t)
	d.want(d.run(t.Context(), completeCommand, "--s"), exitOK, "--summary\tShow totals", "--sort-by\t", "--show-free\t", "--selector\t", "\n:4\n")
	if n := strings.Count(d.stdout.String(), "\n"); n != 5 {
		t.Errorf("%d lines, want 5:\n%s", n, d.stdout.String())
	}
}

// TestCompleteNamespaces asks a server that knows only to list them, in two pages. Names that
// a shell would expand are left out.
func TestCompleteNamespaces(t *testing.T) {
	d := newDesk(t)
	hostile := ""
	for _, name := range []string{"$(id)", "`id`", "a;id", "a&id", "a|id", "a>b", "<(id)", "${x}", "{a,b}", "a*", "[a]", "a?", "~", "'a", `\"a`, `\\a`, "!a", "#a", "a b", "a\\nb"} {
		hostile += `,{"metadata":{"name":"` + name + `"}}`
	}
	d.serve("production", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/v1/namespaces" || !strings.Contains(r.Header.Get("Accept"), "as=PartialObjectMetadataList") {
			w.WriteHeader(http.StatusTeapot)
			return
		}
		page := `{"metadata":{"continue":"t"},"items":[{"metadata":{"name":"default"}},{"metadata":{"name":"a\u001b[2J"}}` + hostile + `]}`
		if r.URL.Query().Get("continue") == "t" {
			page = `{"items":[{"metadata":{"name":"kube-system"}}]}`
		}
		_, _ = w.Write([]byte(page)) // the test sees what is missing
	}))
	d.want(d.run(t.Context(), completeCommand, "-n", ""), exitOK)
	if got := d.stdout.String(); got != "default\nkube-system\n:4\n" {
		t.Errorf("%q", got)
	}
}

// TestCompletionFile runs the file that kubectl looks for, with a kubectl that
// says what it was called with.
func TestCompletionFile(t *testing.T) {
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("no shell here")
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "kubectl"), []byte("#!/bin/sh\nprintf '<%s>' \"$@\"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "./kubectl_complete-pod_count", "--context", "a b", "")
	cmd.Env = append(os.Environ(), "PATH="+dir+string(filepath.ListSeparator)+os.Getenv("PATH"))
	got, err := cmd.Output()
	if want := "<pod-count><__complete><--context><a b><>"; err != nil || string(got) != want {
		t.Errorf("%s, error %v, want %s", got, err, want)
	}
}
