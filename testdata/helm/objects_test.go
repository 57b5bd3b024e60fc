package chart

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/util/yaml"
	sigsyaml "sigs.k8s.io/yaml"
)

type object = map[string]any

// ofKind decodes the objects of one kind.
func ofKind(t *testing.T, kind, text string) []object {
	t.Helper()
	return slices.DeleteFunc(decode(t, text), func(obj object) bool { return obj["kind"] != kind })
}

// decode reads the objects of a rendering. Empty documents are none.
func decode(t *testing.T, text string) []object {
	t.Helper()
	decoder := yaml.NewYAMLOrJSONDecoder(strings.NewReader(text), 4096)
	var objects []object
	for {
		var obj object
		err := decoder.Decode(&obj)
		if errors.Is(err, io.EOF) {
			return objects
		}
		if err != nil {
			t.Fatalf("%v in:\n%s", err, text)
		}
		if len(obj) > 0 {
			objects = append(objects, obj)
		}
	}
}

// types are the kinds that the chart makes, with their types in the API.
func types() map[string]func() any {
	return map[string]func() any{
		"v1 ServiceAccount":                               func() any { return new(corev1.ServiceAccount) },
		"v1 ConfigMap":                                    func() any { return new(corev1.ConfigMap) },
		"v1 Service":                                      func() any { return new(corev1.Service) },
		"apps/v1 Deployment":                              func() any { return new(appsv1.Deployment) },
		"apps/v1 StatefulSet":                             func() any { return new(appsv1.StatefulSet) },
		"policy/v1 PodDisruptionBudget":                   func() any { return new(policyv1.PodDisruptionBudget) },
		"networking.k8s.io/v1 NetworkPolicy":              func() any { return new(networkingv1.NetworkPolicy) },
		"rbac.authorization.k8s.io/v1 ClusterRole":        func() any { return new(rbacv1.ClusterRole) },
		"rbac.authorization.k8s.io/v1 ClusterRoleBinding": func() any { return new(rbacv1.ClusterRoleBinding) },
		"rbac.authorization.k8s.io/v1 Role":               func() any { return new(rbacv1.Role) },
		"rbac.authorization.k8s.io/v1 RoleBinding":        func() any { return new(rbacv1.RoleBinding) },
		"flowcontrol.apiserver.k8s.io/v1 FlowSchema":      func() any { return new(flowcontrolv1.FlowSchema) },
		"flowcontrol.apiserver.k8s.io/v1 PriorityLevelConfiguration": func() any {
			return new(flowcontrolv1.PriorityLevelConfiguration)
		},
		"monitoring.coreos.com/v1 ServiceMonitor": func() any { return new(monitoringv1.ServiceMonitor) },
		"monitoring.coreos.com/v1 PodMonitor":     func() any { return new(monitoringv1.PodMonitor) },
		"monitoring.coreos.com/v1 PrometheusRule": func() any { return new(monitoringv1.PrometheusRule) },
	}
}

// strict decodes an object into its type, which must know every field.
func strict(obj object) error {
	kind := fmt.Sprint(obj["apiVersion"], " ", obj["kind"])
	make, ok := types()[kind]
	if !ok {
		return fmt.Errorf("%s is no kind that the chart makes", kind)
	}
	data, err := sigsyaml.Marshal(obj)
	if err != nil {
		return err
	}
	if err := sigsyaml.UnmarshalStrict(data, make()); err != nil {
		return fmt.Errorf("%s: %w\n%s", kind, err, data)
	}
	return nil
}

// TestTypes holds what the variants render against the API's types, all of which
// must come up. A chart's objects must differ in kind, name or namespace.
func TestTypes(t *testing.T) {
	t.Parallel()
	missing := types()
	for variant, path := range variants(t) {
		seen := map[string]bool{}
		for _, obj := range decode(t, mustRun(t, "helm", "template", name, dir, "--namespace", name, "--values", path)) {
			if err := strict(obj); err != nil {
				t.Errorf("%s: %v", variant, err)
			}
			meta, _ := obj["metadata"].(object)
			id := fmt.Sprint(obj["kind"], " ", meta["namespace"], "/", meta["name"])
			if seen[id] {
				t.Errorf("%s: %s twice", variant, id)
			}
			seen[id] = true
			delete(missing, fmt.Sprint(obj["apiVersion"], " ", obj["kind"]))
		}
	}
	for kind := range missing {
		t.Errorf("no variant makes a %s", kind)
	}
}
