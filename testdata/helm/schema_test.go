package chart

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// copied are the values that go into objects as they are, with the API's types of
// which they must be.
func copied() map[string]reflect.Type {
	return map[string]reflect.Type{
		"securityContext":                       reflect.TypeFor[corev1.PodSecurityContext](),
		"containerSecurityContext":              reflect.TypeFor[corev1.SecurityContext](),
		"resources":                             reflect.TypeFor[corev1.ResourceRequirements](),
		"affinity":                              reflect.TypeFor[corev1.Affinity](),
		"tolerations":                           reflect.TypeFor[[]corev1.Toleration](),
		"topologySpreadConstraints":             reflect.TypeFor[[]corev1.TopologySpreadConstraint](),
		"dnsConfig":                             reflect.TypeFor[corev1.PodDNSConfig](),
		"hostAliases":                           reflect.TypeFor[[]corev1.HostAlias](),
		"env":                                   reflect.TypeFor[[]corev1.EnvVar](),
		"initContainers":                        reflect.TypeFor[[]corev1.Container](),
		"containers":                            reflect.TypeFor[[]corev1.Container](),
		"volumes":                               reflect.TypeFor[[]corev1.Volume](),
		"volumeMounts":                          reflect.TypeFor[[]corev1.VolumeMount](),
		"networkPolicy.ingress":                 reflect.TypeFor[[]networkingv1.NetworkPolicyIngressRule](),
		"networkPolicy.egress":                  reflect.TypeFor[[]networkingv1.NetworkPolicyEgressRule](),
		"prometheus.monitor.http.tlsConfig":     reflect.TypeFor[monitoringv1.TLSConfig](),
		"prometheus.monitor.http.basicAuth":     reflect.TypeFor[monitoringv1.BasicAuth](),
		"prometheus.monitor.http.authorization": reflect.TypeFor[monitoringv1.SafeAuthorization](),
		"prometheus.monitor.http.relabelings":   reflect.TypeFor[[]monitoringv1.RelabelConfig](),
		"prometheus.monitor.http.metricRelabelings": reflect.TypeFor[[]monitoringv1.RelabelConfig](),
	}
}

// leftOpen are types of which the schema knows nothing but that they are objects:
// those of containers beside the exporter and of volumes, which the API server checks.
func leftOpen() []reflect.Type {
	open := []reflect.Type{reflect.TypeFor[corev1.Probe](), reflect.TypeFor[corev1.Lifecycle](), reflect.TypeFor[corev1.ContainerRestartRule]()}
	sources := reflect.TypeFor[corev1.VolumeSource]()
	for i := range sources.NumField() {
		open = append(open, sources.Field(i).Type.Elem())
	}
	return open
}

// TestSchemaKnowsTheTypes compares the schema of values that are copied with the API's
// types, whose keys it must have, no more and no less.
func TestSchemaKnowsTheTypes(t *testing.T) {
	t.Parallel()
	c := comparison{t: t, schema: parse(t, read(t, dir+"/values.schema.json")), seen: map[reflect.Type]bool{}}
	for path, kind := range copied() {
		node := c.schema
		for key := range strings.SplitSeq(path, ".") {
			properties, _ := node["properties"].(object)
			node, _ = properties[key].(object)
		}
		c.compare(path, node, kind)
	}
	if len(c.seen) < 40 {
		t.Errorf("%d types compared, want 40 at least", len(c.seen))
	}
}

type comparison struct {
	t      *testing.T
	schema object
	seen   map[reflect.Type]bool
}

// compare holds the keys of an object, and of those in it, against a type's.
func (c comparison) compare(path string, node object, kind reflect.Type) {
	node = resolve(c.schema, node)
	for kind.Kind() == reflect.Pointer || kind.Kind() == reflect.Slice {
		if kind.Kind() == reflect.Slice {
			items, _ := node["items"].(object)
			node, path = resolve(c.schema, items), path+"[]"
		}
		kind = kind.Elem()
	}
	if kind == reflect.TypeFor[corev1.ResourceList]() {
		return // amounts by their names
	}
	if kind.Kind() != reflect.Struct || slices.Contains(scalars(), kind) {
		if _, ok := node["properties"]; ok || len(node) == 0 {
			c.t.Errorf("%s is a %s, and in the schema it is %v", path, kind, node)
		}
		return
	}
	if c.seen[kind] = true; slices.Contains(leftOpen(), kind) {
		return
	}
	properties, _ := node["properties"].(object)
	if node["additionalProperties"] != false {
		c.t.Errorf("%s takes any key", path)
	}
	fields := fieldsOf(kind)
	for key := range properties {
		if _, ok := fields[key]; !ok {
			c.t.Errorf("the schema has %s.%s, %s has not", path, key, kind)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(fields)) {
		property, ok := properties[key].(object)
		if !ok {
			c.t.Errorf("%s has %s, the schema of %s has not", kind, key, path)
			continue
		}
		c.compare(path+"."+key, property, fields[key])
	}
}

// scalars are structs that JSON has as a text or a number.
func scalars() []reflect.Type {
	return []reflect.Type{reflect.TypeFor[intstr.IntOrString](), reflect.TypeFor[resource.Quantity]()}
}

// fieldsOf are the fields of a struct by their names in JSON, inlined ones among them.
func fieldsOf(kind reflect.Type) map[string]reflect.Type {
	fields := map[string]reflect.Type{}
	for i := range kind.NumField() {
		field := kind.Field(i)
		switch key, _, _ := strings.Cut(field.Tag.Get("json"), ","); {
		case key == "" && field.Anonymous:
			maps.Copy(fields, fieldsOf(field.Type))
		case key != "" && key != "-":
			fields[key] = field.Type
		}
	}
	return fields
}

// resolve follows references to the schema's definitions.
func resolve(schema, node object) object {
	for {
		name, ok := node["$ref"].(string)
		if !ok {
			return node
		}
		definitions, _ := schema["definitions"].(object)
		node, _ = definitions[strings.TrimPrefix(name, "#/definitions/")].(object)
	}
}

// misspelt are values that have one key too many in an object that the schema closes,
// one for each such object within the value at a path.
func misspelt(schema object, path []string) []object {
	node := schema
	for _, key := range path {
		properties, _ := node["properties"].(object)
		node, _ = properties[key].(object)
	}
	var all []object
	for _, value := range misspeltIn(schema, node) {
		all = append(all, at(path, value))
	}
	return all
}

func misspeltIn(schema, node object) []any {
	node = resolve(schema, node)
	var all []any
	if items, ok := node["items"].(object); ok {
		for _, item := range misspeltIn(schema, items) {
			all = append(all, []any{item})
		}
	}
	properties, _ := node["properties"].(object)
	if node["additionalProperties"] == false {
		value := least(schema, node).(object)
		value["unknownKey"] = true
		all = append(all, value)
	}
	for _, key := range slices.Sorted(maps.Keys(properties)) {
		property, _ := properties[key].(object)
		for _, within := range misspeltIn(schema, property) {
			value := least(schema, node).(object)
			value[key] = within
			all = append(all, value)
		}
	}
	return all
}

// least is a value that the schema takes, with what it must have.
func least(schema, node object) any {
	node = resolve(schema, node)
	if choices, ok := node["enum"].([]any); ok {
		return choices[0]
	}
	switch node["type"] {
	case "object":
		value := object{}
		required, _ := node["required"].([]any)
		properties, _ := node["properties"].(object)
		for _, key := range required {
			property, _ := properties[key.(string)].(object)
			value[key.(string)] = least(schema, property)
		}
		return value
	case "array":
		return []any{}
	case "integer":
		return 1
	default:
		return "x"
	}
}
