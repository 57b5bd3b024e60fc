package lint_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/kube-node-manager/pod_count_exporter/mixin/lint"
)

// optional are the alerts that are off by default.
const optional = `^(KubernetesAPITimeoutLogged|PodCountWatchDrift)$`

// TestREADME holds the tables of alerts and rules against what is generated,
// both ways.
func TestREADME(t *testing.T) {
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	var documented []string
	for _, m := range regexp.MustCompile(`(?m)^\| \[(\w+)\]\(runbooks/(\w+)\.md\) \| (\w+) \| (\w+) \|`).FindAllSubmatch(text, -1) {
		if string(m[1]) != string(m[2]) {
			t.Errorf("%s links to the runbook of %s", m[1], m[2])
		}
		if !regexp.MustCompile(optional).Match(m[1]) {
			documented = append(documented, fmt.Sprintf("%s %s %s", m[1], m[3], m[4]))
		}
	}
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z_]+:[a-z0-9_:]+)` \\|").FindAllSubmatch(text, -1) {
		documented = append(documented, string(m[1]))
	}
	for _, item := range generatedItems(t) {
		if !slices.Contains(documented, item) {
			t.Errorf("the README lacks %s", item)
		}
		documented = slices.DeleteFunc(documented, func(other string) bool { return other == item })
	}
	for _, item := range documented {
		t.Errorf("the README has %s, which does not exist", item)
	}
}

// generatedItems are the alerts, with severity and duration, and the rules.
func generatedItems(t *testing.T) []string {
	t.Helper()
	var items []string
	for _, file := range []string{"alerts.yaml", "rules.yaml"} {
		groups, err := lint.Rules(generated + file)
		if err != nil {
			t.Fatal(err)
		}
		for _, group := range groups.Groups {
			for _, rule := range group.Rules {
				item := rule.Record
				if rule.Alert != "" {
					item = fmt.Sprintf("%s %s %s", rule.Alert, rule.Labels["severity"], rule.For)
				}
				if !slices.Contains(items, item) {
					items = append(items, item)
				}
			}
		}
	}
	return items
}

// TestRunbooksLink: each runbook leads to another one or to a panel, and all that
// it leads to exists.
func TestRunbooksLink(t *testing.T) {
	dashboards, err := lint.Load(generated + "dashboards")
	if err != nil {
		t.Fatal(err)
	}
	panels := map[string]bool{}
	for _, d := range dashboards {
		for _, p := range d.Panels {
			panels[fmt.Sprintf("panel %q of %s (`/d/%s`)", p.Title, d.Title, d.UID)] = true
		}
	}
	files, err := filepath.Glob("../runbooks/*.md")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		links := regexp.MustCompile(`\]\((\w+\.md)\)`).FindAllSubmatch(text, -1)
		for _, m := range links {
			if _, err := os.Stat("../runbooks/" + string(m[1])); err != nil {
				t.Errorf("%s: %v", file, err)
			}
		}
		named := regexp.MustCompile("panel \"[^\"]*\" of [^`(]+\\(`[^`]*`\\)").FindAllString(string(text), -1)
		for _, name := range named {
			if !panels[name] {
				t.Errorf("%s: there is no %s", file, name)
			}
		}
		if strings.Count(string(text), `panel "`) != len(named) || len(links)+len(named) == 0 {
			t.Errorf("%s: %d links and %d panels, one of which is not written as it should", file, len(links), len(named))
		}
		if name := strings.TrimSuffix(filepath.Base(file), ".md"); !slices.Contains(alertNames(t), name) && !regexp.MustCompile(optional).MatchString(name) {
			t.Errorf("%s is of no alert", file)
		}
	}
}

func alertNames(t *testing.T) []string {
	t.Helper()
	severities, err := lint.Severities(generated + "alerts.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return slices.Collect(maps.Keys(severities))
}
