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
	sections := 0
	for _, section := range sectionsOf(read(t, "docs/operations.md")) {
		title, _, _ := strings.Cut(section, "\n")
		commands := commandsOf(section)
		if len(commands) == 0 {
			continue
		}
		if sections++; !regexp.MustCompile(`(?m)^Needs `).MatchString(section) {
			t.Errorf("%s has commands, and no line that begins with Needs", title)
		}
		for _, command := range commands {
			for _, path := range regexp.MustCompile(`\bdeploy/[\w./-]+`).FindAllString(command, -1) {
				if _, err := os.Stat(filepath.Join(checkout, path)); err != nil {
					t.Errorf("%s: %s: %v", title, command, err)
				}
			}
		}
	}
	if sections < 5 {
		t.Errorf("%d sections have commands, want one for each form", sections)
	}
}

// sectionsOf cuts a text at its headings, which are not looked for within blocks.
func sectionsOf(text string) (sections []string) {
	within := false
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "```") {
			within = !within
		}
		if !within && strings.HasPrefix(line, "#") || len(sections) == 0 {
			sections = append(sections, "")
		}
		sections[len(sections)-1] += line
	}
	return sections
}

// commandsOf are the lines of a section's blocks that a shell takes.
func commandsOf(section string) (commands []string) {
	shell := regexp.MustCompile(`^(?:\w+=\S+ )?(?:cd|curl|docker|helm|install|journalctl|kubectl|make|systemctl|bin/\w+) `)
	within, ours := false, false
	for line := range strings.Lines(section) {
		language, fence := strings.CutPrefix(strings.TrimSpace(line), "```")
		if fence {
			within, ours = !within, !within && (language == "" || language == "sh")
		}
		if within && ours && shell.MatchString(line) {
			commands = append(commands, strings.TrimSpace(line))
		}
	}
	return commands
}
