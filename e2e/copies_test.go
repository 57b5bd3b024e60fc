//go:build e2e

package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// TestTwoCopies applies two copies of the base to one namespace, under two managers, each
// with a prefix of its own. Both are taken, as no field is another's, and what selects a
// copy's pods on the API server finds these alone.
func TestTwoCopies(t *testing.T) {
	t.Parallel()
	cp := startControlPlane(t, clusterArgs(27, 5, 50)...)
	for _, resource := range []string{"servicemonitors", "podmonitors", "prometheusrules"} {
		applyDefinition(t, cp, resource)
	}
	const namespace = "pod-count-exporter"
	cp.restricted(t, namespace, "restricted")
	components := []string{"ha", "networkpolicy", "servicemonitor", "podmonitor", "prometheusrule", "flowschema"}
	copies := []*copied{{prefix: "east-"}, {prefix: "west-"}}
	for _, c := range copies {
		for _, obj := range renderedWith(t, "namePrefix: "+c.prefix, components...) {
			c.apply(t, cp, obj)
		}
	}
	for _, c := range copies {
		if len(c.selectors) < 5 {
			t.Errorf("%s has %d selectors only: %v", c.prefix, len(c.selectors), c.selectors)
		}
		for kind, selector := range c.selectors {
			pods := cp.api.named(t, "/api/v1/namespaces/"+namespace+"/pods", selector)
			if want := []string{c.prefix + "pod"}; kind != "ServiceMonitor" && !slices.Equal(pods, want) {
				t.Errorf("%s of %s selects %q, want %q", kind, c.prefix, pods, want)
			}
			services := cp.api.named(t, "/api/v1/namespaces/"+namespace+"/services", selector)
			if want := []string{c.prefix + "pod-count-exporter"}; kind == "ServiceMonitor" && !slices.Equal(services, want) {
				t.Errorf("%s of %s selects %q, want %q", kind, c.prefix, services, want)
			}
		}
	}
}

// copied is what of a copy selects others.
type copied struct {
	prefix    string
	selectors map[string]string // by kind, as in a query
}

// apply sends an object as its copy's own manager, and of a Deployment makes a pod, as a
// controller would.
func (c *copied) apply(t *testing.T, cp *controlPlane, obj object) {
	t.Helper()
	meta, _ := obj["metadata"].(map[string]any)
	if strings.HasPrefix(fmt.Sprint(obj["apiVersion"]), "flowcontrol.") {
		delete(meta, "namespace") // kustomize gives it to all whose kinds it does not know
	}
	cp.api.send(t, http.MethodPatch, address(t, obj)+"?fieldManager="+c.prefix+"&fieldValidation=Strict", "application/apply-patch+yaml", encode(t, obj))
	spec, _ := obj["spec"].(map[string]any)
	if c.selectors == nil {
		c.selectors = map[string]string{}
	}
	for _, key := range []string{"selector", "podSelector"} {
		selector, ok := spec[key].(map[string]any)
		if labels, nested := selector["matchLabels"].(map[string]any); nested {
			selector = labels
		}
		if ok {
			c.selectors[fmt.Sprint(obj["kind"])] = query(selector)
		}
	}
	if obj["kind"] != "Deployment" {
		return
	}
	template, _ := spec["template"].(map[string]any)
	of, _ := template["metadata"].(map[string]any)
	cp.api.create(t, fmt.Sprintf("/api/v1/namespaces/%s/pods", meta["namespace"]), object{
		"metadata": object{"name": c.prefix + "pod", "labels": of["labels"]}, "spec": template["spec"],
	})
}

func query(labels map[string]any) string {
	var all []string
	for key, value := range labels {
		all = append(all, fmt.Sprint(key, "=", value))
	}
	slices.Sort(all)
	return strings.Join(all, ",")
}

// named are the names of a resource's objects that a selector finds.
func (a *api) named(t *testing.T, path, selector string) []string {
	t.Helper()
	items, _ := a.send(t, http.MethodGet, path+"?labelSelector="+url.QueryEscape(selector), "", nil)["items"].([]any)
	var names []string
	for _, item := range items {
		obj, _ := item.(map[string]any)
		meta, _ := obj["metadata"].(map[string]any)
		names = append(names, fmt.Sprint(meta["name"]))
	}
	slices.Sort(names)
	return names
}
