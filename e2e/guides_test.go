//go:build e2e

package e2e

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/kube-node-manager/pod_count_exporter/e2e/pasted"
)

// TestTroubleshooting runs the commands of docs/troubleshooting.md that need kubectl, to
// the letter save for names, addresses and ports. A test in docs holds the document
// against the commands here.
func TestTroubleshooting(t *testing.T) {
	t.Parallel()
	cp := startControlPlane(t, clusterArgs(43, 6, 90)...)
	node := slices.Sorted(maps.Keys(cp.truth.Nodes))[0]
	asked := func(line string) string {
		return strings.TrimSpace(shell(t, cp.kubeconfig(), strings.ReplaceAll(line, "NODE", node)))
	}
	for _, line := range []string{
		`kubectl auth can-i list pods --all-namespaces --as=system:serviceaccount:monitoring:pod-count-exporter`,
		`kubectl auth can-i list nodes --as=system:serviceaccount:monitoring:pod-count-exporter`,
	} {
		if got := asked(line + " || true"); got != "no" {
			t.Errorf("before it may: %s: %q", line, got)
		}
	}
	cp.api.create(t, "/apis/rbac.authorization.k8s.io/v1/clusterroles", object{"metadata": object{"name": "guide"}, "rules": []object{
		{"apiGroups": []string{""}, "resources": []string{"pods", "nodes"}, "verbs": []string{"list"}},
	}})
	cp.api.create(t, "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", object{
		"metadata": object{"name": "guide"},
		"roleRef":  object{"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "guide"},
		"subjects": []object{{"kind": "ServiceAccount", "namespace": "monitoring", "name": "pod-count-exporter"}},
	})
	eventually(t, "the account may list", func() bool {
		return asked(`kubectl auth can-i list pods --all-namespaces --as=system:serviceaccount:monitoring:pod-count-exporter || true`) == "yes"
	})

	wantText(t, "all pods", asked(`kubectl get pods --all-namespaces --no-headers --field-selector='status.phase!=Succeeded,status.phase!=Failed,spec.nodeName!=' | wc -l`), number(cp.truth.ActivePods+cp.truth.UnknownNodePods))
	wantText(t, "pods of a node", asked(`kubectl get pods --all-namespaces --no-headers --field-selector='status.phase!=Succeeded,status.phase!=Failed,spec.nodeName=NODE' | wc -l`), number(cp.truth.Nodes[node]))
	wantText(t, "what describe says", firstNumber(t, asked(`kubectl describe node NODE | grep 'Non-terminated Pods'`)), number(cp.truth.Nodes[node]))

	block, err := pasted.Block("../docs/troubleshooting.md", `kubectl proxy --port=8001 &`)
	must(t, err)
	page := regexp.MustCompile(`(?m)^(\d+) bytes in [\d.]+ s$`).FindStringSubmatch(asked(pasted.Script(strings.ReplaceAll(block, "8001", freePort(t)))))
	if page == nil {
		t.Fatalf("a page by hand prints no size:\n%s", block)
	}
	if size, err := strconv.Atoi(page[1]); err != nil || size < 1000 {
		t.Errorf("a page by hand has %s bytes (%v), want that of 90 pods", page[1], err)
	}
}

// TestPluginGuide runs the commands of docs/kubectl-plugin.md, to the letter.
func TestPluginGuide(t *testing.T) {
	t.Parallel()
	cp := startControlPlane(t, clusterArgs(44, 6, 90)...)
	full := slices.Sorted(maps.Keys(cp.truth.Nodes))[0]
	cp.api.patch(t, "/api/v1/nodes/"+full+"/status", object{"status": object{
		"allocatable": object{"pods": number(cp.truth.Nodes[full])}, "capacity": object{"pods": number(cp.truth.Nodes[full])},
	}})
	asked := func(line string) string { return shell(t, cp.kubeconfig(), line) }
	for line, want := range map[string]string{
		`kubectl pod-count --help`:           "kubectl pod-count",
		`kubectl pod-count --min-percent 99`: full + " ",
		`kubectl describe node`:              "Non-terminated Pods",
		`kubectl get pods`:                   "NAME",
		`kubectl auth can-i list pods -A`:    "yes",
		`kubectl auth can-i watch pods -A`:   "yes",
		`kubectl auth whoami`:                "Username",
	} {
		if got := asked(line); !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q in it", line, got, want)
		}
	}
	var doc struct {
		Clusters []struct {
			Nodes []struct {
				Name     string
				FreePods *float64
			}
		}
	}
	must(t, json.Unmarshal([]byte(asked(`kubectl pod-count -o json`)), &doc))
	want := ""
	for _, n := range doc.Clusters[0].Nodes {
		if n.FreePods != nil && *n.FreePods < 5 {
			want += n.Name + "\n"
		}
	}
	if !strings.Contains(want, full+"\n") {
		t.Errorf("the full node %s is not among those with little room: %q", full, want)
	}
	wantText(t, "nodes with little room", asked(`kubectl pod-count -o json | jq -r '.clusters[].nodes[] | select(.freePods < 5) | .name'`), want)

	dir := t.TempDir()
	runInGroup(t, cp.kubeconfig(), dir, `kubectl pod-count --watch --min-percent 99 | tee full-nodes.txt`)
	eventually(t, "the full node is in the file", func() bool {
		text, err := os.ReadFile(filepath.Join(dir, "full-nodes.txt"))
		return err == nil && strings.HasPrefix(string(text), "TIME ") && strings.Contains(string(text), full)
	})
}

func wantText(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %q, want %q", what, got, want)
	}
}

func number(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }

// runInGroup runs a line until the test ends, and then ends all of its programs.
func runInGroup(t *testing.T, kubeconfig, dir, line string) {
	t.Helper()
	cmd := shellCommand(t, kubeconfig, dir, line)
	cmd.Dir = dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	must(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Wait() }) // the test's context has ended, and the programs do not end well
}
