package chart

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	sigsyaml "sigs.k8s.io/yaml"
)

// TestNetworkPolicy reads the policies as a network plugin does, for the one-node
// cluster of the tests has none that enforces them: they are about the exporter's pods,
// let Prometheus in at the port that they have, and let them out to DNS and the
// API server. TestKustomize says that the component makes the same policies.
func TestNetworkPolicy(t *testing.T) {
	t.Parallel()
	var deployment appsv1.Deployment
	text := mustRun(t, "helm", "template", name, dir, "--namespace", name, "--values", variants(t)["networkpolicy"])
	for _, obj := range decode(t, text) {
		if obj["kind"] == "Deployment" {
			data, err := sigsyaml.Marshal(obj)
			must(t, err)
			must(t, sigsyaml.UnmarshalStrict(data, &deployment))
		}
	}
	policy, servers := policiesOf(t, text)
	pod := deployment.Spec.Template
	for _, p := range []networkingv1.NetworkPolicy{policy, servers} {
		if !selects(t, &p.Spec.PodSelector, pod.Labels) {
			t.Errorf("%s is not about the pods: %v", p.Name, p.Spec.PodSelector)
		}
	}
	if len(policy.Spec.PolicyTypes) != 2 {
		t.Errorf("the policy is about %v, want both ways", policy.Spec.PolicyTypes)
	}
	if types := servers.Spec.PolicyTypes; !slices.Equal(types, []networkingv1.PolicyType{networkingv1.PolicyTypeEgress}) {
		t.Errorf("the policy of API servers is about %v, want the way out alone", types)
	}
	from := map[string]bool{}
	for _, who := range []string{"prometheus", "grafana"} {
		for _, rule := range policy.Spec.Ingress {
			from[who] = from[who] || slices.ContainsFunc(rule.From, func(peer networkingv1.NetworkPolicyPeer) bool {
				return selects(t, peer.NamespaceSelector, nil) && selects(t, peer.PodSelector, map[string]string{"app.kubernetes.io/name": who})
			})
			for _, port := range rule.Ports {
				wantContainerPort(t, pod.Spec.Containers[0], port)
			}
		}
	}
	if !from["prometheus"] || from["grafana"] {
		t.Errorf("let in: %v, want Prometheus alone", from)
	}
	wantWaysOut(t, waysOut(policy, servers), "anywhere TCP 443", "anywhere TCP 6443")
}

// policiesOf are the two policies among rendered objects.
func policiesOf(t *testing.T, rendered string) (policy, servers networkingv1.NetworkPolicy) {
	t.Helper()
	found := map[string]networkingv1.NetworkPolicy{}
	for _, obj := range ofKind(t, "NetworkPolicy", rendered) {
		var read networkingv1.NetworkPolicy
		data, err := sigsyaml.Marshal(obj)
		must(t, err)
		must(t, sigsyaml.UnmarshalStrict(data, &read))
		found[read.Name] = read
	}
	if _, both := found[name+"-apiserver"]; len(found) != 2 || !both {
		t.Fatalf("the policies are %v, want two", slices.Sorted(maps.Keys(found)))
	}
	return found[name], found[name+"-apiserver"]
}

// waysOut are the rules of both: policies add up.
func waysOut(policies ...networkingv1.NetworkPolicy) (rules []networkingv1.NetworkPolicyEgressRule) {
	for _, policy := range policies {
		rules = append(rules, policy.Spec.Egress...)
	}
	return rules
}

func selects(t *testing.T, selector *metav1.LabelSelector, set map[string]string) bool {
	t.Helper()
	parsed, err := metav1.LabelSelectorAsSelector(selector)
	must(t, err)
	return parsed.Matches(labels.Set(set))
}

func wantContainerPort(t *testing.T, container corev1.Container, port networkingv1.NetworkPolicyPort) {
	t.Helper()
	if !slices.ContainsFunc(container.Ports, func(p corev1.ContainerPort) bool { return p.Name == port.Port.StrVal && p.Protocol == *port.Protocol }) {
		t.Errorf("the pods have no port %s", port.Port)
	}
}

// wantWaysOut wants DNS at the cluster's own server, and the given ways to API servers.
func wantWaysOut(t *testing.T, rules []networkingv1.NetworkPolicyEgressRule, servers ...string) {
	t.Helper()
	var ways []string
	for _, rule := range rules {
		to := "anywhere"
		if len(rule.To) == 1 && selects(t, rule.To[0].NamespaceSelector, nil) && selects(t, rule.To[0].PodSelector, map[string]string{"k8s-app": "kube-dns"}) {
			to = "dns"
		}
		for _, port := range rule.Ports {
			ways = append(ways, fmt.Sprint(to, " ", *port.Protocol, " ", port.Port))
		}
	}
	slices.Sort(ways)
	if want := slices.Concat(servers, []string{"dns TCP 53", "dns UDP 53"}); !slices.Equal(ways, want) {
		t.Errorf("ways out %q, want %q", ways, want)
	}
}

// TestPortsOfAPIServers has the way out lead to other ports: by the chart's value, and
// by the patch that the component's comment shows.
func TestPortsOfAPIServers(t *testing.T) {
	t.Parallel()
	for form, text := range map[string]string{
		"the chart":     mustRun(t, "helm", "template", name, dir, "--set", "networkPolicy.enabled=true", "--set", "networkPolicy.apiServerPorts={16443}"),
		"the component": kustomize(t, []string{"networkpolicy"}, shown(t, "networkpolicy")),
	} {
		t.Run(form, func(t *testing.T) {
			wantWaysOut(t, waysOut(policiesOf(t, text)), "anywhere TCP 16443")
		})
	}
}

// TestPeersKeepTheirLabels has an overlay give all selectors a label: Prometheus and
// DNS have none of it.
func TestPeersKeepTheirLabels(t *testing.T) {
	t.Parallel()
	policy, servers := policiesOf(t, kustomize(t, []string{"networkpolicy"}, "labels: [{includeSelectors: true, pairs: {app.kubernetes.io/instance: east}}]"))
	for _, p := range []networkingv1.NetworkPolicy{policy, servers} {
		if p.Spec.PodSelector.MatchLabels["app.kubernetes.io/instance"] != "east" {
			t.Errorf("%s is about %v", p.Name, p.Spec.PodSelector)
		}
	}
	if peer := policy.Spec.Ingress[0].From[0].PodSelector; !selects(t, peer, map[string]string{"app.kubernetes.io/name": "prometheus"}) {
		t.Errorf("Prometheus is kept out by %v", peer)
	}
	if peer := policy.Spec.Egress[0].To[0].PodSelector; !selects(t, peer, map[string]string{"k8s-app": "kube-dns"}) {
		t.Errorf("DNS is cut off by %v", peer)
	}
}
