//go:build e2e

package e2e

import (
	"net/http"
	"strings"
	"syscall"
	"testing"
)

// TestKubeconfigIsEdited changes the kubeconfig of a running exporter, by every
// way of a reload.
func TestKubeconfigIsEdited(t *testing.T) {
	t.Parallel()
	cp := startControlPlane(t, clusterArgs(33, 5, 200)...)
	file := newContexts(t, map[string]login{"one": administrator(cp)})
	e := startExporter(t, file.path, "--kubernetes.all-contexts")
	wantTruth(t, e.scrape(t).of("one").counted(t), cp.truth)
	counted := e.scrape(t).of("one").value(t, "pod_count_last_success_timestamp_seconds")

	file.all["two"] = administrator(cp)
	file.write(t)
	eventually(t, "a cluster that was added is shown, though nobody asked for it", func() bool {
		return len(e.scrape(t).of("two")) > 0
	})
	got := e.scrape(t)
	wantTruth(t, got.of("two").counted(t), cp.truth)
	if again := got.of("one").value(t, "pod_count_last_success_timestamp_seconds"); again != counted {
		t.Errorf("the cluster that stayed was counted again at %f, after %f", again, counted)
	}

	file.put(t, []byte("contexts: ["))
	status, body := e.request(t, http.MethodPost, "/-/reload")
	if status != http.StatusInternalServerError || !strings.Contains(string(body), file.path) {
		t.Errorf("a broken file: status %d: %s", status, body)
	}
	got = e.scrape(t)
	if n := got.value(t, "pod_count_config_last_reload_successful"); n != 0 {
		t.Errorf("pod_count_config_last_reload_successful is %v", n)
	}
	wantTruth(t, got.of("one").counted(t), cp.truth)
	wantTruth(t, got.of("two").counted(t), cp.truth)

	delete(file.all, "one")
	file.write(t)
	must(t, e.cmd.Process.Signal(syscall.SIGHUP))
	e.await(t, "removed=1")
	got = e.scrape(t)
	if gone := got.of("one"); len(gone) != 0 {
		t.Errorf("series of a removed cluster: %v", gone)
	}
	wantTruth(t, got.of("two").counted(t), cp.truth)
	if n := got.value(t, "pod_count_config_last_reload_successful"); n != 1 {
		t.Errorf("pod_count_config_last_reload_successful is %v", n)
	}
	if status, body := e.request(t, http.MethodPost, "/-/reload"); status != http.StatusOK {
		t.Errorf("a reload without a change: status %d: %s", status, body)
	}
}
