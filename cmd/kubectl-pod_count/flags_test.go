package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
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
		{"percent that is not whole", "--min-percent=99.5", `--min-percent="99.5": not a whole number` + "\n"},
		{"percent beyond all numbers", "--min-percent=99999999999999999999", `--min-percent="99999999999999999999": is out of range` + "\n"},
		{"switch", "--summary=yes", `--summary="yes": must be true or false`},
		{"short switch", "-w=on", `-w="on": must be true or false`},
		{"all namespaces", "-A", "-A: all namespaces are counted without -n"},
		{"negative percent", "--min-percent=-1", `--min-percent="-1": must not be negative`},
		{"page size", "--page-size=0", "--page-size=0: must be at least 1"},
		{"page timeout", "--page-timeout=0s", "--page-timeout=0s: must be positive"},
		{"page timeout that is none", "--page-timeout=5", `--page-timeout="5": not a duration like 500ms, 30s or 5m` + "\n"},
		{"namespace", "-n A", `--namespace: "A": `},
		{"namespace twice", "-n a -n a", `--namespace: "a" is given twice`},
		{"node", "Node", `node "Node": `},
		{"selector", "-l=a=b=c", `--selector="a=b=c": `},
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
	if text := d.stdout.String(); strings.Contains(text, "[no-]") || !strings.Contains(text, "-w, --watch   ") {
		t.Errorf("switches are not plain:\n%s", text)
	}
	d = newDesk(t)
	d.want(d.run(t.Context(), "--version"), exitOK, command+", version ")
}

// full is a device without room.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

func TestHelpThatCannotBeWritten(t *testing.T) {
	for _, flag := range []string{"--help", "--version"} {
		d := newDesk(t)
		if code := d.runOn(t.Context(), full{}, flag); code != exitFailed {
			t.Errorf("%s: exit code %d, want %d", flag, code, exitFailed)
		}
		d.wantErrors("error: writing to standard output: ")
	}
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

func TestWords(t *testing.T) {
	tests := []struct{ name, args, want, says string }{
		{name: "values", args: "-o=json -n=a -l=b=c --output=x -x=y -o=", want: "--output=json --namespace=a --selector=b=c --output=x -x=y --output="},
		{name: "off", args: "--watch=false --all-contexts=0 -w=F --summary=False", want: "--no-watch --no-all-contexts --no-watch --no-summary"},
		{name: "on", args: "--watch=true --show-free=1 -w=T -h=true", want: "--watch --show-free --watch --help"},
		{name: "what acts by being there", args: "--help=false --version=false -h=false --help-long=false", want: ""},
		{name: "several short ones", args: "-hw=false -wo=yaml -who -wo yaml -wnA=b", want: "-h --no-watch -w --output=yaml -who -wo yaml -wnA=b"},
		{name: "after the flags", args: "a -- -o=json --watch=false -A", want: "a -- -o=json --watch=false -A"},
		{name: "neither", args: "a --watch=maybe -o=json", want: "a", says: `--watch="maybe": must be true or false`},
		{name: "nothing", args: "--all-contexts=", says: `--all-contexts="": must be true or false`},
		{name: "neither, and short", args: "-hw=2", says: `-w="2": must be true or false`},
		{name: "twice off", args: "--no-watch=false", says: `--no-watch="false": takes no value`},
		{name: "unknown", args: "--no-such=1 --no=1 -é=1 -", want: "--no-such=1 --no=1 -é=1 -"},
		{name: "all namespaces", args: "-w -wA", want: "-w", says: "-A: all namespaces are counted without -n"},
		{name: "all of them, long", args: "--all-namespaces=true", says: "--all-namespaces: all namespaces are counted without -n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := words(strings.Fields(tt.args), flags())
			if text := strings.Join(got, " "); text != tt.want {
				t.Errorf("%q, want %q", text, tt.want)
			}
			if says := fmt.Sprint(err); says != cmp.Or(tt.says, "<nil>") {
				t.Errorf("error %q, want %q", says, tt.says)
			}
		})
	}
}

func FuzzWords(f *testing.F) {
	f.Add("-wo=json --watch=false -A")
	f.Fuzz(func(t *testing.T, line string) {
		args := strings.Fields(line)
		plain, err := words(args, flags())
		if again, err2 := words(plain, flags()); err2 != nil || !slices.Equal(again, plain) {
			t.Errorf("%q becomes %q, and then %q, error %v", args, plain, again, err2)
		}
		if err == nil && !strings.Contains(line, "=") && !slices.Equal(plain, args) {
			t.Errorf("%q becomes %q", args, plain)
		}
	})
}

// TestSwitchesTakeValues holds that the last value of a switch counts.
func TestSwitchesTakeValues(t *testing.T) {
	tests := []struct {
		args string
		want bool
	}{{"-w", true}, {"-w=false", false}, {"--watch=true", true}, {"-w --watch=false", false}, {"--watch=false -w=true", true}}
	for _, tt := range tests {
		o, _, err := parseFlags(strings.Fields(tt.args), t.Output())
		if err != nil || o.watch != tt.want || len(o.pages.Nodes.Names) > 0 {
			t.Errorf("%s: watch %v, nodes %q, error %v", tt.args, o.watch, o.pages.Nodes.Names, err)
		}
	}
}
