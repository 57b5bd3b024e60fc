//go:build e2e

package node

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	nodeName      = "node0"
	exporterLabel = "app.kubernetes.io/name=pod-count-exporter"
)

// TestComponents rolls the base out with each component, and has the operator's
// Prometheus scrape it through the committed monitors: the target is up under the
// labels that the mixin asks for, and the count is what kubectl says.
func TestComponents(t *testing.T) {
	requireNode(t)
	m := startMonitoring(t)
	for _, c := range componentCases() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := deploy(t, c.name, c.settings)
			instances := c.instances
			if instances == nil {
				instances = func(*testing.T, *release) []string { return []string{c.name + "-pod-count-exporter"} }
			}
			count := c.count
			if count == nil {
				count = describedPods
			}
			r.wantScraped(t, m, instances(t, r), count)
			if c.check != nil {
				c.check(t, r, m)
			}
		})
	}
}

// TestEveryComponentIsRun holds the cases against the folders.
func TestEveryComponentIsRun(t *testing.T) {
	var run []string
	for _, c := range componentCases() {
		run = append(run, c.components...)
	}
	run = append(run, "namespace") // every case has it
	folders, err := os.ReadDir("../../deploy/kubernetes/components")
	must(t, err)
	for _, folder := range folders {
		if !slices.Contains(run, folder.Name()) {
			t.Errorf("no case runs component %s", folder.Name())
		}
	}
}

type componentCase struct {
	name string
	settings
	instances func(*testing.T, *release) []string         // the Service's name when nil
	count     func(t *testing.T, r *release) (int, error) // what kubectl describe node says when nil
	check     func(*testing.T, *release, *monitoring)
}

func componentCases() []componentCase {
	return []componentCase{
		{name: "service", settings: settings{components: []string{"servicemonitor"}}, check: wantGoesOn},
		{name: "pod", settings: settings{components: []string{"podmonitor"}}, check: wantGoesOn},
		{name: "policy", settings: settings{components: []string{"servicemonitor", "networkpolicy"}}},
		{name: "fairness", settings: settings{components: []string{"servicemonitor", "flowschema"}}, check: wantPriorityLevel},
		{name: "rules", settings: settings{components: []string{"servicemonitor", "prometheusrule"}}, check: wantRules},
		{name: "boards", settings: settings{components: []string{"servicemonitor", "dashboards"}}, check: wantDashboards},
		{name: "replicas", settings: settings{components: []string{"servicemonitor", "ha"}}, instances: podNames(2), check: wantBudget},
		{name: "one-namespace", settings: settings{components: []string{"servicemonitor", "namespaced"}}, count: ownPods},
		{name: "live", settings: settings{components: []string{"servicemonitor", "watch"}}, check: wantGoesOn},
		{name: "shards", settings: settings{components: []string{"servicemonitor", "sharded"}, statefulSet: true, secrets: kubeconfigs}, instances: podNames(3), check: wantShared},
		{name: "password", settings: settings{components: []string{"servicemonitor", "tls"}, secrets: passwordSecrets}, check: wantRefused},
		{name: "password-pod", settings: settings{components: []string{"podmonitor", "tls"}, secrets: passwordSecrets}, check: wantRefused},
		{name: "certificate", settings: settings{components: []string{"servicemonitor", "client-certificates"}, secrets: certificateSecrets}, check: wantRefused},
		{name: "certificate-pod", settings: settings{components: []string{"podmonitor", "client-certificates"}, secrets: certificateSecrets}, check: wantRefused},
		{
			name: "everything",
			settings: settings{
				components: []string{"servicemonitor", "ha", "networkpolicy", "flowschema", "dashboards", "client-certificates"},
				secrets:    certificateSecrets,
			},
			instances: podNames(2), check: wantRefused,
		},
	}
}

// wantUp asks Prometheus for the copy's targets.
func (r *release) wantUp(t *testing.T, m *monitoring, instances []string) {
	t.Helper()
	want := map[string]string{}
	for _, instance := range instances {
		want[instance] = "1"
	}
	eventually(t, fmt.Sprintf("targets %v are up", instances), func() error {
		up, err := m.query(t, fmt.Sprintf(`up{job="pod-count-exporter",namespace=%q}`, r.namespace))
		if got := byLabel(up, "instance"); err == nil && !maps.Equal(got, want) {
			err = fmt.Errorf("up by instance: %v", got)
		}
		return err
	})
}

// wantScraped asks Prometheus for the copy's targets and counts.
func (r *release) wantScraped(t *testing.T, m *monitoring, instances []string, count func(*testing.T, *release) (int, error)) {
	t.Helper()
	r.wantUp(t, m, instances)
	eventually(t, "every replica's count is the cluster's", func() error {
		number, err := count(t, r)
		if err != nil {
			return err
		}
		samples, err := m.query(t, fmt.Sprintf(`node_active_pods{job="pod-count-exporter",namespace=%q,node=%q} and on(namespace, instance, cluster) pod_count_success == 1`, r.namespace, nodeName))
		if err == nil && len(samples) < len(instances) {
			err = fmt.Errorf("%d series from %d instances", len(samples), len(instances))
		}
		for _, s := range samples {
			if got := s.Value[1]; err == nil && got != strconv.Itoa(number) {
				err = fmt.Errorf("count %s of %v, kubectl says %d", got, s.Metric, number)
			}
		}
		return err
	})
}

// byLabel returns the values of samples by one of their labels.
func byLabel(samples []sample, label string) map[string]string {
	values := map[string]string{}
	for _, s := range samples {
		values[s.Metric[label]] = fmt.Sprint(s.Value[1])
	}
	return values
}

// describedPods is the number in "Non-terminated Pods" of kubectl describe node.
func describedPods(t *testing.T, _ *release) (int, error) {
	t.Helper()
	text := kubectl(t, "describe", "node", nodeName)
	match := regexp.MustCompile(`Non-terminated Pods:\s+\((\d+) in total\)`).FindStringSubmatch(text)
	if match == nil {
		return 0, fmt.Errorf("no number of pods in %s", text)
	}
	return strconv.Atoi(match[1])
}

// ownPods is the number of pods in the copy's namespace.
func ownPods(t *testing.T, r *release) (int, error) {
	t.Helper()
	return len(r.pods(t)), nil
}

func (r *release) pods(t *testing.T) []string {
	t.Helper()
	return strings.Fields(kubectl(t, "-n", r.namespace, "get", "pods", "-l", exporterLabel, "-o", "name"))
}

// podNames are the instances of replicas that run side by side.
func podNames(replicas int) func(*testing.T, *release) []string {
	return func(t *testing.T, r *release) []string {
		t.Helper()
		var names []string
		for _, pod := range r.pods(t) {
			names = append(names, strings.TrimPrefix(pod, "pod/"))
		}
		if len(names) != replicas {
			t.Errorf("%d pods, want %d: %v", len(names), replicas, names)
		}
		return names
	}
}
