//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestWatchForbidden has an account that may list and not watch: it is listed, and
// says so.
func TestWatchForbidden(t *testing.T) {
	t.Parallel()
	cp := startControlPlane(t, clusterArgs(33, 5, 100)...)
	e := startExporter(t, cp.api.account(t, "lister", "pods", "nodes"), "--collector.mode=watch")
	got := e.scrape(t)
	wantTruth(t, got.counted(t), cp.truth)
	if mode := got.by(t, "pod_count_mode_info", "mode"); mode["list"] != 1 || len(mode) != 1 {
		t.Errorf("pod_count_mode_info %v, want list", mode)
	}
	if line := e.await(t, "The cluster cannot be watched"); !strings.Contains(line, "cannot watch resource") {
		t.Errorf("the line does not say why: %s", line)
	}
}

// watcherToken is that of an account that may list and watch.
func watcherToken(t *testing.T, cp *controlPlane) string {
	t.Helper()
	token := accountToken(t, cp)
	rule := object{"apiGroups": []string{""}, "resources": []string{"pods", "nodes"}, "verbs": []string{"list", "watch"}}
	cp.api.patch(t, "/apis/rbac.authorization.k8s.io/v1/clusterroles/exporter", object{"rules": []object{rule}})
	return token
}

// followed requires the counts to become those of a list, by watch.
func followed(t *testing.T, cp *controlPlane, e *exporter) {
	t.Helper()
	var got scrape
	var want truth
	eventually(t, "counts as a list has them, by watch", func() bool {
		want = cp.api.list(t)
		got = e.scrape(t)
		if got.by(t, "pod_count_mode_info", "mode")["watch"] != 1 || got.value(t, "pod_count_success") != 1 {
			return false
		}
		counted := got.counted(t)
		return fmt.Sprint(counted.Nodes, counted.UnscheduledPods, counted.UnknownNodePods) ==
			fmt.Sprint(want.Nodes, want.UnscheduledPods, want.UnknownNodePods)
	})
}

// list is what the API server's own lists of whole objects say now.
func (a *api) list(t *testing.T) truth {
	t.Helper()
	now := truth{Nodes: map[string]float64{}}
	for _, item := range items(a.send(t, "GET", "/api/v1/nodes", "", nil)) {
		now.Nodes[field(item, "metadata", "name")] = 0
	}
	for _, item := range items(a.send(t, "GET", "/api/v1/pods", "", nil)) {
		node, phase := field(item, "spec", "nodeName"), field(item, "status", "phase")
		_, exists := now.Nodes[node]
		switch {
		case phase == "Succeeded" || phase == "Failed":
		case node == "":
			now.UnscheduledPods++
		case exists:
			now.Nodes[node]++
			now.ActivePods++
		default:
			now.UnknownNodePods++
		}
	}
	return now
}

func items(list object) []any {
	all, _ := list["items"].([]any)
	return all
}

// field is a text within an object; empty when it is not there.
func field(value any, path ...string) string {
	for _, name := range path {
		inner, _ := value.(map[string]any)
		value = inner[name]
	}
	text, _ := value.(string)
	return text
}

func anyNode(cp *controlPlane) string {
	for name := range cp.truth.Nodes {
		return name
	}
	return ""
}

// TestWatchRestoredServer has the API server come back from a backup, without the pods
// that were made since: the counts follow it, and no request of the streams says so.
func TestWatchRestoredServer(t *testing.T) {
	t.Parallel()
	cp := startControlPlane(t, clusterArgs(35, 5, 100)...)
	kubeconfig := writeKubeconfig(t, cp.api.cfg, watcherToken(t, cp))
	backup := filepath.Join(t.TempDir(), "backup")
	cp.kill(t)
	command(t, "cp", "-a", cp.dir, backup)
	cp.run(t)
	e := startExporter(t, kubeconfig, "--collector.mode=watch", "--watch.audit-interval=0s")
	followed(t, cp, e)
	writer := podWriter{api: cp.api, names: names("forgotten")}
	for range 400 { // far more changes than the server makes by itself when it starts
		_, err := writer.create(t.Context(), anyNode(cp))
		must(t, err)
	}
	followed(t, cp, e)
	cp.kill(t)
	must(t, os.RemoveAll(cp.dir))
	command(t, "cp", "-a", backup, cp.dir)
	cp.run(t)
	restored := time.Now()
	followed(t, cp, e)
	t.Logf("%s after it was restored the counts are those of the server", time.Since(restored).Round(time.Second))
}
