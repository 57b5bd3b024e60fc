//go:build e2e

package node

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const chart = "../../deploy/helm/pod-count-exporter"

// fast is laid over each variant, so that the test need not wait: monitors ask every
// two seconds, and each scrape counts anew.
const fast = `config: {collector: {cacheTTL: 100ms}}
prometheus: {monitor: {http: {interval: 2s, scrapeTimeout: 2s}}}
`

// TestHelm follows each values file of the chart's ci folder through the life of a
// release: it is installed and Ready, counts, is changed, goes back, and leaves
// nothing when it is removed.
func TestHelm(t *testing.T) {
	requireNode(t)
	m := startMonitoring(t)
	h := newHelm(t)
	surroundings(t)
	for variant, v := range chartVariants(t) {
		t.Run(variant, func(t *testing.T) {
			t.Parallel()
			h.live(t, m, "helm-"+variant, v) // for one is called default
		})
	}
}

// TestEveryVariantIsRun holds the special cases against the values files.
func TestEveryVariantIsRun(t *testing.T) {
	found := chartVariants(t)
	if len(found) < 20 {
		t.Errorf("%d values files, want 20 at least", len(found))
	}
	for variant := range specialVariants() {
		if _, ok := found[variant]; !ok {
			t.Errorf("there is no values file for %s", variant)
		}
	}
}

// chartVariants are the values files of the ci folder by name. One that is not
// special is installed with nothing beside it.
func chartVariants(t *testing.T) map[string]variant {
	t.Helper()
	paths, err := filepath.Glob(chart + "/ci/*-values.yaml")
	must(t, err)
	special := specialVariants()
	found := map[string]variant{}
	for _, path := range paths {
		name := strings.TrimSuffix(filepath.Base(path), "-values.yaml")
		v := special[name]
		v.values = path
		found[name] = v
	}
	return found
}

// helm is Helm's program, and the kinds of the cluster that it may leave behind.
type helm struct {
	home, fast string
	kinds      []string // all that can be listed
	namespaced []string
}

func newHelm(t *testing.T) *helm {
	t.Helper()
	h := &helm{home: t.TempDir()}
	h.fast = filepath.Join(h.home, "fast.yaml")
	must(t, os.WriteFile(h.fast, []byte(fast), 0o600))
	h.namespaced = listable(t, true)
	h.kinds = append(listable(t, false), h.namespaced...)
	if len(h.kinds) < 50 {
		t.Fatalf("only %q can be listed", h.kinds)
	}
	return h
}

// listable are the kinds of objects, without the events that tell of them.
func listable(t *testing.T, namespaced bool) []string {
	t.Helper()
	kinds := strings.Fields(kubectl(t, "api-resources", "--verbs=list,get", "--output=name", fmt.Sprint("--namespaced=", namespaced)))
	return slices.DeleteFunc(kinds, func(kind string) bool { return kind == "events" || strings.HasPrefix(kind, "events.") })
}

func (h *helm) run(t *testing.T, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), tool(t, "helm"), args...)
	cmd.Env = append(os.Environ(), "HOME="+h.home, "HELM_CONFIG_HOME="+h.home, "HELM_DATA_HOME="+h.home, "HELM_CACHE_HOME="+h.home)
	if output, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("helm %s: %v\n%s", strings.Join(args, " "), err, output)
	}
}

// live is the life of a release, which has a namespace of its own name.
func (h *helm) live(t *testing.T, m *monitoring, name string, v variant) {
	t.Helper()
	prepare(t, name, v)
	before := h.objects(t, name)
	wait := []string{"--namespace", name, "--wait", "--timeout=" + longestWait.String()}
	values := append([]string{name, chart, "--values", v.values, "--values", h.fast}, append(v.flags, wait...)...)

	h.run(t, append([]string{"install"}, values...)...)
	r := v.release(t, name)
	first := r.wantReady(t, v, nil)
	v.wantNumbers(t, r, m)
	if v.check != nil {
		v.check(t, r, m)
	}
	template := r.template(t)

	h.run(t, append([]string{"upgrade", "--set", "config.log.level=error"}, values...)...)
	second := r.wantReady(t, v, first)
	if r.template(t) == template {
		t.Error("a changed setting does not roll out: the pods' template is the same")
	}
	h.run(t, append([]string{"rollback", name, "1"}, wait...)...)
	r.wantReady(t, v, second)
	if got := r.template(t); got != template {
		t.Errorf("after helm rollback the pods' template is\n%s\nwant\n%s", got, template)
	}
	v.wantNumbers(t, r, m)

	h.run(t, append([]string{"uninstall", name}, wait...)...)
	h.wantNothing(t, r, name, before)
}

// objects are all of a namespace, as KIND/NAME.
func (h *helm) objects(t *testing.T, namespace string) []string {
	t.Helper()
	return strings.Fields(kubectl(t, "-n", namespace, "get", strings.Join(h.namespaced, ","), "--output=name"))
}

// wantNothing looks at every kind: for what is in the release's namespace and was
// not before, and for the release's label anywhere.
func (h *helm) wantNothing(t *testing.T, r *release, name string, before []string) {
	t.Helper()
	instance := "app.kubernetes.io/instance=" + r.name()
	eventually(t, "nothing is left of the release", func() error {
		left := slices.DeleteFunc(h.objects(t, name), func(object string) bool {
			// These two come with each namespace, soon after it.
			return slices.Contains(before, object) || object == "configmap/kube-root-ca.crt" || object == "serviceaccount/default"
		})
		left = append(left, strings.Fields(kubectl(t, "get", strings.Join(h.kinds, ","), "--all-namespaces", "--output=name", "-l", instance))...)
		if len(left) > 0 {
			return fmt.Errorf("there is still %q", left)
		}
		return nil
	})
}

// name is the name of the workload, and of the other objects.
func (r *release) name() string {
	_, name, _ := strings.Cut(r.workload, "/")
	return name
}

func (r *release) template(t *testing.T) string {
	t.Helper()
	return kubectl(t, "-n", r.namespace, "get", r.workload, "-o", "jsonpath={.spec.template}")
}

// wantReady waits until there are the wanted pods, all Ready and none of former,
// and returns them by their unique names.
func (r *release) wantReady(t *testing.T, v variant, former []string) []string {
	t.Helper()
	if v.onDelete && former != nil {
		kubectl(t, "-n", r.namespace, "delete", "pods", "-l", exporterLabel)
	}
	want := max(v.replicas, 1)
	var pods []string
	eventually(t, fmt.Sprintf("%d new pods are Ready", want), func() error {
		text := kubectl(t, "-n", r.namespace, "get", "pods", "-l", exporterLabel, "-o",
			`jsonpath={range .items[*]}{.metadata.uid}{.status.conditions[?(@.type=="Ready")].status} {end}`)
		pods = strings.Fields(text)
		if len(pods) != want || strings.Count(text, "True ") != want {
			return fmt.Errorf("pods %q", pods)
		}
		if slices.ContainsFunc(pods, func(pod string) bool { return slices.Contains(former, pod) }) {
			return fmt.Errorf("of the former pods, there are still some: %q", pods)
		}
		return nil
	})
	return pods
}
