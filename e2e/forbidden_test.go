//go:build e2e

package e2e

import (
	"slices"
	"strings"
	"testing"
)

// wantField checks a field of a logfmt line, at whatever place it stands.
func wantField(t *testing.T, line, field string) {
	t.Helper()
	if !slices.Contains(strings.Fields(line), field) {
		t.Errorf("no %s in the line %q", field, line)
	}
}

func TestForbidden(t *testing.T) {
	t.Parallel()
	cp := startControlPlane(t, clusterArgs(5, 5, 100)...)
	tests := []struct {
		name    string
		mayList []string
	}{
		{"nothing-at-all", nil},
		{"nodes-only", []string{"nodes"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := startExporter(t, cp.api.account(t, tt.name, tt.mayList...))
			got := e.scrape(t)
			if n := got.value(t, "pod_count_success"); n != 0 {
				t.Errorf("pod_count_success is %v, want 0", n)
			}
			failures := got.by(t, "pod_count_page_failures_total", "reason")
			if failures["forbidden"] == 0 {
				t.Errorf("failures by reason: %v, want forbidden", failures)
			}
			if n := len(got["node_active_pods"]); n != 0 {
				t.Errorf("%d series of node_active_pods, want none", n)
			}
			line := e.await(t, "forbidden")
			wantField(t, line, "cluster=jobsscz-k8s-cluster")
			wantField(t, line, "reason=forbidden")
		})
	}
}

// TestNodesForbidden counts with an account that may list the pods of the whole
// cluster, and no nodes: those that hold pods are shown, without their capacity.
func TestNodesForbidden(t *testing.T) {
	t.Parallel()
	cp := startControlPlane(t, append(clusterArgs(42, 5, 100), "--unknown-node=0")...)
	e := startExporter(t, cp.api.account(t, "pods-only", "pods"))
	got := e.scrape(t)
	want := map[string]float64{}
	for node, pods := range cp.truth.Nodes {
		if pods > 0 {
			want[node] = pods
		}
	}
	wantEqual(t, "active pods", got.by(t, "node_active_pods", "node"), want)
	if got.value(t, "pod_count_success") != 1 || len(got["node_allocatable_pods"]) > 0 {
		t.Errorf("pod_count_success %v and %d series of node_allocatable_pods, want 1 and none",
			got.value(t, "pod_count_success"), len(got["node_allocatable_pods"]))
	}
	wantField(t, e.await(t, "Listing nodes is forbidden"), "cluster=jobsscz-k8s-cluster")
}

func TestUnauthorized(t *testing.T) {
	t.Parallel()
	cp := startControlPlane(t, clusterArgs(6, 5, 100)...)
	const token = "no-such-token-canary"
	e := startExporter(t, writeKubeconfig(t, cp.api.cfg, token), "--log.level=debug")
	failures := e.scrape(t).by(t, "pod_count_page_failures_total", "reason")
	if failures["unauthorized"] == 0 {
		t.Errorf("failures by reason: %v, want unauthorized", failures)
	}
	wantField(t, e.await(t, "unauthorized"), "reason=unauthorized")
	if strings.Contains(e.output.String(), token) {
		t.Error("the token is in the log")
	}
}
