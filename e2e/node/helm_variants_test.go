//go:build e2e

package node

import (
	"context"
	"fmt"
	"strings"
	"testing"
)

// variant is what a values file needs around it, and what is to be seen of it.
type variant struct {
	values    string   // path of the file
	flags     []string // what a cluster without registries must have otherwise
	standard  string   // of Pod Security; restricted when empty
	namespace string   // of its objects; the release's when empty
	prepare   func(t *testing.T, namespace string) (manifests string)
	replicas  int  // 1 when 0
	onDelete  bool // its pods are replaced by whoever deletes them

	path     string                                      // of the metrics; /metrics when empty
	secured  bool                                        // by TLS and the password
	scraped  bool                                        // the numbers are Prometheus's
	clusters []string                                    // kubernetes when nil
	shared   bool                                        // each cluster is counted by one of the replicas
	count    func(t *testing.T, r *release) (int, error) // what kubectl describe node says when nil
	check    func(t *testing.T, r *release, m *monitoring)
}

// chartHost is what the values files call the server in certificates.
const chartHost = "pod-count-exporter"

// specialVariants need something, or show something besides the numbers.
func specialVariants() map[string]variant {
	return map[string]variant{
		"alerts":              {check: wantChangedAlert},
		"client-certificates": {prepare: certificatesOf(chartHost), scraped: true, check: wantRefused},
		"config":              {path: "/m", clusters: []string{"east"}, count: podsIn("default", "kube-system")},
		"dashboards":          {check: wantDashboards},
		"existing-account":    {prepare: existingAccount, check: wantPriorityLevel},
		"flowschema":          {check: wantPriorityLevel},
		"fullname":            {standard: "privileged", scraped: true},
		"ha":                  {replicas: 2, check: wantBudget},
		// Nothing can be pulled: the image with this digest is there already.
		"image":            {flags: []string{"--set", "image.pullPolicy=Never"}, check: wantPinnedImage},
		"kubeconfig":       {prepare: kubeconfigsAs("clusters"), clusters: []string{"east", "west"}},
		"monitoring":       {path: "/exporter/metrics"},
		"names":            {namespace: "observability", scraped: true},
		"namespaced":       {count: ownPods},
		"namespaces":       {count: podsIn("team-a", "team-b")},
		"no-rbac":          {prepare: rightsOfOthers},
		"pod":              {replicas: 2},
		"podmonitor":       {scraped: true},
		"service":          {prepare: serverWithPassword, secured: true, check: wantNodePort},
		"servicemonitor":   {scraped: true},
		"sharded":          {prepare: kubeconfigsAs("pod-count-exporter-kubeconfigs"), replicas: 3, shared: true, clusters: threeClusters()},
		"sharded-more":     {prepare: kubeconfigsAndTokens, replicas: 3, onDelete: true, shared: true, clusters: threeClusters()},
		"watch-namespaced": {count: ownPods},
		"watch-settings":   {prepare: rightsToWatch},
		"tls":              {prepare: passwordsOf(chartHost), scraped: true, check: wantRefused},
	}
}

// surroundings are what variants expect of a cluster: namespaces beside the
// release's, with a pod to count, and a pool of nodes.
func surroundings(t *testing.T) {
	t.Helper()
	var manifests strings.Builder
	for _, namespace := range []string{"grafana", "team-a", "team-b", "observability"} {
		manifests.WriteString(namespaceOf(namespace, "restricted"))
	}
	fmt.Fprintf(&manifests, anyPod, "team-a")
	removeLater(t, manifests.String())
	apply(t, manifests.String())
	kubectl(t, "label", "node", nodeName, "pool=monitoring")
	t.Cleanup(func() { _, _ = tryKubectl(context.Background(), "", "label", "node", nodeName, "pool-") })
}

func prepare(t *testing.T, name string, v variant) {
	t.Helper()
	standard := v.standard
	if standard == "" {
		standard = "restricted"
	}
	namespace := namespaceOf(name, standard)
	removeLater(t, namespace)
	explain(t, name)
	apply(t, namespace)
	if v.prepare != nil {
		manifests := v.prepare(t, name)
		removeLater(t, manifests)
		apply(t, manifests)
	}
}

// release finds the workload that Helm has made.
func (v variant) release(t *testing.T, name string) *release {
	t.Helper()
	r := &release{namespace: name}
	if v.namespace != "" {
		r.namespace = v.namespace
	}
	workloads := strings.Fields(kubectl(t, "-n", r.namespace, "get", "deployments,statefulsets", "-l", exporterLabel, "--output=name"))
	if len(workloads) != 1 {
		t.Fatalf("workloads %q, want one", workloads)
	}
	r.workload = strings.Replace(workloads[0], ".apps/", "/", 1)
	return r
}
