//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestScrapeConfigurations has promtool check what the documents and the chart's notes
// say for a Prometheus without the operator.
func TestScrapeConfigurations(t *testing.T) {
	t.Parallel()
	configs := map[string]string{}
	notes, err := filepath.Glob("../testdata/helm/testdata/scrapes/*.yaml")
	must(t, err)
	for _, path := range notes {
		text, err := os.ReadFile(path)
		must(t, err)
		configs[path] = string(text)
	}
	for _, path := range []string{"../README.md", "../README.zh-CN.md", "../docs/operations.md"} {
		text, err := os.ReadFile(path)
		must(t, err)
		for i, block := range regexp.MustCompile("(?s)```yaml\n(scrape_configs:.*?)```").FindAllSubmatch(text, -1) {
			configs[fmt.Sprint(path, " ", i)] = string(block[1])
		}
	}
	if len(configs) < 12 {
		t.Errorf("%d configurations, want 12 at least", len(configs))
	}
	for path, config := range configs {
		dir := t.TempDir()
		for _, name := range []string{"CA", "CERTIFICATE", "KEY", "PASSWORD"} { // promtool looks for them
			must(t, os.WriteFile(filepath.Join(dir, name), []byte("text\n"), 0o600))
		}
		file := filepath.Join(dir, "prometheus.yml")
		must(t, os.WriteFile(file, []byte(config), 0o600))
		if got := shell(t, "", "promtool check config --lint=all --lint-fatal "+file+" 2>&1 || true"); !strings.Contains(got, "SUCCESS") {
			t.Errorf("%s: promtool says\n%s", path, got)
		}
	}
}
