package main

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
	"github.com/kube-node-manager/pod_count_exporter/collector/store"
)

var update = flag.Bool("update", false, "write the golden files anew")

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs (renew it with -update if the change is meant):\ngot\n%s\nwant\n%s", path, got, want)
	}
}

func countedOf(name string, s podcount.Snapshot) *result {
	s.Pages, s.Bytes, s.Duration, s.ResourceVersion, s.Consistent = 3, 151_000, 1234567*time.Microsecond, "48210000", true
	s.Source, s.Time = podcount.SourceTable, time.Date(2026, 11, 24, 5, 3, 12, 0, time.UTC)
	r := &result{name: name, ended: make(chan struct{})}
	r.Ended(store.Outcome{Snapshot: &s})
	return r
}

func failedOf(name string, err error) *result {
	r := &result{name: name, ended: make(chan struct{})}
	r.fail(err)
	return r
}

func nodeOf(name string, active int, allocatable int64) podcount.Node {
	return podcount.Node{Name: name, ActivePods: active, AllocatablePods: allocatable, HasAllocatable: allocatable >= 0}
}

// production has nodes of all kinds.
func production() *result {
	return countedOf("production", podcount.Snapshot{
		Nodes: []podcount.Node{
			nodeOf("empty", 0, 110), nodeOf("full", 110, 110), nodeOf("half", 55, 110), nodeOf("joining", 4, -1),
			nodeOf("nearly-full", 109, 110), nodeOf("over", 113, 110), nodeOf("takes-none", 2, 0), nodeOf("节点-一", 29, 100),
		},
		UnscheduledPods: 7, UnknownNodePods: 2,
	})
}

// onEKS has the name of a context that "aws eks update-kubeconfig" writes, and a longer
// path.
func onEKS() *result {
	r := production()
	r.name = "arn:aws:eks:eu-central-1:123456789012:cluster/production-of-the-shop-and-all-that-belongs-to-it"
	return r
}

// staging is what an account sees that may not list nodes.
func staging() *result {
	return countedOf("staging", podcount.Snapshot{
		Nodes: []podcount.Node{nodeOf("a-1", 3, -1), nodeOf("b-1", 12, -1)}, NodesForbidden: true, UnscheduledPods: 1,
	})
}

// hostile is what a server answers that wants to harm a terminal or its user.
func hostile() *result {
	return countedOf("evil\x1b[2J", podcount.Snapshot{Nodes: []podcount.Node{
		nodeOf("\x1b]0;owned\x07", 1, 110), nodeOf("Z̵a̵", 5, 110), nodeOf("a\u202egnp.sh", 2, 110), nodeOf("line\nbreak", 3, 110),
		nodeOf(strings.Repeat("long", 30), 7, 110), nodeOf("zero\u200bwidth", 4, 110), nodeOf("\U000e0041", 6, 110),
	}})
}

func broken() *result {
	return failedOf("broken", &podcount.PageError{Resource: podcount.Pods, Page: 3, Attempt: 5, Reason: podcount.Timeout, Err: errors.New("deadline exceeded")})
}

func TestGolden(t *testing.T) {
	pipe, terminal := screen{width: 80}, screen{terminal: true, colours: true, width: 100}
	one, several := []*result{production()}, []*result{production(), staging(), broken()}
	namespaced := countedOf("production", podcount.Snapshot{Nodes: []podcount.Node{nodeOf("a", 0, -1), nodeOf("b", 3, -1)}, UnscheduledPods: 0})
	window := func(width int) screen { return screen{terminal: true, width: width} }
	long := onEKS()
	selected := countedOf("production", podcount.Snapshot{Nodes: []podcount.Node{nodeOf("a", 44, 110)}, Selected: true})
	tests := []struct {
		name    string
		args    string
		to      screen
		results []*result
	}{
		{"table.txt", "", pipe, one},
		{"table_terminal.txt", "", terminal, one},
		{"table_narrow.txt", "", screen{width: 50}, one},
		{"table_narrower.txt", "", screen{width: 20}, one},
		{"table_80.txt", "", window(80), one},
		{"table_60.txt", "", window(60), one},
		{"table_30.txt", "--all-contexts", window(30), []*result{long, staging(), broken()}},
		{"table_long_name_100.txt", "", window(100), []*result{long}},
		{"table_long_name_80.txt", "--all-contexts", window(80), []*result{long, staging()}},
		{"wide_100.txt", "-o=wide --summary", window(100), []*result{long}},
		{"table_several.txt", "--all-contexts", screen{width: 120}, several},
		{"table_namespace.txt", "-n kube-system", pipe, []*result{namespaced}},
		{"table_selected.txt", "a", pipe, []*result{selected}},
		{"table_hostile.txt", "", terminal, []*result{hostile()}},
		{"show_free.txt", "--show-free --sort-by=free", pipe, one},
		{"min_percent.txt", "--min-percent=90% --sort-by name", pipe, one},
		{"min_percent_none.txt", "--min-percent=200", pipe, one},
		{"sort_by_active.txt", "--sort-by=active", pipe, one},
		{"wide.txt", "-o=wide", screen{width: 160}, several},
		{"summary.txt", "--summary", pipe, one},
		{"summary_terminal.txt", "--summary", terminal, several},
		{"failed.txt", "", pipe, []*result{broken()}},
		{"document.json", "-o json", pipe, several},
		{"document_summary.json", "-ojson --summary", pipe, one},
		{"document_selected.json", "-o json a", pipe, []*result{selected}},
		{"document_hostile.json", "-o json", terminal, []*result{hostile()}},
		{"document.yaml", "-o yaml --min-percent 90", pipe, several},
		{"metrics.prom", "-o prom", pipe, []*result{staging(), broken(), production()}},
		{"metrics_selected.prom", "-o prom a", pipe, []*result{selected}},
		{"metrics_hostile.prom", "-o prom", terminal, []*result{hostile()}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o, _, err := parseFlags(strings.Fields(tt.args), t.Output())
			if err == nil {
				err = o.validate()
			}
			if err != nil {
				t.Fatal(err)
			}
			var out strings.Builder
			if err := o.write(&out, tt.to, tt.results); err != nil {
				t.Fatal(err)
			}
			golden(t, tt.name, out.String())
		})
	}
}

// TestNothingHostileIsPrinted allows a terminal no character but those that it
// prints, and this program's own colours.
func TestNothingHostileIsPrinted(t *testing.T) {
	for _, output := range outputs() {
		o, _, err := parseFlags([]string{"-o", output}, t.Output())
		if err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		if err := o.write(&out, screen{terminal: true, width: 100}, []*result{hostile()}); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(out.String()) {
			if text := strings.TrimSuffix(line, "\n"); text != printable(text) {
				t.Errorf("-o %s: %q", output, text)
			}
		}
	}
}
