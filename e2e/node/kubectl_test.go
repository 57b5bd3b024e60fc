//go:build e2e

package node

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// longestWait is for machines with other things to do; rollouts take seconds.
const longestWait = 2 * time.Minute

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// kubectl returns what it prints. A failure ends the test.
func kubectl(t *testing.T, args ...string) string {
	t.Helper()
	output, err := tryKubectl(t.Context(), "", args...)
	must(t, err)
	return output
}

// tryKubectl is kubectl for those who look at the error themselves.
func tryKubectl(ctx context.Context, input string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "kubectl", args...)
	cmd.Stdin = strings.NewReader(input)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("kubectl %s: %w: %s", strings.Join(args, " "), err, stderr.String())
	}
	return stdout.String(), nil
}

// apply sends the manifests as server-side apply with strict validation, so that
// no field is unknown and no other owner is overruled. A namespace has its account, which
// pods need, soon after it is made.
func apply(t *testing.T, manifests string, flags ...string) {
	t.Helper()
	args := append([]string{"apply", "--server-side", "--validate=strict", "--field-manager=e2e", "-f", "-"}, flags...)
	eventually(t, "the namespace of the pods has its account", func() error {
		_, err := tryKubectl(t.Context(), manifests, args...)
		if err != nil && !strings.Contains(err.Error(), `serviceaccount "default" not found`) {
			t.Fatal(err)
		}
		return err
	})
}

// eventually asks until the answer is nil.
func eventually(t *testing.T, what string, ask func() error) {
	t.Helper()
	deadline := time.Now().Add(longestWait)
	for err := ask(); err != nil; err = ask() {
		if time.Now().After(deadline) {
			t.Fatalf("after %s, still not: %s: %v", longestWait, what, err)
		}
		time.Sleep(200 * time.Millisecond)
	}
}

// tool is a program that the Makefile has built.
func tool(t *testing.T, name string) string {
	t.Helper()
	dir := os.Getenv("BIN_DIR")
	if dir == "" {
		t.Fatal("BIN_DIR does not name a folder: run make e2e-node")
	}
	return filepath.Join(dir, name)
}

// release is a copy of the exporter on the cluster.
type release struct {
	namespace string
	workload  string // as in deployment/NAME
	cluster   string // the value of the label
}

// settings are what an overlay says of a copy.
type settings struct {
	components  []string
	statefulSet bool
	secrets     func(t *testing.T, namespace string) string // what a component needs in its namespace
	patches     string                                      // further ones
}

// deploy rolls a copy out as an overlay would, in a restricted namespace of its
// own and with a prefix, and removes it when the test ends.
func deploy(t *testing.T, name string, s settings) *release {
	t.Helper()
	r := &release{namespace: name, cluster: name, workload: "deployment/" + name + "-pod-count-exporter"}
	if s.statefulSet {
		r.workload = "statefulset/" + name + "-pod-count-exporter"
	}
	manifests := overlay(t, name, s)
	removeLater(t, manifests)
	explain(t, name)
	if s.secrets != nil {
		kubectl(t, "create", "namespace", name)
		apply(t, s.secrets(t, name))
	}
	apply(t, manifests)
	r.rolledOut(t)
	return r
}

// removeLater removes objects when the test ends.
func removeLater(t *testing.T, manifests string) {
	t.Helper()
	t.Cleanup(func() {
		// The test's own context has ended.
		if _, err := tryKubectl(context.Background(), manifests, "delete", "--ignore-not-found", "-f", "-"); err != nil {
			t.Error(err)
		}
	})
}

// rolledOut waits until every replica is Ready.
func (r *release) rolledOut(t *testing.T) {
	t.Helper()
	kubectl(t, "-n", r.namespace, "rollout", "status", r.workload, "--timeout="+longestWait.String())
}

// explain shows what is in a namespace when the test has failed.
func explain(t *testing.T, namespace string) {
	t.Helper()
	t.Cleanup(func() {
		if !t.Failed() {
			return
		}
		for _, what := range []string{"get pods,endpointslices -o wide", "get events", "logs --selector=app.kubernetes.io/name --all-containers --prefix --tail=15"} {
			// The test's own context has ended.
			text, err := tryKubectl(context.Background(), "", append([]string{"-n", namespace}, strings.Fields(what)...)...)
			t.Logf("kubectl %s in %s: %v\n%s", what, namespace, err, text)
		}
	})
}

// overlay is what kustomize makes of the base with components. Monitors ask every
// two seconds, and counts are renewed at every scrape, so that tests need not wait.
func overlay(t *testing.T, name string, s settings) string {
	t.Helper()
	base, err := filepath.Abs("../../deploy/kubernetes")
	must(t, err)
	dir := t.TempDir()
	path, err := filepath.Rel(dir, base) // kustomize takes folders by relative paths only
	must(t, err)
	var text strings.Builder
	fmt.Fprintf(&text, overlayHead, name, name, path)
	for _, c := range append([]string{"namespace"}, s.components...) {
		fmt.Fprintf(&text, "- %s/components/%s\n", path, c)
	}
	clusterName := "    - POD_COUNT_EXPORTER_KUBERNETES_CLUSTER_NAME=" + name
	if s.statefulSet {
		clusterName = "" // each context has its own
	}
	fmt.Fprintf(&text, overlayTail, clusterName)
	text.WriteString(s.patches)
	must(t, os.WriteFile(filepath.Join(dir, "kustomization.yaml"), []byte(text.String()), 0o600))
	output, err := exec.CommandContext(t.Context(), tool(t, "kustomize"), "build", dir).Output()
	var ended *exec.ExitError
	if errors.As(err, &ended) {
		t.Fatalf("kustomize: %s\n%s", ended.Stderr, text.String())
	}
	must(t, err)
	return string(output)
}

const overlayHead = `apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: %s
namePrefix: %s-
resources: ["%s"]
components:
`

// overlayTail has the monitors ask more often, as the comments of their components say.
const overlayTail = `images:
- {name: pod_count_exporter, newName: localhost/pod_count_exporter, newTag: e2e}
configMapGenerator:
- name: scrape
  literals: [interval=2s]
  options: {annotations: {config.kubernetes.io/local-config: "true"}}
- name: pod-count-exporter
  behavior: merge
  literals:
    - POD_COUNT_EXPORTER_COLLECTOR_CACHE_TTL=1s
%s
replacements:
- source: {kind: ConfigMap, name: scrape, fieldPath: data.interval}
  targets:
  - select: {kind: ServiceMonitor}
    fieldPaths: ["spec.endpoints.[port=http].interval", "spec.endpoints.[port=http].scrapeTimeout"]
  - select: {kind: PodMonitor}
    fieldPaths: ["spec.podMetricsEndpoints.[port=http].interval", "spec.podMetricsEndpoints.[port=http].scrapeTimeout"]
patches:
`
