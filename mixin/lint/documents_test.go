package lint_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/promql/parser"

	"github.com/kube-node-manager/pod_count_exporter/mixin/lint"
)

// TestDocumentQueries parses each query of README and docs/, and wants its metrics
// to exist. Those of kube-state-metrics are not ours.
func TestDocumentQueries(t *testing.T) {
	known, err := lint.Known("../../collector/testdata/small_cluster.prom", generated+"rules.yaml")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	queries := 0
	for _, file := range append(files, "../../README.md", "../../README.zh-CN.md") {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range regexp.MustCompile("(?s)\n```promql\n(.*?)\n```").FindAllStringSubmatch(string(text), -1) {
			for _, query := range regexp.MustCompile(`(?m)^#.*\n`).Split(block[1]+"\n", -1) {
				if strings.TrimSpace(query) == "" {
					continue
				}
				queries++
				for _, name := range metricsOf(t, file, query) {
					if !known[name] && !strings.HasPrefix(name, "kube_pod_") {
						t.Errorf("%s: there is no metric %s", file, name)
					}
				}
			}
		}
	}
	if queries < 15 {
		t.Errorf("%d queries, want at least 15", queries)
	}
}

func metricsOf(t *testing.T, file, query string) (names []string) {
	t.Helper()
	parsed, err := parser.NewParser(parser.Options{}).ParseExpr(query)
	if err != nil {
		t.Errorf("%s: %q: %v", file, query, err)
		return nil
	}
	parser.Inspect(parsed, func(node parser.Node, _ []parser.Node) error {
		if selector, ok := node.(*parser.VectorSelector); ok {
			names = append(names, selector.Name)
		}
		return nil
	})
	return names
}
