package lint_test

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/kube-node-manager/pod_count_exporter/mixin/lint"
)

// optional is the alert that is off by default.
const optional = `^KubernetesAPITimeoutLogged$`

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
