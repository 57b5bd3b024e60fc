package main

import (
	"strings"
	"testing"
)

func TestRunRefuses(t *testing.T) {
	tests := []struct {
		name, args, says string
	}{
		{"unknown flag", "--bogus", "bogus"},
		{"format", "-o xml", `--output="xml": must be table, wide, json, yaml or prom`},
		{"order", "--sort-by=size", `--sort-by="size": must be active, percent, free or name`},
		{"percent that is none", "--min-percent=many", `--min-percent="many": not a whole number`},
		{"negative percent", "--min-percent=-1", `--min-percent="-1": must not be negative`},
		{"page size", "--page-size=0", "--page-size=0: must be at least 1"},
		{"page timeout", "--page-timeout=0s", "--page-timeout=0s: must be positive"},
		{"page timeout that is none", "--page-timeout=soon", "--page-timeout"},
		{"namespace", "-n A", `--namespace: "A": `},
		{"namespace twice", "-n a -n a", `--namespace: "a" is given twice`},
		{"node", "Node", `node "Node": `},
		{"selector", "-l=a=b=c", `--selector: "a=b=c": `},
		{"contexts", "--all-contexts --context=a", "--all-contexts and --context"},
		{"percent of a namespace", "-n a --min-percent=5", "--min-percent: "},
		{"order of a namespace", "-n a --sort-by=free", "--sort-by=free: "},
		{"percent of a summary", "--summary --min-percent=5", "--min-percent: "},
		{"percent of metrics", "-o prom --min-percent=5", "--min-percent: "},
		{"order of metrics", "-o prom --sort-by=name", "--sort-by: "},
		{"summary of metrics", "-o prom --summary", "--summary: "},
		{"a document without end", "--watch -o json", "--watch: goes on without end, and has no use with --output=json"},
		{"metrics without end", "-w -o=prom", "--watch: "},
		{"percent of a summary without end", "-w --summary --min-percent=5", "--min-percent: "},
		{"a column of JSON", "-o json --show-free", "--show-free: "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := newDesk(t)
			d.want(d.run(t.Context(), strings.Fields(tt.args)...), exitUsage)
			d.wantErrors("error: ", "See 'kubectl pod-count --help'.")
			if !strings.Contains(d.stderr.String(), tt.says) {
				t.Errorf("standard error %q, want %q in it", d.stderr.String(), tt.says)
			}
		})
	}
}

func TestRunHelp(t *testing.T) {
	d := newDesk(t)
	d.want(d.run(t.Context(), "--help"), exitOK, "usage: kubectl pod-count [<flags>] [<node>...]", "-n, --namespace", "-o, --output")
	d.wantErrors()
	d = newDesk(t)
	d.want(d.run(t.Context(), "--version"), exitOK, program+", version ")
}

func TestLargePages(t *testing.T) {
	o, _, err := parseFlags([]string{"--page-size=20000"}, t.Output())
	if err == nil {
		err = o.validate()
	}
	if err != nil || o.pages.MaxPageSize != 20000 {
		t.Errorf("pages of up to %d, error %v", o.pages.MaxPageSize, err)
	}
}

func TestShorten(t *testing.T) {
	got := strings.Join(shorten([]string{"-o=json", "-n=a", "-l=b=c", "--output=x", "-x=y", "--", "-o=json"}), " ")
	if want := "-ojson -na -lb=c --output=x -x=y -- -o=json"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
