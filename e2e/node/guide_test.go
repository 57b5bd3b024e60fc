//go:build e2e

package node

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/kube-node-manager/pod_count_exporter/e2e/pasted"
)

// TestGuide runs the commands of docs/operations.md for Kubernetes and for Helm, to the
// letter save for the namespace's name: as an operator who follows it. A test in docs
// holds the document against the commands here.
func TestGuide(t *testing.T) {
	requireNode(t)
	g := newGuide(t)
	t.Run("kubernetes", func(t *testing.T) {
		g := g.in(t)
		g.overlay(t)
		t.Cleanup(g.remove)
		g.wantCounted(t, g.pasted(t, `kubectl create namespace monitoring   # where there is none`), "production")
		g.background(t, `kubectl -n monitoring port-forward service/pod-count-exporter 10120 &`)
		g.wantNumbers(t, `kubectl get pods --all-namespaces --field-selector=status.phase!=Succeeded,status.phase!=Failed,spec.nodeName!=`, `kubectl describe node NAME`)
		if answer, _ := g.try(t, `kubectl auth can-i watch pods --all-namespaces --as=system:serviceaccount:monitoring:pod-count-exporter`); answer != "no\n" {
			t.Errorf("in list mode, whether the account may watch: %q, want no", answer)
		}
		if flat := g.run(t, `kubectl config view --flatten --minify`); !strings.Contains(flat, "certificate-authority-data: ") || strings.Contains(flat, "certificate-authority: ") {
			t.Errorf("the kubeconfig does not hold its certificates:\n%s", flat)
		}
		kubectl(t, "-n", guideNamespace, "set", "image", "deployment/pod-count-exporter", "exporter=localhost/pod_count_exporter:next")
		g.run(t, `kubectl -n monitoring rollout status deployment/pod-count-exporter`)
		g.run(t, `kubectl -n monitoring rollout undo deployment/pod-count-exporter`)
		g.run(t, `kubectl -n monitoring rollout status deployment/pod-count-exporter`)
	})
	t.Run("helm", func(t *testing.T) {
		g := g.in(t)
		must(t, os.WriteFile(filepath.Join(g.dir, "values.yaml"), []byte("image: {repository: localhost/pod_count_exporter, tag: e2e}\n"), 0o600))
		t.Cleanup(g.remove)
		output := g.pasted(t, `helm install pod-count-exporter deploy/helm/pod-count-exporter --namespace monitoring --create-namespace --values values.yaml`)
		g.wantCounted(t, output, "kubernetes")
		g.wantNotes(t, output)
		if values := g.run(t, `helm get values pod-count-exporter --namespace monitoring --output yaml > values.yaml`+"; cat values.yaml"); values != "image:\n  repository: localhost/pod_count_exporter\n  tag: e2e\n" {
			t.Errorf("the values that were given are not those of the release:\n%s", values)
		}
		must(t, os.WriteFile(filepath.Join(g.dir, "values.yaml"), []byte("image: {repository: localhost/pod_count_exporter, tag: next}\n"), 0o600))
		g.run(t, `helm upgrade pod-count-exporter deploy/helm/pod-count-exporter --namespace monitoring --values values.yaml`)
		g.wantImage(t, "localhost/pod_count_exporter:next")
		g.run(t, `helm rollback pod-count-exporter --namespace monitoring`)
		g.wantImage(t, "localhost/pod_count_exporter:e2e")
		g.run(t, `helm uninstall pod-count-exporter --namespace monitoring`)
	})
}

// guideNamespace is in the place of the document's "monitoring", where the operator of
// other tests is.
const guideNamespace = "guide"

// guide is a folder in which an operator works.
type guide struct {
	dir string
	env []string
}

// newGuide has the operator's resources on the cluster, which the overlay of the document
// uses, and finds the programs.
func newGuide(t *testing.T) guide {
	t.Helper()
	definitions := filepath.Join(os.Getenv("OPERATOR_DIR"), "example/prometheus-operator-crd")
	kubectl(t, "apply", "--server-side", "-f", definitions)
	kubectl(t, "wait", "--for=condition=Established", "--timeout=60s", "-f", definitions)
	bin, err := filepath.Abs(filepath.Dir(tool(t, "helm")))
	must(t, err)
	home := t.TempDir()
	return guide{env: append(os.Environ(), "PATH="+os.Getenv("PATH")+":"+bin,
		"HOME="+home, "HELM_CONFIG_HOME="+home, "HELM_DATA_HOME="+home, "HELM_CACHE_HOME="+home)}
}

// in is the same in a folder of its own that has the checkout's deploy.
func (g guide) in(t *testing.T) guide {
	t.Helper()
	explain(t, guideNamespace)
	deploy, err := filepath.Abs("../../deploy")
	must(t, err)
	g.dir = t.TempDir()
	must(t, os.Symlink(deploy, filepath.Join(g.dir, "deploy")))
	return g
}

// overlay writes the document's own, with the path of the base and an image that is there.
func (g guide) overlay(t *testing.T) {
	t.Helper()
	shown := regexp.MustCompile("(?s)```yaml\n(# kustomization.yaml\n.*?)```").FindStringSubmatch(readFile(t, "../../docs/operations.md"))
	if shown == nil {
		t.Fatal("docs/operations.md shows no kustomization.yaml")
	}
	base, err := filepath.Abs("../../deploy/kubernetes")
	must(t, err)
	path, err := filepath.Rel(g.dir, base) // kustomize takes folders by relative paths only
	must(t, err)
	version := strings.TrimSpace(readFile(t, "../../VERSION"))
	text := shown[1]
	for former, next := range map[string]string{
		"path/to/deploy/kubernetes":           path,
		"example.com/team/pod_count_exporter": "localhost/pod_count_exporter",
		"newTag: " + version:                  "newTag: e2e",
		"namespace: monitoring":               "namespace: " + guideNamespace,
	} {
		if !strings.Contains(text, former) {
			t.Errorf("the kustomization.yaml of docs/operations.md has no %q", former)
		}
		text = strings.ReplaceAll(text, former, next)
	}
	must(t, os.WriteFile(filepath.Join(g.dir, "kustomization.yaml"), []byte(text), 0o600))
}

// remove takes away what a part of the guide has made. The test's own context has ended.
func (g guide) remove() {
	_, _ = tryKubectl(context.Background(), "", "delete", "--ignore-not-found", "namespace/"+guideNamespace,
		"clusterrole/pod-count-exporter", "clusterrolebinding/pod-count-exporter")
}

func (g guide) shell(ctx context.Context, line string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "bash", "-o", "pipefail", "-c", strings.ReplaceAll(line, "monitoring", guideNamespace))
	cmd.Dir, cmd.Env = g.dir, g.env
	return cmd
}

// try returns what a line prints.
func (g guide) try(t *testing.T, line string) (string, error) {
	t.Helper()
	output, err := g.shell(t.Context(), line).Output()
	return string(output), err
}

// run is try for lines that must succeed.
func (g guide) run(t *testing.T, line string) string {
	t.Helper()
	output, err := g.shell(t.Context(), line).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", line, err, output)
	}
	return string(output)
}

// background runs a line that a shell would put there, until the test ends.
func (g guide) background(t *testing.T, line string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cmd := g.shell(ctx, "exec "+strings.TrimSuffix(line, " &"))
	must(t, cmd.Start())
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait() // it was killed
	})
}

// pasted runs the document's block that begins with a line, as it stands, and returns
// what it prints.
func (g guide) pasted(t *testing.T, first string) string {
	t.Helper()
	block, err := pasted.Block("../../docs/operations.md", first)
	must(t, err)
	return g.run(t, pasted.Script(block))
}

// wantCounted looks for the log and for the first number in what a block has printed.
func (g guide) wantCounted(t *testing.T, output, cluster string) {
	t.Helper()
	for _, want := range []string{"Listening on", fmt.Sprintf("\npod_count_success{cluster=%q} 1\n", cluster)} {
		if !strings.Contains(output, want) {
			t.Errorf("the block does not show %q:\n%s", want, output)
		}
	}
}

// wantNotes runs the commands that the chart has printed below "The first numbers", as
// they stand.
func (g guide) wantNotes(t *testing.T, output string) {
	t.Helper()
	_, notes, _ := strings.Cut(output, "\nThe first numbers:\n\n")
	commands, _, ends := strings.Cut(notes, "\n\n")
	if !ends {
		t.Fatalf("the chart's notes have no commands:\n%s", output)
	}
	if numbers := g.run(t, pasted.Script(commands)); !strings.Contains(numbers, "\nnode_active_pods{") {
		t.Errorf("the notes' commands show no numbers:\n%s\n%s", commands, numbers)
	}
}

// wantNumbers compares the sum of the exporter's counts with what the two commands say.
// Pods come and go meanwhile, so all three are asked anew until they agree.
func (g guide) wantNumbers(t *testing.T, list, describe string) {
	t.Helper()
	eventually(t, list+" lists what is counted", func() error {
		counted, err := g.try(t, `curl -sf 'http://127.0.0.1:10120/api/v1/nodes?cluster=production&fresh=true' > fresh.json && curl -s http://127.0.0.1:10120/metrics | awk '/^(node_active_pods|pod_count_unknown_node_pods)[{]/ {sum += $2} END {print sum}'`)
		if err != nil {
			return err
		}
		listed, err := g.try(t, list+" --no-headers")
		if err != nil {
			return err
		}
		described := regexp.MustCompile(`Non-terminated Pods:\s+\((\d+) in total\)`).FindStringSubmatch(g.run(t, strings.Replace(describe, "NAME", nodeName, 1)))
		want := strconv.Itoa(strings.Count(listed, "\n"))
		if got := strings.TrimSpace(counted); got != want || described == nil || described[1] != want {
			return fmt.Errorf("counted %s, listed %s, described %q", got, want, described)
		}
		return nil
	})
}

func (g guide) wantImage(t *testing.T, want string) {
	t.Helper()
	if image := kubectl(t, "-n", guideNamespace, "get", "deployment/pod-count-exporter", "-o", "jsonpath={.spec.template.spec.containers[0].image}"); image != want {
		t.Errorf("the image is %s, want %s", image, want)
	}
}
