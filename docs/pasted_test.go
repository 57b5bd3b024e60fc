package docs

import (
	"go/ast"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
)

// TestBlocksCanBePasted: a block that is pasted as a whole waits for what it has
// started, and no line of it eats those that follow.
func TestBlocksCanBePasted(t *testing.T) {
	found := 0
	for _, d := range documents(t) {
		for _, b := range d.blocks {
			if b.language == "sh" && wantWaits(t, d.path, b.text) {
				found++
			}
		}
	}
	if found < 5 {
		t.Errorf("%d blocks start something and ask it, want one at least of each form", found)
	}
}

// wantWaits says whether the block starts something and asks it.
func wantWaits(t *testing.T, path, text string) bool {
	t.Helper()
	// It returns before what it starts listens.
	starts := regexp.MustCompile(`[^&]&$|^docker compose .*\bup\b.* (--detach|-d)\b|^systemctl .*(\bstart|\brestart|--now)\b`)
	// It may show what it prints in a pager, which takes the lines that follow for keys.
	pages := regexp.MustCompile(`^(journalctl|systemctl status|git (log|diff|show))\b`)
	started, asked := "", false
	for line := range strings.SplitSeq(oneLine(text), "\n") {
		line, _, _ = strings.Cut(line, " # ")
		switch line = strings.TrimSpace(line); {
		case starts.MatchString(line):
			started = line
		case pages.MatchString(line) && !strings.Contains(line, "--no-pager"):
			t.Errorf("%s: %q may open a pager: the rest of the block goes there", path, line)
		case started != "" && strings.HasPrefix(line, "curl "):
			asked = true
			wantRetries(t, path, started, line)
		}
	}
	return asked
}

// wantRetries runs curl, with the options that the line has, against a server that closes
// its first connections without an answer, as a port that is published before the program
// listens does. One that refuses is tried by the end-to-end tests.
func wantRetries(t *testing.T, path, started, line string) {
	t.Helper()
	tools(t, "bash", "curl")
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) <= 2 {
			panic(http.ErrAbortHandler)
		}
		_, _ = w.Write([]byte("here"))
	}))
	defer server.Close()
	command := "curl"
	for _, option := range regexp.MustCompile(` (-sS|--retry\S* ?\d*)`).FindAllString(line, -1) {
		command += option
	}
	if text := foreground(t, ".", nil, command+" "+server.URL+" || true"); text != "here" {
		t.Errorf("%s: after %q, %q does not wait until something listens", path, started, line)
	}
}

// wantPasted wants an end-to-end test to run the document's block that has the line as a
// whole, which it does by naming its first line.
func wantPasted(t *testing.T, test, path, line string) {
	t.Helper()
	f := function(t, test)
	if f == nil {
		return
	}
	for _, b := range parse(t, path).blocks {
		if first, _, _ := strings.Cut(b.text, "\n"); strings.Contains(oneLine(b.text)+"\n", line) && slices.Contains(runAsPasted(f), first) {
			return
		}
	}
	t.Errorf("%s does not run the block of %s that has %q", test, path, line)
}

// runAsPasted are the texts that a function hands to what finds blocks.
func runAsPasted(f *ast.FuncDecl) []string {
	var all []string
	ast.Inspect(f, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		if called, ok := call.Fun.(*ast.SelectorExpr); ok && (called.Sel.Name == "pasted" || called.Sel.Name == "Block") {
			all = append(all, texts(call)...)
		}
		return true
	})
	return all
}

// oneLine joins a line that ends with a backslash with the next.
func oneLine(text string) string {
	return regexp.MustCompile(`[ ]*\\\n\s*`).ReplaceAllString(text, " ")
}
