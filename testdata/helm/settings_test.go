package chart

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestSettings renders values whose effect no variant has.
func TestSettings(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, release string
		set           []string
		has           []string // lines of what comes out
		without       []string // parts of lines
	}{
		{
			"a release with dots", "my.release", nil,
			[]string{`name: "my-release-pod-count-exporter"`}, []string{`name: "my.release`},
		},
		{
			"the port that Prometheus finds at the pods", name, []string{"prometheusScrape=true", "service.port=80"},
			[]string{`prometheus.io/port: "10120"`}, nil,
		},
		{
			"annotations of the pods", name, []string{"podAnnotations.team=a", "podAnnotations.checksum/config=b"},
			[]string{"team: a"}, []string{"checksum/config: b"},
		},
		{
			"several contexts", name, []string{"kubeconfig.existingSecret=s", "config.kubernetes.context={a,b}"},
			nil, []string{"CLUSTER_NAME:"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			args := []string{"template", tt.release, dir, "--namespace", name}
			for _, value := range tt.set {
				args = append(args, "--set", value)
			}
			out := mustRun(t, "helm", args...)
			for _, want := range tt.has {
				found := false
				for line := range strings.Lines(out) {
					found = found || strings.TrimSpace(line) == want
				}
				if !found {
					t.Errorf("there is no line %q", want)
				}
			}
			for _, part := range tt.without {
				if strings.Contains(out, part) {
					t.Errorf("there is %q", part)
				}
			}
		})
	}
}

// TestWithoutOptionalParts: the variant fullname takes back what the chart gives a pod
// by default. It would prove nothing with parts that are there all the same.
func TestWithoutOptionalParts(t *testing.T) {
	t.Parallel()
	parts := map[string]bool{}
	for _, variant := range []string{"default", "fullname"} {
		for _, obj := range ofKind(t, "Deployment", mustRun(t, "helm", "template", name, dir, "--values", variants(t)[variant])) {
			pod, _ := lookup(obj, []string{"spec", "template", "spec"})
			containers, _ := lookup(pod.(object), []string{"containers"})
			for _, part := range []any{pod, containers.([]any)[0]} {
				for _, key := range []string{"securityContext", "nodeSelector", "resources", "env"} {
					if _, ok := part.(object)[key]; ok {
						parts[variant+" "+key] = true
					}
				}
			}
			for _, probe := range []string{"livenessProbe", "readinessProbe"} {
				keys, _ := lookup(containers.([]any)[0].(object), []string{probe})
				for key := range keys.(object) {
					parts[variant+" "+probe+" "+key] = true
				}
			}
		}
	}
	var left []string
	for part := range parts {
		if key, ok := strings.CutPrefix(part, "fullname "); ok {
			left = append(left, key)
		}
	}
	slices.Sort(left)
	if want := []string{"livenessProbe httpGet", "readinessProbe httpGet"}; !slices.Equal(left, want) {
		t.Errorf("there is %q, want %q", left, want)
	}
	if len(parts)-len(left) < 9 {
		t.Errorf("the default has %d of these parts only", len(parts)-len(left))
	}
}

// TestBindingsOfOtherRoles: a binding's role never changes, so that a binding of another
// role must have another name, or the upgrade is refused.
func TestBindingsOfOtherRoles(t *testing.T) {
	t.Parallel()
	chart := load(t)
	for _, cluster := range []bool{true, false} {
		roles := map[string]any{} // by the binding's name
		for _, role := range []string{"", "view", "edit", "system:node"} {
			text, err := chart.render(object{"rbac": object{"useClusterRole": cluster, "useExistingRole": role}})
			must(t, err)
			for _, obj := range decode(t, withoutNotes(text)) {
				if !strings.HasSuffix(fmt.Sprint(obj["kind"]), "Binding") {
					continue
				}
				binding, _ := lookup(obj, []string{"metadata", "name"})
				if other, ok := roles[fmt.Sprint(binding)]; ok {
					t.Errorf("%s is called %s for the roles %v and %v", obj["kind"], binding, other, obj["roleRef"])
				}
				roles[fmt.Sprint(binding)] = obj["roleRef"]
			}
		}
		if len(roles) != 4 {
			t.Errorf("bindings %v, want 4", roles)
		}
	}
}

// TestFamiliesAreTheClusters: where no families are named, the Service has none, and its
// policy chooses among those of the cluster.
func TestFamiliesAreTheClusters(t *testing.T) {
	t.Parallel()
	chart := load(t)
	for families, want := range map[string]string{"null": "<nil>", "[]": "<nil>", "[IPv4]": "[IPv4]"} {
		values := "service: {ipDualStack: {enabled: true}}"
		if families != "null" {
			values = "service: {ipDualStack: {enabled: true, ipFamilies: " + families + "}}"
		}
		text, err := chart.render(parse(t, []byte(values)))
		must(t, err)
		for _, obj := range ofKind(t, "Service", withoutNotes(text)) {
			spec, _ := obj["spec"].(object)
			if got := fmt.Sprint(spec["ipFamilies"]); got != want || spec["ipFamilyPolicy"] != "PreferDualStack" {
				t.Errorf("families %s: %v, policy %v, want %s", families, got, spec["ipFamilyPolicy"], want)
			}
		}
	}
}

// clusterNames are what values call the cluster, nil where they leave it to the exporter.
func clusterNames() map[string]any {
	return map[string]any{
		"{}": "kubernetes",
		"config: {kubernetes: {clusterName: east}}":                                                  "east",
		"config: {kubernetes: {clusterName: \"\"}}":                                                  nil,
		"kubeconfig: {existingSecret: s}":                                                            nil,
		"{kubeconfig: {existingSecret: s}, config: {kubernetes: {allContexts: false}}}":              nil,
		"{kubeconfig: {existingSecret: s}, config: {kubernetes: {context: [a]}}}":                    nil,
		"{kubeconfig: {existingSecret: s}, config: {kubernetes: {context: [a], clusterName: east}}}": "east",
		"{kubeconfig: {existingSecret: s}, config: {kubernetes: {clusterName: east}}}":               nil, // for all contexts
		"extraArgs: [--kubeconfig=/k]":                                                               nil,
		"extraArgs: [--kubeconfig, /k]":                                                              nil,
		"env: [{name: KUBECONFIG, value: /k}]":                                                       nil,
		"env: [{name: POD_COUNT_EXPORTER_KUBECONFIG, value: /k}]":                                    nil,
		"env: [{name: HTTPS_PROXY, value: x}]":                                                       "kubernetes",
	}
}

// TestClusterNameOfItsOwn: the name that the chart gives the cluster that the exporter
// runs in is no other cluster's.
func TestClusterNameOfItsOwn(t *testing.T) {
	t.Parallel()
	chart := load(t)
	for values, want := range clusterNames() {
		text, err := chart.render(parse(t, []byte(values)))
		must(t, err)
		for _, obj := range ofKind(t, "ConfigMap", withoutNotes(text)) {
			data, _ := obj["data"].(object)
			if got := data["POD_COUNT_EXPORTER_KUBERNETES_CLUSTER_NAME"]; got != want {
				t.Errorf("%s: the cluster is called %v, want %v", values, got, want)
			}
		}
	}
}

// TestContextsOfAKubeconfig: contexts are refused where nothing could bring the
// kubeconfig that they are in, for the exporter would end at once.
func TestContextsOfAKubeconfig(t *testing.T) {
	t.Parallel()
	chart := load(t)
	for _, contexts := range []string{"context: [a]", "allContexts: true"} {
		for brought, want := range map[string]bool{
			"":                                                 true,
			"kubeconfig: {existingSecret: s}":                  false,
			"extraArgs: [--kubeconfig=/k]":                     false,
			"extraArgs: [--log.level=debug]":                   true,
			"env: [{name: KUBECONFIG, value: /k}]":             false,
			"env: [{name: HTTPS_PROXY, value: x}]":             true,
			"volumeMounts: [{name: k, mountPath: /k}]":         false,
			"extraArgs: [\"--kubeconfig-is-no-flag=/k\"]":      true,
			"extraArgs: [--kubernetes.cluster-name-from=file]": true,
		} {
			_, err := chart.render(parse(t, []byte("config: {kubernetes: {"+contexts+"}}\n"+brought)))
			key, _, _ := strings.Cut(contexts, ":")
			if refused := err != nil && strings.Contains(err.Error(), "config.kubernetes."+key+": "); refused != want || err != nil && !refused {
				t.Errorf("%s with %q: refused: %t, want %t: %v", contexts, brought, refused, want, err)
			}
		}
	}
}
