//go:build e2e

package node

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

const (
	// dirEnv is set by the cluster for the program that it runs inside of it.
	dirEnv = "NODE_DIR"
	// linksEnv names the file for the network interfaces inside of the cluster.
	linksEnv = "NODE_LINKS"
	// lacksEnv says why there is no cluster.
	lacksEnv = "NODE_LACKS"
	// exitLacking is the cluster's exit code when the machine cannot run it.
	exitLacking = 3
)

// pinnedImage is what the chart's values file "image" names.
const pinnedImage = "registry.example.com/team/pod_count_exporter@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

// images are the programs that run as pods. "next" is the same exporter under
// another tag, for a rollout that changes something. The chart's images have the
// names that its values say; the one with plugins is any that ends by itself.
func images(version string) map[string]string {
	return map[string]string{
		"docker.io/library/pod_count_exporter:" + version: "pod_count_exporter",
		"registry.example.com/pod_count_exporter:mirror":  "pod_count_exporter",
		pinnedImage:                      "pod_count_exporter",
		"registry.example.com/plugins:1": "kustomize",
		"registry.example.com/beside:1":  "node/pause",

		"localhost/pod_count_exporter:e2e":         "pod_count_exporter",
		"localhost/pod_count_exporter:next":        "pod_count_exporter",
		"localhost/kubesim:e2e":                    "kubesim",
		"localhost/prometheus:e2e":                 "prometheus",
		"localhost/alertmanager:e2e":               "alertmanager",
		"localhost/prometheus-operator:e2e":        "node/prometheus-operator",
		"localhost/prometheus-config-reloader:e2e": "node/prometheus-config-reloader",
	}
}

// TestMain starts the cluster and runs the tests as the program inside of it. When it
// has ended, nothing of it may be there.
func TestMain(m *testing.M) {
	if os.Getenv(dirEnv) != "" || os.Getenv(lacksEnv) != "" {
		os.Exit(runInside(m))
	}
	code, err := runOnNode()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = max(code, 1)
	}
	if code == exitLacking && os.Getenv("CI") == "" {
		code = m.Run() // each test is skipped with the reason
	}
	os.Exit(code)
}

// runInside runs the tests, and keeps the names of the links that are there at the end.
func runInside(m *testing.M) int {
	code := m.Run()
	if path := os.Getenv(linksEnv); path != "" {
		if err := recordLinks(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return max(code, 1)
		}
	}
	return code
}

// runOnNode returns the exit code of the tests, or of the cluster when that could not
// run them, and what the cluster has left behind as an error. The names of the
// cluster's folder and links are its own, so that nothing else is taken for a rest of it.
func runOnNode() (code int, err error) {
	bin := os.Getenv("BIN_DIR")
	if bin == "" {
		return 1, errors.New("BIN_DIR does not name a folder: run make e2e-node")
	}
	record, err := os.MkdirTemp("", "links")
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(record)) }()
	all, err := interfaces()
	if err != nil {
		return 1, err
	}
	name, file := "onenode"+rand.Text()[:10], filepath.Join(record, "links")
	before := traces(name, all)
	code, err = runCluster(bin, name, file)
	links, unknown := os.ReadFile(file)
	if code == 0 && unknown != nil {
		err = errors.Join(err, fmt.Errorf("which links the cluster had: %w", unknown))
	}
	if left := leftBehind(before, traces(name, strings.Fields(string(links)))); len(left) > 0 {
		err = errors.Join(err, fmt.Errorf("--- FAIL: the cluster has left behind:\n%s", strings.Join(left, "\n")))
	}
	return code, err
}

// runCluster runs the tests inside a cluster of a name.
func runCluster(bin, name, links string) (int, error) {
	version, err := os.ReadFile("../../VERSION")
	if err != nil {
		return 1, err
	}
	args := []string{"--bin=" + filepath.Join(bin, "node"), "--dir=" + filepath.Join(os.TempDir(), name)}
	for image, program := range images(strings.TrimSpace(string(version))) {
		args = append(args, "--image="+image+"="+filepath.Join(bin, program))
	}
	args = append(append(args, "--", os.Args[0]), os.Args[1:]...)
	// The kernel asks the cluster to end when the thread that started it is gone.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd := exec.Command(filepath.Join(bin, "onenode"), args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	var stderr bytes.Buffer
	cmd.Env = append(os.Environ(), linksEnv+"="+links)
	cmd.Stdout, cmd.Stderr = os.Stdout, io.MultiWriter(os.Stderr, &stderr)
	err = cmd.Run()
	var ended *exec.ExitError
	switch {
	case err == nil:
		return 0, nil
	case !errors.As(err, &ended):
		return 1, err
	case ended.ExitCode() == exitLacking:
		return exitLacking, os.Setenv(lacksEnv, strings.TrimSpace(stderr.String()))
	default:
		return ended.ExitCode(), nil
	}
}

// requireNode skips a test with the reason where there is no cluster.
func requireNode(t *testing.T) {
	t.Helper()
	if reason := os.Getenv(lacksEnv); reason != "" {
		t.Skip(reason)
	}
}
