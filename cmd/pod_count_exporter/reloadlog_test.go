package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Anybody may ask for a reload, and it takes no more of the log for asking again: each broken
// file is named once. Who sends a signal has no other answer than the log.
func TestReloadsLogLittle(t *testing.T) {
	const files, named = 30, 5
	dir := t.TempDir()
	put := func(name, content string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var all []string
	for i := range files {
		all = append(all, fmt.Sprintf("broken-%02d", i))
		put(all[i]+".yaml", contextOf(all[i], at("http://127.0.0.1:1"), ""))
	}
	put("well.yaml", contextOf("well", at("http://127.0.0.1:1"), ""))
	log := newLogSink()
	a := opened(t, log, "--kubeconfig="+dir)
	a.fleet.queue.pause = 0
	for i := range files {
		put(fmt.Sprintf("broken-%02d.yaml", i), "contexts: [")
	}
	for _, step := range []struct {
		name, cause string
		change      func()
		logged      []string // the files that the log names
	}{
		{"many files break", causeRequest, func() {}, all},
		{"asked again", causeRequest, func() {}, nil},
		{"one more", causeRequest, func() { put("well.yaml", "contexts: [") }, []string{"well"}},
		{"a signal", "hangup", func() {}, append(all, "well")},
	} {
		step.change()
		before := len(log.String())
		err := a.fleet.reload(step.cause)
		if err == nil || strings.Count(err.Error(), ".yaml") != named || !strings.Contains(err.Error(), " more") {
			t.Errorf("%s: the answer is %v, want one that names %d files", step.name, err, named)
		}
		var line string
		for one := range strings.Lines(log.String()[before:]) {
			if strings.Contains(one, "their clusters stay") {
				line += one
			}
		}
		for _, name := range step.logged {
			if !strings.Contains(line, name+".yaml") {
				t.Errorf("%s: the log does not name %s: %s", step.name, name, line)
			}
		}
		if got := strings.Count(line, ".yaml"); got != len(step.logged) {
			t.Errorf("%s: the log names %d files, want %d: %s", step.name, got, len(step.logged), line)
		}
	}
}
