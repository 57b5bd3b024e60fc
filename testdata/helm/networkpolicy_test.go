package chart

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	sigsyaml "sigs.k8s.io/yaml"
)

// TestNetworkPolicy reads the policy as a network plugin does, for the one-node
// cluster of the tests has none that enforces it: it is about the exporter's pods,
// lets Prometheus in at the port that they have, and lets them out to DNS and the
// API server. TestKustomize says that the component makes the same policy.
func TestNetworkPolicy(t *testing.T) {
	t.Parallel()
	var policy networkingv1.NetworkPolicy
	var deployment appsv1.Deployment
	for _, obj := range decode(t, mustRun(t, "helm", "template", name, dir, "--namespace", name, "--values", variants(t)["networkpolicy"])) {
		data, err := sigsyaml.Marshal(obj)
		must(t, err)
		switch obj["kind"] {
		case "NetworkPolicy":
			must(t, sigsyaml.UnmarshalStrict(data, &policy))
		case "Deployment":
			must(t, sigsyaml.UnmarshalStrict(data, &deployment))
		}
	}
	pod := deployment.Spec.Template
	if !selects(t, &policy.Spec.PodSelector, pod.Labels) {
		t.Errorf("the policy is not about the pods: %v", policy.Spec.PodSelector)
	}
	if len(policy.Spec.PolicyTypes) != 2 {
		t.Errorf("the policy is about %v, want both ways", policy.Spec.PolicyTypes)
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
	wantWaysOut(t, policy.Spec.Egress, "anywhere TCP 443", "anywhere TCP 6443")
}

// policyOf is the only policy among rendered objects.
func policyOf(t *testing.T, rendered string) (policy networkingv1.NetworkPolicy) {
	t.Helper()
	found := 0
	for _, obj := range decode(t, rendered) {
		if obj["kind"] != "NetworkPolicy" {
			continue
		}
		found++
		data, err := sigsyaml.Marshal(obj)
		must(t, err)
		must(t, sigsyaml.UnmarshalStrict(data, &policy))
	}
	if found != 1 {
		t.Fatalf("there are %d policies, want one", found)
	}
	return policy
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
	const file = base + "/components/networkpolicy/kustomization.yaml"
	shown := regexp.MustCompile(`(?m)^#   (.*)$`).FindAllStringSubmatch(string(read(t, file)), -1)
	var patch strings.Builder
	for _, line := range shown {
		patch.WriteString(line[1] + "\n")
	}
	for form, text := range map[string]string{
		"the chart":     mustRun(t, "helm", "template", name, dir, "--set", "networkPolicy.enabled=true", "--set", "networkPolicy.apiServerPorts={16443}"),
		"the component": kustomize(t, []string{"networkpolicy"}, patch.String()),
	} {
		t.Run(form, func(t *testing.T) {
			wantWaysOut(t, policyOf(t, text).Spec.Egress, "anywhere TCP 16443")
		})
	}
}

// TestPeersKeepTheirLabels has an overlay give all selectors a label: Prometheus and
// DNS have none of it.
func TestPeersKeepTheirLabels(t *testing.T) {
	t.Parallel()
	policy := policyOf(t, kustomize(t, []string{"networkpolicy"}, "labels: [{includeSelectors: true, pairs: {app.kubernetes.io/instance: east}}]"))
	if policy.Spec.PodSelector.MatchLabels["app.kubernetes.io/instance"] != "east" {
		t.Errorf("the policy is about %v", policy.Spec.PodSelector)
	}
	if peer := policy.Spec.Ingress[0].From[0].PodSelector; !selects(t, peer, map[string]string{"app.kubernetes.io/name": "prometheus"}) {
		t.Errorf("Prometheus is kept out by %v", peer)
	}
	if peer := policy.Spec.Egress[0].To[0].PodSelector; !selects(t, peer, map[string]string{"k8s-app": "kube-dns"}) {
		t.Errorf("DNS is cut off by %v", peer)
	}
}
