//go:build e2e

package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

const wrongCounts = "../docs/wrong-counts.md"

// TestWrongCounts puts the pods of docs/wrong-counts.md on a node, runs each
// command of its table and compares the numbers.
func TestWrongCounts(t *testing.T) {
	t.Parallel()
	cp := startControlPlane(t, clusterArgs(41, 3, 30)...)
	cp.api.create(t, "/api/v1/nodes", object{"metadata": object{"name": "demo"}})
	cp.api.patch(t, "/api/v1/nodes/demo/status", object{"status": object{
		"allocatable": object{"pods": "110"}, "capacity": object{"pods": "110"},
	}})
	for name, phase := range documentedPods(t) {
		cp.api.addPod(t, name, phase)
	}
	cp.api.remove(t, "/api/v1/namespaces/default/pods/terminating-1", 3600)

	e := startExporter(t, cp.kubeconfig())
	wantSuccess(t, e.scrape(t), 1)
	rows := regexp.MustCompile("(?m)^\\| `(.*)` \\| (\\d+) \\|").FindAllStringSubmatch(text(t, wrongCounts), -1)
	if len(rows) < 7 {
		t.Fatalf("%s has %d commands with a number, want 7 at least", wrongCounts, len(rows))
	}
	for _, row := range rows {
		line := strings.ReplaceAll(row[1], `\|`, "|")
		line = strings.ReplaceAll(line, "http://127.0.0.1:10120", e.url)
		got := firstNumber(t, shell(t, cp.kubeconfig(), line))
		t.Logf("%3s  %s", got, line)
		if got != row[2] {
			t.Errorf("%s\ngives %s, the document says %s", line, got, row[2])
		}
	}
	wantJoins(t, cp.kubeconfig())
}

// wantJoins has Prometheus' own engine evaluate the document's queries on the series that
// kube-state-metrics has of the pods on the node: kube_pod_info of each, and
// kube_pod_status_phase for each phase (its docs/metrics/workload/pod-metrics.md).
func wantJoins(t *testing.T, kubeconfig string) {
	t.Helper()
	var list struct {
		Items []struct {
			Metadata struct{ Namespace, Name string }
			Status   struct{ Phase string }
		}
	}
	must(t, json.Unmarshal([]byte(shell(t, kubeconfig, "kubectl get pods --all-namespaces --field-selector=spec.nodeName=demo -o json")), &list))
	var series []object
	for _, pod := range list.Items {
		labels := fmt.Sprintf(`namespace=%q,pod=%q`, pod.Metadata.Namespace, pod.Metadata.Name)
		series = append(series, object{"series": "kube_pod_info{" + labels + `,node="demo"}`, "values": "1"})
		for _, phase := range []string{"Pending", "Running", "Succeeded", "Failed", "Unknown"} {
			value := "0"
			if phase == pod.Status.Phase {
				value = "1"
			}
			series = append(series, object{"series": "kube_pod_status_phase{" + labels + `,phase="` + phase + `"}`, "values": value})
		}
	}
	document := text(t, wrongCounts)
	queries := regexp.MustCompile("(?s)```promql\n(.*?)```").FindAllStringSubmatch(document, -1)
	answers := regexp.MustCompile(`the first gives (\d+), the second (\d+)`).FindStringSubmatch(document)
	if len(queries) != 2 || len(answers) != 3 {
		t.Fatalf("%s has %d queries with the answers %q, want two", wrongCounts, len(queries), answers)
	}
	var tests []object
	for i, query := range queries {
		value, err := strconv.Atoi(answers[i+1])
		must(t, err)
		tests = append(tests, object{"expr": query[1], "eval_time": "0m", "exp_samples": []object{{"labels": `{node="demo"}`, "value": value}}})
	}
	file, err := json.Marshal(object{"evaluation_interval": "1m", "tests": []object{{"interval": "1m", "input_series": series, "promql_expr_test": tests}}})
	must(t, err)
	path := filepath.Join(t.TempDir(), "joins.yaml")
	must(t, os.WriteFile(path, file, 0o600))
	t.Log(shell(t, kubeconfig, "promtool test rules "+path+" 2>&1"))
}

// documentedPods are the names and phases of the pods that the document's first
// table has: "| 5 | running |".
func documentedPods(t *testing.T) map[string]string {
	t.Helper()
	phases := map[string]string{
		"running": "Running", "pending": "Pending", "terminating": "Running", "succeeded": "Succeeded", "failed": "Failed",
	}
	pods := map[string]string{}
	for _, row := range regexp.MustCompile(`(?m)^\| (\d) \| (.*) \|$`).FindAllStringSubmatch(text(t, wrongCounts), -1) {
		state := regexp.MustCompile(`^\w+`).FindString(row[2])
		if strings.Contains(row[2], "(terminating)") {
			state = "terminating"
		}
		phase, known := phases[state]
		if !known {
			t.Fatalf("%s: %q is no state that this test can make", wrongCounts, row[2])
		}
		for i := range int(row[1][0] - '0') {
			pods[fmt.Sprintf("%s-%d", state, i+1)] = phase
		}
	}
	if len(pods) != 10 {
		t.Fatalf("%s has %d pods, want 10", wrongCounts, len(pods))
	}
	return pods
}

// addPod makes a pod on the node demo.
func (a *api) addPod(t *testing.T, name, phase string) {
	t.Helper()
	const pods = "/api/v1/namespaces/default/pods"
	pod := newPod(name)
	pod["spec"].(object)["nodeName"] = "demo"
	a.create(t, pods, pod)
	if phase != "Pending" {
		a.patch(t, pods+"/"+name+"/status", object{"status": object{"phase": phase}})
	}
}

// shell runs a line as a person would, with kubectl and its plugin in the PATH.
func shell(t *testing.T, kubeconfig, line string) string {
	t.Helper()
	output, err := shellCommand(t, kubeconfig, t.TempDir(), line).Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		t.Fatalf("%s: %v\n%s", line, err, exit.Stderr)
	}
	must(t, err)
	return string(output)
}

// shellCommand is such a line, yet to be run, with a home of its own.
func shellCommand(t *testing.T, kubeconfig, home, line string) *exec.Cmd {
	t.Helper()
	bin, err := filepath.Abs(os.Getenv("BIN_DIR"))
	must(t, err)
	cmd := exec.CommandContext(t.Context(), "bash", "-c", line)
	cmd.Env = append(os.Environ(), "PATH="+bin+string(filepath.ListSeparator)+os.Getenv("PATH"), "KUBECONFIG="+kubeconfig, "HOME="+home)
	return cmd
}

// firstNumber is that of an output that is not part of a word; of a metric, its value.
func firstNumber(t *testing.T, output string) string {
	t.Helper()
	found := regexp.MustCompile(`(?:^|[\s(])(\d+)\b`).FindStringSubmatch(output)
	if found == nil {
		t.Fatalf("no number in %q", output)
	}
	return found[1]
}

func text(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	must(t, err)
	return string(content)
}
