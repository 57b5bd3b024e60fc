//go:build e2e

package e2e

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestRunbookCommands has a real API server answer the field selectors of the
// runbooks' commands: they pick the pods that the metrics count.
func TestRunbookCommands(t *testing.T) {
	t.Parallel()
	cp := startControlPlane(t, append(clusterArgs(23, 12, 900), "--unscheduled=4", "--unknown-node=2")...)
	node, most := "", 0.0
	active := 0.0
	for name, pods := range cp.truth.Nodes {
		active += pods
		if pods > most {
			node, most = name, pods
		}
	}
	wants := map[string]float64{
		"NodePodCapacityNearlyFull": most,
		"PodsWithoutNode":           cp.truth.UnscheduledPods,
		"PodsOnUnknownNodes":        active + cp.truth.UnknownNodePods,
	}
	files, err := filepath.Glob("../mixin/runbooks/*.md")
	must(t, err)
	commands := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		must(t, err)
		for _, m := range regexp.MustCompile("--field-selector ([^ `\n]+)").FindAllSubmatch(text, -1) {
			commands++
			selector := strings.ReplaceAll(string(m[1]), "NODE", node)
			want, known := wants[strings.TrimSuffix(filepath.Base(file), ".md")]
			list := cp.api.send(t, http.MethodGet, "/api/v1/pods?fieldSelector="+url.QueryEscape(selector), "", nil)
			items, _ := list["items"].([]any)
			if !known || float64(len(items)) != want {
				t.Errorf("%s: %s picks %d pods, want %v", file, selector, len(items), want)
			}
		}
	}
	if commands != len(wants) {
		t.Errorf("%d commands, want %d", commands, len(wants))
	}
}
