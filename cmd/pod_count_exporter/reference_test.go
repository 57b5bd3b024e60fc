package main

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/alecthomas/kingpin/v2"
)

var update = flag.Bool("update", false, "write the reference of the flags anew")

const (
	flagsReference = "../../docs/flags.md"
	tableBegins    = "<!-- flags: written by \"make golden\" -->\n"
	tableEnds      = "<!-- end of flags -->\n"
)

// TestGoldenFlagsReference holds the table of docs/flags.md against the flags
// that the program has: with -update it writes it anew.
func TestGoldenFlagsReference(t *testing.T) {
	document, err := os.ReadFile(flagsReference)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, begins := strings.Cut(string(document), tableBegins)
	old, after, ends := strings.Cut(rest, tableEnds)
	if !begins || !ends {
		t.Fatalf("%s lacks one of the marks around its table", flagsReference)
	}
	table := flagTable(t)
	switch {
	case *update:
		if err := os.WriteFile(flagsReference, []byte(before+tableBegins+table+tableEnds+after), 0o644); err != nil {
			t.Fatal(err)
		}
	case old != table:
		t.Errorf("%s is stale: run make golden. It has\n%s\nthe program\n%s", flagsReference, old, table)
	}
}

func flagTable(t *testing.T) string {
	t.Helper()
	app := kingpin.New(program, "")
	app.Version("")
	define(app)
	if _, err := app.Parse(nil); err != nil { // kingpin names the variables only then
		t.Fatal(err)
	}
	var text strings.Builder
	text.WriteString("| flag | default | variable | meaning |\n|---|---|---|---|\n")
	for _, f := range app.Model().Flags {
		if f.Hidden || f.Name == "help" {
			continue
		}
		fmt.Fprintf(&text, "| %s | %s | %s | %s |\n", code("--"+f.Name), code(strings.Join(f.Default, ",")), code(f.Envar), strings.ReplaceAll(f.Help, "|", `\|`))
	}
	return text.String()
}

// code is empty for what there is not.
func code(text string) string {
	if text == "" {
		return ""
	}
	return "`" + text + "`"
}
