package chart

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const (
	root  = "../.."
	dir   = root + "/deploy/helm/pod-count-exporter"
	name  = "pod-count-exporter" // of the release and of its namespace
	files = dir + "/ci"
)

// program finds a program that the Makefile has built.
func program(t *testing.T, name string) string {
	t.Helper()
	bin := os.Getenv("BIN_DIR")
	if bin == "" {
		t.Fatal("BIN_DIR does not name the folder of helm, helm-docs, kustomize and pod_count_exporter: run make chart-check")
	}
	path := filepath.Join(bin, name)
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("%v: run make chart-check", err)
	}
	return path
}

// run returns what a program prints, and the error with which it ends.
func run(t *testing.T, name string, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program(t, name), args...)
	home := t.TempDir() // helm reads plugins and registries of the user
	cmd.Env = append(os.Environ(), "HOME="+home, "HELM_CONFIG_HOME="+home, "HELM_DATA_HOME="+home, "HELM_CACHE_HOME="+home, "KUBECONFIG=")
	var out, messages bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &messages
	err = cmd.Run()
	return out.String(), messages.String(), err
}

func mustRun(t *testing.T, name string, args ...string) string {
	t.Helper()
	stdout, stderr, err := run(t, name, args...)
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, stderr)
	}
	return stdout
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	must(t, err)
	return data
}

// variants are the values files of the chart's ci folder, by their names.
func variants(t *testing.T) map[string]string {
	t.Helper()
	const suffix = "-values.yaml"
	paths, err := filepath.Glob(files + "/*" + suffix)
	must(t, err)
	if len(paths) < 20 {
		t.Fatalf("%d values files in %s, want 20 at least", len(paths), files)
	}
	variants := map[string]string{}
	for _, path := range paths {
		variants[strings.TrimSuffix(filepath.Base(path), suffix)] = path
	}
	return variants
}
