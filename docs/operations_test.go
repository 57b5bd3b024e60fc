package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestOperationsSayWhatTheyNeed: each section of docs/operations.md with commands says
// what these need, and the files that they name are there. The end-to-end tests run the
// forms: TestCompose with the image that has a plugin, TestBase, TestComponents, TestHelm,
// TestSystemd.
func TestOperationsSayWhatTheyNeed(t *testing.T) {
	shell := regexp.MustCompile(`(?m)^(?:\w+=\S+ )?(?:cd|curl|docker|helm|install|journalctl|kubectl|make|systemctl|bin/\w+) .*`)
	sections := map[string]bool{}
	for _, b := range parse(t, "docs/operations.md").blocks {
		commands := shell.FindAllString(b.text, -1)
		if b.language != "" && b.language != "sh" || len(commands) == 0 {
			continue
		}
		title, _, _ := strings.Cut(b.section, "\n")
		if sections[title] = true; !regexp.MustCompile(`(?m)^Needs `).MatchString(b.section) {
			t.Errorf("%s has commands, and no line that begins with Needs", title)
		}
		for _, path := range regexp.MustCompile(`\bdeploy/[\w./-]+`).FindAllString(strings.Join(commands, "\n"), -1) {
			if _, err := os.Stat(filepath.Join(checkout, path)); err != nil {
				t.Errorf("%s: %v", title, err)
			}
		}
	}
	if len(sections) < 5 {
		t.Errorf("%d sections have commands, want one for each form", len(sections))
	}
}
