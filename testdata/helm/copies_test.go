package chart

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/labels"
)

// TestCopies builds two copies of the base for one namespace, as two overlays do: their
// objects have names of their own, and no selector of one selects what is the other's.
func TestCopies(t *testing.T) {
	t.Parallel()
	for _, components := range [][]string{
		{"ha", "networkpolicy", "servicemonitor", "podmonitor", "flowschema", "prometheusrule", "dashboards"},
		{"sharded", "podmonitor"},
		{"namespaced", "watch", "servicemonitor", "tls"},
	} {
		for _, names := range [][2]string{{"namePrefix: a-", "namePrefix: b-"}, {"nameSuffix: -a", "nameSuffix: -b"}, {"", "namePrefix: b-"}} {
			first := newCopy(t, kustomize(t, components, names[0]))
			second := newCopy(t, kustomize(t, components, names[1]))
			for id := range first.objects {
				if second.objects[id] {
					t.Errorf("%q and %q both have %s", names[0], names[1], id)
				}
			}
			first.wantOwn(t, names[0], second)
			second.wantOwn(t, names[1], first)
		}
	}
}

// renderedCopy is what selectors of a rendering say, and what there is to be selected.
type renderedCopy struct {
	objects   map[string]bool
	pods      labels.Set
	services  labels.Set
	ofPods    map[string]labels.Set // by where the selector is
	ofService map[string]labels.Set
}

func newCopy(t *testing.T, text string) renderedCopy {
	t.Helper()
	c := renderedCopy{objects: map[string]bool{}, ofPods: map[string]labels.Set{}, ofService: map[string]labels.Set{}}
	for _, obj := range decode(t, text) {
		meta, _ := obj["metadata"].(object)
		kind := fmt.Sprint(obj["kind"])
		c.objects[fmt.Sprint(kind, " ", meta["name"])] = true
		spec, _ := obj["spec"].(object)
		switch kind {
		case "Service":
			c.services = set(meta["labels"])
			c.ofPods[kind] = set(spec["selector"])
		case "ServiceMonitor":
			matchLabels(spec, kind, c.ofService)
			continue
		case "Deployment", "StatefulSet":
			template, _ := spec["template"].(object)
			of, _ := template["metadata"].(object)
			c.pods = set(of["labels"])
		}
		matchLabels(spec, kind, c.ofPods)
	}
	return c
}

// matchLabels finds selectors wherever they are.
func matchLabels(value any, where string, found map[string]labels.Set) {
	switch value := value.(type) {
	case []any:
		for i, item := range value {
			matchLabels(item, fmt.Sprint(where, ".", i), found)
		}
	case object:
		for key, item := range value {
			if key == "matchLabels" {
				found[where] = set(item)
			}
			matchLabels(item, where+"."+key, found)
		}
	}
}

func set(value any) labels.Set {
	of, _ := value.(object)
	all := labels.Set{}
	for key, text := range of {
		all[key] = fmt.Sprint(text)
	}
	return all
}

// wantOwn wants each selector to select this copy's, and not the other's.
func (c renderedCopy) wantOwn(t *testing.T, name string, other renderedCopy) {
	t.Helper()
	if len(c.pods) == 0 || len(c.services) == 0 || len(c.ofPods) < 2 {
		t.Errorf("%q: labels %v and %v, selectors of pods %v", name, c.pods, c.services, c.ofPods)
	}
	for _, of := range []struct {
		selectors   map[string]labels.Set
		own, others labels.Set
	}{{c.ofPods, c.pods, other.pods}, {c.ofService, c.services, other.services}} {
		for where, selector := range of.selectors {
			if selects := labels.SelectorFromSet(selector); !selects.Matches(of.own) || selects.Matches(of.others) || selects.Empty() {
				t.Errorf("%q: the selector %s at %s is not of this copy alone: its labels %s, the other's %s", name, selector, where, of.own, of.others)
			}
		}
	}
}

// TestNamesFollow gives a copy another name without another namespace: what the flow
// schema names follows, or its level would have no requests.
func TestNamesFollow(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, line, want, namespace string }{
		{"a prefix alone", "namePrefix: a-", "a-" + name, name},
		{"a suffix alone", "nameSuffix: -a", name + "-a", name},
		{"a prefix and a namespace", "namePrefix: a-\nnamespace: east", "a-" + name, "east"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			found := false
			for _, obj := range decode(t, build(t, []string{"flowschema"}, tt.line)) {
				if obj["kind"] != "FlowSchema" {
					continue
				}
				found = true
				text := fmt.Sprint(obj["spec"])
				for _, want := range []string{
					fmt.Sprintf("serviceAccount:map[name:%s namespace:%s]", tt.want, tt.namespace),
					fmt.Sprintf("priorityLevelConfiguration:map[name:%s]", tt.want),
				} {
					if !strings.Contains(text, want) {
						t.Errorf("no %s in %s", want, text)
					}
				}
			}
			if !found {
				t.Error("there is no flow schema")
			}
		})
	}
}

// TestServiceNameFollows: the Service that governs the pods of a StatefulSet is this
// copy's own, or they would have the names of another's, or none.
func TestServiceNameFollows(t *testing.T) {
	t.Parallel()
	for _, line := range []string{"", "namePrefix: a-", "nameSuffix: -a", "namePrefix: a-\nnameSuffix: -b\nnamespace: east"} {
		names := map[string]any{}
		for _, obj := range decode(t, build(t, []string{"sharded"}, line)) {
			switch spec, _ := obj["spec"].(object); obj["kind"] {
			case "StatefulSet":
				names["it names"] = spec["serviceName"]
			case "Service":
				meta, _ := obj["metadata"].(object)
				names["there is"] = meta["name"]
			}
		}
		if len(names) != 2 || names["it names"] != names["there is"] {
			t.Errorf("%q: the StatefulSet's Service: %v", line, names)
		}
	}
}

// TestNamespaceIsSaid: in an overlay without a namespace all is in the base's own, not some of
// it wherever the kubeconfig points; with one, all of it is there.
func TestNamespaceIsSaid(t *testing.T) {
	t.Parallel()
	entries, err := os.ReadDir(base + "/components")
	must(t, err)
	components := []string{"tls/server"}
	for _, entry := range entries {
		components = append(components, entry.Name())
	}
	for _, component := range components {
		for line, want := range map[string]string{"": name, "namespace: east": "east"} {
			for _, obj := range decode(t, build(t, []string{component}, line)) {
				meta, _ := obj["metadata"].(object)
				if kind := fmt.Sprint(obj["kind"]); !strings.HasPrefix(kind, "Cluster") && kind != "Namespace" &&
					kind != "FlowSchema" && kind != "PriorityLevelConfiguration" && meta["namespace"] != want {
					t.Errorf("%s, %q: %s %s is in the namespace %v, want %s", component, line, kind, meta["name"], meta["namespace"], want)
				}
			}
		}
	}
}
