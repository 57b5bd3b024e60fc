//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const chart = "../deploy/helm/pod-count-exporter"

// helm is Helm's program, used on a control plane.
type helm struct {
	cp   *controlPlane
	home string
}

func (h *helm) run(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), tool(t, "helm"), append(args, "--kubeconfig", h.cp.kubeconfig())...)
	cmd.Env = append(os.Environ(), "HOME="+h.home, "HELM_CONFIG_HOME="+h.home, "HELM_DATA_HOME="+h.home, "HELM_CACHE_HOME="+h.home)
	output, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("helm %s: %v\n%s", strings.Join(args, " "), err, output)
	}
	return string(output)
}

// startWithHelm has what the variants expect of a cluster: the operator's
// resources, and namespaces that objects go to besides the release's.
func startWithHelm(t *testing.T) *helm {
	t.Helper()
	cp := startControlPlane(t, clusterArgs(12, 20, 500)...)
	for _, resource := range []string{"servicemonitors", "podmonitors", "prometheusrules"} {
		applyDefinition(t, cp, resource)
	}
	for _, namespace := range []string{"monitoring", "grafana", "team-a", "team-b", "observability"} {
		cp.restricted(t, namespace, "restricted")
	}
	return &helm{cp: cp, home: t.TempDir()}
}

// restricted holds a namespace to a Pod Security Standard, and gives it the accounts
// that variants do not make themselves.
func (cp *controlPlane) restricted(t *testing.T, name, standard string) {
	t.Helper()
	labels := object{"pod-security.kubernetes.io/enforce": standard}
	cp.api.applyObject(t, object{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": name, "labels": labels}})
	accounts := []string{"default"}
	if name == "existing-account" {
		accounts = append(accounts, "counter")
	}
	for _, account := range accounts {
		meta := map[string]any{"name": account, "namespace": name}
		cp.api.applyObject(t, object{"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta})
	}
}

// TestHelm installs each variant of the chart's ci folder beside the others on a
// real API server, which takes all its objects and its pods, and removes it, after
// which nothing is left.
func TestHelm(t *testing.T) {
	t.Parallel()
	h := startWithHelm(t)
	paths, err := filepath.Glob(chart + "/ci/*-values.yaml")
	must(t, err)
	if len(paths) < 20 {
		t.Fatalf("%d values files, want 20 at least", len(paths))
	}
	before := h.cp.managed(t)
	for _, path := range paths {
		variant := strings.TrimSuffix(filepath.Base(path), "-values.yaml")
		t.Run(variant, func(t *testing.T) { h.tryVariant(t, variant, path) })
	}
	if after := h.cp.managed(t); !slices.Equal(before, after) {
		t.Errorf("left behind by helm uninstall: %q, before: %q", after, before)
	}
}

func (h *helm) tryVariant(t *testing.T, variant, path string) {
	standard := "restricted"
	if variant == "fullname" { // which takes the pod's security context away
		standard = "privileged"
	}
	h.cp.restricted(t, variant, standard)
	h.run(t, "install", variant, chart, "--namespace", variant, "--values", path)
	h.cp.admitAll(t)
	if made := h.cp.managed(t); len(made) < 3 {
		t.Errorf("only %q", made)
	}
	h.run(t, "uninstall", variant, "--namespace", variant)
}

// admitAll makes a pod of each workload that Helm has made, as a controller would.
func (cp *controlPlane) admitAll(t *testing.T) {
	t.Helper()
	workloads := 0
	for _, resource := range []string{"deployments", "statefulsets"} {
		list := cp.api.send(t, "GET", "/apis/apps/v1/"+resource+byHelm, "", nil)
		items, _ := list["items"].([]any)
		for _, item := range items {
			workload, _ := item.(map[string]any)
			admitPod(t, cp.api, workload)
			workloads++
		}
	}
	if workloads != 1 {
		t.Errorf("%d workloads, want one", workloads)
	}
}

const byHelm = "?labelSelector=app.kubernetes.io/managed-by=Helm"

// managed lists what Helm has made, its own records included.
func (cp *controlPlane) managed(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, path := range []string{
		"/api/v1/serviceaccounts", "/api/v1/configmaps", "/api/v1/services", "/apis/apps/v1/deployments",
		"/apis/apps/v1/statefulsets", "/apis/policy/v1/poddisruptionbudgets", "/apis/networking.k8s.io/v1/networkpolicies",
		"/apis/rbac.authorization.k8s.io/v1/roles", "/apis/rbac.authorization.k8s.io/v1/rolebindings",
		"/apis/rbac.authorization.k8s.io/v1/clusterroles", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
		"/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas", "/apis/flowcontrol.apiserver.k8s.io/v1/prioritylevelconfigurations",
		"/apis/monitoring.coreos.com/v1/servicemonitors", "/apis/monitoring.coreos.com/v1/podmonitors",
		"/apis/monitoring.coreos.com/v1/prometheusrules", "/api/v1/secrets",
	} {
		selector := byHelm
		if path == "/api/v1/secrets" {
			selector = "?labelSelector=owner=helm"
		}
		items, _ := cp.api.send(t, "GET", path+selector, "", nil)["items"].([]any)
		for _, item := range items {
			obj, _ := item.(map[string]any)
			meta, _ := obj["metadata"].(map[string]any)
			all = append(all, fmt.Sprint(filepath.Base(path), " ", meta["namespace"], "/", meta["name"]))
		}
	}
	slices.Sort(all)
	return all
}

// TestHelmUpgrade counts with the account that the chart makes, which may nothing
// else, and follows a release through an upgrade and back.
func TestHelmUpgrade(t *testing.T) {
	t.Parallel()
	h := startWithHelm(t)
	const name = "pod-count-exporter"
	h.cp.restricted(t, name, "restricted")
	notes := h.run(t, "install", name, chart, "--namespace", name)
	if want := "port-forward service/" + name + " 10120"; !strings.Contains(notes, want) {
		t.Errorf("the notes lack %q:\n%s", want, notes)
	}
	e := startExporter(t, h.cp.api.tokenKubeconfig(t, name, name))
	wantTruth(t, e.scrape(t).counted(t), h.cp.truth)
	h.cp.api.wantRights(t, name, name)

	first := h.cp.template(t, name)
	h.run(t, "upgrade", name, chart, "--namespace", name, "--set", "config.collector.cacheTTL=10m")
	if second := h.cp.template(t, name); second == first {
		t.Error("a changed setting does not roll out: the pods' template is the same")
	}
	h.run(t, "rollback", name, "1", "--namespace", name)
	if third := h.cp.template(t, name); third != first {
		t.Errorf("after helm rollback the pods' template is another:\n%s\n%s", first, third)
	}
}

// TestHelmUpgradesWhatNeverChanges: what an API server never changes of an object, such
// as a binding's role, is no reason for it to refuse an upgrade. The namespace has a name
// that YAML reads as a number.
func TestHelmUpgradesWhatNeverChanges(t *testing.T) {
	t.Parallel()
	h := startWithHelm(t)
	const name, namespace = "counter", "123"
	h.cp.restricted(t, namespace, "restricted")
	h.run(t, "install", name, chart, "--namespace", namespace)
	for _, value := range []string{
		"rbac.useExistingRole=view", "rbac.useExistingRole=edit", "rbac.create=true",
		"rbac.useClusterRole=false", "rbac.useClusterRole=false,rbac.useExistingRole=other",
		"service.ipDualStack.enabled=true",
	} {
		h.run(t, "upgrade", name, chart, "--namespace", namespace, "--set", value)
	}
	h.cp.restricted(t, "other", "restricted")
	h.run(t, "install", name, chart, "--namespace", "other")
}

// template is a deployment's template as text.
func (cp *controlPlane) template(t *testing.T, name string) string {
	t.Helper()
	deployment := cp.api.send(t, "GET", "/apis/apps/v1/namespaces/"+name+"/deployments/"+name, "", nil)
	spec, _ := deployment["spec"].(map[string]any)
	return string(encode(t, spec["template"]))
}

// wantRights asks the API server what an account may: to list pods and nodes, and
// nothing beside it.
func (a *api) wantRights(t *testing.T, namespace, account string) {
	t.Helper()
	for _, verb := range []string{"list", "get", "watch", "create", "update", "patch", "delete", "deletecollection"} {
		for _, resource := range []string{"pods", "nodes", "secrets", "configmaps", "serviceaccounts", "namespaces"} {
			review := a.create(t, "/apis/authorization.k8s.io/v1/subjectaccessreviews", object{"spec": object{
				"user":               "system:serviceaccount:" + namespace + ":" + account,
				"groups":             []string{"system:serviceaccounts", "system:authenticated"},
				"resourceAttributes": object{"verb": verb, "resource": resource},
			}})
			status, _ := review["status"].(map[string]any)
			want := verb == "list" && (resource == "pods" || resource == "nodes")
			if status["allowed"] != want {
				t.Errorf("%s %s is allowed: %v, want %v", verb, resource, status["allowed"], want)
			}
		}
	}
}
