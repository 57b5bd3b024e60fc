//go:build e2e

package e2e

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

const units = "../deploy/systemd"

// mostExposure is what systemd-analyze security may say of the unit at most, from
// 0 (sealed off) to 10.
const mostExposure = 1.5

// unitRoot is a root folder with the units, the program and systemd's own units.
func unitRoot(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	for from, to := range map[string]string{
		"/lib/systemd/system":      "lib/systemd",
		program(t, "EXPORTER_BIN"): "usr/local/bin",
		"/bin/kill":                "bin",
		units + "/" + unit:         "etc/systemd/system",
		units + "/" + unitSocket:   "etc/systemd/system",
		units + "/" + unitSettings: "etc/default",
	} {
		must(t, os.MkdirAll(filepath.Join(root, to), 0o755))
		command(t, "cp", "-r", from, filepath.Join(root, to))
	}
	return root
}

const (
	unit         = "pod_count_exporter.service"
	unitSocket   = "pod_count_exporter.socket"
	unitSettings = "pod_count_exporter.default"
)

func command(t *testing.T, name string, args ...string) string {
	t.Helper()
	output, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, output)
	}
	return string(output)
}

func TestSystemdUnits(t *testing.T) {
	t.Parallel()
	root := unitRoot(t)
	for _, name := range []string{unit, unitSocket} {
		if text := command(t, "systemd-analyze", "verify", "--root="+root, "--man=no", name); strings.Contains(text, "pod_count_exporter") {
			t.Errorf("%s: %s", name, text)
		}
	}
	text := command(t, "systemd-analyze", "security", "--offline=true", "--root="+root, unit)
	found := regexp.MustCompile(`exposure level for \S+ ([0-9.]+)`).FindStringSubmatch(text)
	if found == nil {
		t.Fatalf("no exposure level in %s", text)
	}
	exposure, err := strconv.ParseFloat(found[1], 64)
	if err != nil || exposure > mostExposure {
		t.Errorf("exposure level %s, want at most %v:\n%s", found[1], mostExposure, text)
	}
}

// execStart is the unit's command line with the credentials' folder put in.
func execStart(t *testing.T, credentials string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(units, unit))
	must(t, err)
	line := regexp.MustCompile(`(?m)^ExecStart=(.*)$`).FindSubmatch(text)
	if line == nil {
		t.Fatal("the unit has no ExecStart")
	}
	words := strings.Fields(strings.ReplaceAll(string(line[1]), "${CREDENTIALS_DIRECTORY}", credentials))
	// The checkout may lie where only root can look.
	words[0] = filepath.Join(credentials, "pod_count_exporter")
	command(t, "cp", program(t, "EXPORTER_BIN"), words[0])
	return words
}

// TestSystemdExecStart runs the unit's command as a user without rights, in a
// file system in which nothing can be written.
func TestSystemdExecStart(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can take rights away like the unit does")
	}
	const user = 65532
	cp := startControlPlane(t, clusterArgs(41, 10, 200)...)
	credentials, err := os.MkdirTemp("", "credentials") //nolint:usetesting // only root can enter a folder of t.TempDir
	must(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(credentials) })
	kubeconfig, err := os.ReadFile(cp.kubeconfig())
	must(t, err)
	must(t, os.WriteFile(filepath.Join(credentials, "kubeconfig"), kubeconfig, 0o400))
	must(t, os.Chown(credentials, user, user))
	must(t, os.Chown(filepath.Join(credentials, "kubeconfig"), user, user))
	script := fmt.Sprintf(`mount -o remount,bind,ro / && ! touch /proof 2>/dev/null &&
exec setpriv --reuid=%d --regid=%d --clear-groups --no-new-privs --inh-caps=-all --bounding-set=-all env -i GOMEMLIMIT=115MiB \
  POD_COUNT_EXPORTER_WEB_LISTEN_ADDRESS=127.0.0.1:0 POD_COUNT_EXPORTER_KUBERNETES_CLUSTER_NAME=unit "$@"`, user, user)
	e := serving(t, start(t, "/usr/bin/unshare",
		append([]string{"--mount", "--propagation=private", "sh", "-c", script, "sh"}, execStart(t, credentials)...)...))
	got := e.scrape(t)
	wantTruth(t, got.counted(t), cp.truth)
	if got.of("unit").value(t, "pod_count_success") != 1 {
		t.Error("the count of the cluster that the environment names has not succeeded")
	}
}

// TestSystemdSocket hands the exporter a port that is open already, as the socket
// unit does: the request that starts it is answered.
func TestSystemdSocket(t *testing.T) {
	t.Parallel()
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	must(t, os.WriteFile(kubeconfig, []byte(ownKubeconfig), 0o600))
	port := freePort(t)
	p := start(t, "/usr/bin/systemd-socket-activate", "--listen=127.0.0.1:"+port, program(t, "EXPORTER_BIN"), "--web.systemd-socket", "--kubeconfig="+kubeconfig)
	p.await(t, "Listening on")
	if status, body := fetch(t, http.MethodGet, "http://127.0.0.1:"+port+"/-/healthy"); status != http.StatusOK {
		t.Errorf("status %d: %s", status, body)
	}
}
