package lint_test

import (
	"os"
	"strings"
	"testing"

	"github.com/kube-node-manager/pod_count_exporter/mixin/lint"
)

const (
	exposition = "../../collector/testdata/small_cluster.prom"
	generated  = "../generated/"
)

func known(t *testing.T) map[string]bool {
	t.Helper()
	names, err := lint.Known(exposition, generated+"rules.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestDashboards(t *testing.T) {
	all, err := lint.Load(generated + "dashboards")
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 3 {
		t.Errorf("%d dashboards, want 3", len(all))
	}
	names, uids := known(t), map[string]string{}
	for file, d := range all {
		t.Run(file, func(t *testing.T) {
			for _, finding := range lint.Check(d, names) {
				t.Error(finding)
			}
		})
		if other, taken := uids[d.UID]; taken {
			t.Errorf("%s and %s have the same uid", file, other)
		}
		uids[d.UID] = file
	}
}

// The uids are in people's bookmarks and links.
func TestUIDsStay(t *testing.T) {
	all, err := lint.Load(generated + "dashboards")
	if err != nil {
		t.Fatal(err)
	}
	for file, uid := range map[string]string{
		"pod-count-overview.json":   "bce1fabd40fcc194a4a1d2b4a11382d8",
		"pod-count-exporter.json":   "d2c03542b6a9ec6b915ef3e31d178947",
		"pod-count-comparison.json": "473b9ea8055704ed4c4b4c897d64ffc1",
	} {
		if got := all[file].UID; got != uid {
			t.Errorf("%s has uid %s, had %s", file, got, uid)
		}
	}
}

// TestAlerts holds every alert against its runbook, its test, and the metrics
// that exist.
func TestAlerts(t *testing.T) {
	groups, err := lint.Rules(generated + "alerts.yaml")
	if err != nil {
		t.Fatal(err)
	}
	names, tests := known(t), ""
	for _, file := range []string{"api_alerts", "count_alerts", "exporter_alerts", "capacity_alerts"} {
		text, err := os.ReadFile("../tests/" + file + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		tests += string(text)
	}
	for _, group := range groups.Groups {
		for _, alert := range group.Rules {
			t.Run(alert.Alert, func(t *testing.T) {
				for _, finding := range lint.CheckAlert(alert.Expr, names) {
					t.Error(finding)
				}
				runbook, err := os.ReadFile("../runbooks/" + alert.Alert + ".md")
				if err != nil {
					t.Error(err)
				}
				for _, part := range []string{"# " + alert.Alert, "## Meaning", "## Impact", "## Diagnosis", "## Mitigation"} {
					if !strings.Contains(string(runbook), part+"\n") {
						t.Errorf("the runbook lacks %q", part)
					}
				}
				if !strings.HasSuffix(alert.Annotations["runbook_url"], "/"+alert.Alert+".md") || strings.Contains(alert.Annotations["summary"], "{{") {
					t.Errorf("annotations %v: the summary must be static, and the runbook the alert's", alert.Annotations)
				}
				fires := strings.Contains(tests, "alertname: "+alert.Alert+"\n        exp_alerts:\n")
				stays := strings.Contains(tests, "alertname: "+alert.Alert+"\n        exp_alerts: []\n")
				if !fires || !stays {
					t.Errorf("tests make it fire: %t, come close and do not: %t", fires, stays)
				}
			})
		}
	}
}
