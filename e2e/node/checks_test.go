//go:build e2e

package node

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// wantPriorityLevel sees in the API server's own numbers that the copy's requests
// have a place of their own.
func wantPriorityLevel(t *testing.T, r *release, _ *monitoring) {
	t.Helper()
	level := r.namespace + `-pod-count-exporter(?:\.` + r.namespace + `)?` // as the chart calls it
	pattern := regexp.MustCompile(`(?m)^apiserver_flowcontrol_dispatched_requests_total\{flow_schema="` + level + `",priority_level="` + level + `"\} [1-9]`)
	eventually(t, "requests go through the priority level", func() error {
		if text := kubectl(t, "get", "--raw=/metrics"); !pattern.MatchString(text) {
			return fmt.Errorf("none has gone through %s", level)
		}
		return nil
	})
}

// wantGoesOn replaces the pod, and sees the new process under the labels of the
// old one: each series goes on, and no second one has begun.
func wantGoesOn(t *testing.T, r *release, m *monitoring) {
	t.Helper()
	kubectl(t, "-n", r.namespace, "rollout", "restart", r.workload)
	r.rolledOut(t)
	labels := fmt.Sprintf(`{job="pod-count-exporter",namespace=%q}`, r.namespace)
	eventually(t, "the new pod is scraped under the same labels", func() error {
		samples, err := m.query(t, `changes(process_start_time_seconds`+labels+`[10m])`)
		if err == nil && (len(samples) != 1 || samples[0].Value[1] != "1") {
			err = fmt.Errorf("changes of the process: %v", samples)
		}
		return err
	})
	for _, metric := range []string{"up", "node_active_pods", "pod_count_pages_total"} {
		samples, err := m.query(t, `count_over_time(`+metric+labels+`[10m])`)
		must(t, err)
		if len(samples) != 1 {
			t.Errorf("%s has %d series, want the one that goes on: %v", metric, len(samples), samples)
		}
	}
}

// wantBudget sees that a drain leaves one replica.
func wantBudget(t *testing.T, r *release, _ *monitoring) {
	t.Helper()
	const want = "2 1"
	eventually(t, "the budget allows one disruption", func() error {
		got := kubectl(t, "-n", r.namespace, "get", "poddisruptionbudget", "-o", "jsonpath={.items[*].status.currentHealthy} {.items[*].status.disruptionsAllowed}")
		if got != want {
			return fmt.Errorf("healthy and allowed: %q, want %q", got, want)
		}
		return nil
	})
}

// wantDashboards sees what the sidecar of Grafana looks for.
func wantDashboards(t *testing.T, r *release, _ *monitoring) {
	t.Helper()
	var list struct {
		Items []struct {
			Data map[string]string `json:"data"`
		} `json:"items"`
	}
	must(t, json.Unmarshal([]byte(kubectl(t, "-n", r.namespace, "get", "configmaps", "-l", "grafana_dashboard=1", "-o", "json")), &list))
	if len(list.Items) != 3 {
		t.Errorf("%d dashboards, want 3", len(list.Items))
	}
	for _, item := range list.Items {
		for name, text := range item.Data {
			var board struct {
				UID string `json:"uid"`
			}
			if err := json.Unmarshal([]byte(text), &board); err != nil || board.UID == "" {
				t.Errorf("%s is no dashboard: %v", name, err)
			}
		}
	}
}

// wantRules sees the mixin's rules evaluated, and an alert of a rule arrive at
// Alertmanager with the labels of the series.
func wantRules(t *testing.T, r *release, m *monitoring) {
	t.Helper()
	apply(t, fmt.Sprintf(alertingRule, r.namespace, r.namespace))
	t.Cleanup(func() { _, _ = tryKubectl(t.Context(), "", "-n", r.namespace, "delete", "prometheusrule", "seen") })
	eventually(t, "the rules are loaded and evaluated", func() error {
		body, err := get(t, m.prometheus+"/api/v1/rules")
		if err != nil {
			return err
		}
		switch {
		case strings.Count(body, `"runbook_url"`) < 20:
			return fmt.Errorf("%d alerts with a runbook", strings.Count(body, `"runbook_url"`))
		case strings.Contains(body, `"health":"err"`):
			t.Fatalf("a rule fails: %s", body)
		case strings.Contains(body, `"health":"unknown"`):
			return fmt.Errorf("not all evaluated")
		}
		return nil
	})
	eventually(t, "the recording rules have this cluster", func() error {
		samples, err := m.query(t, fmt.Sprintf(`cluster:node_active_pods:sum{cluster=%q}`, r.cluster))
		if err == nil && len(samples) != 1 {
			err = fmt.Errorf("%d series", len(samples))
		}
		return err
	})
	eventually(t, "an alert is at Alertmanager", func() error {
		body, err := get(t, m.alertmanager+`/api/v2/alerts?filter=alertname="Seen"&filter=cluster="`+r.cluster+`"`)
		if err == nil && !strings.Contains(body, `"node":"`+nodeName+`"`) {
			err = fmt.Errorf("%s", body)
		}
		return err
	})
}

const alertingRule = `apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata: {name: seen, namespace: %s}
spec:
  groups:
  - name: seen
    rules:
    - alert: Seen
      expr: 'node_active_pods{cluster=%q} > 0'
`
