//go:build e2e

package e2e

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
)

// seeds are two fixed clusters and one that nobody has seen before; E2E_SEED
// brings back one that a run has failed on.
func seeds(t *testing.T) []uint64 {
	t.Helper()
	third := uint64(rand.Uint32())
	if text := os.Getenv("E2E_SEED"); text != "" {
		seed, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatalf("E2E_SEED: %v", err)
		}
		third = seed
	}
	return []uint64{1, 2, third}
}

// TestCountsEqualTruth uses a service account that may list pods and nodes and
// nothing else.
func TestCountsEqualTruth(t *testing.T) {
	t.Parallel()
	for _, seed := range seeds(t) {
		t.Run(fmt.Sprintf("E2E_SEED=%d", seed), func(t *testing.T) {
			cp := startControlPlane(t, clusterArgs(seed, 104, 10000)...)
			e := startExporter(t, cp.api.account(t, "exporter", "pods", "nodes"))
			got := e.scrape(t)
			wantTruth(t, got.counted(t), cp.truth)
			for metric, want := range map[string]float64{
				"pod_count_success": 1, "pod_count_snapshot_consistent": 1,
			} {
				if n := got.value(t, metric); n != want {
					t.Errorf("%s is %v, want %v", metric, n, want)
				}
			}
			if n := got.value(t, "pod_count_response_bytes_total"); n < 500e3 || n >= 2e6 {
				t.Errorf("%v bytes for 10000 pods, want less than 2 MB", n)
			}
			if n := got.value(t, "pod_count_pages_total"); n < 1 || n > 20 {
				t.Errorf("%v pages for 10000 pods from 500 a page, want at most 20", n)
			}
			line := e.await(t, "Completed paginated pod count")
			for _, field := range []string{
				"cluster=jobsscz-k8s-cluster", fmt.Sprint("active_pods=", cp.truth.ActivePods+cp.truth.UnknownNodePods),
			} {
				wantField(t, line, field)
			}
		})
	}
}

// TestPageSizesAgree fixes the page size, down to one pod a page.
func TestPageSizesAgree(t *testing.T) {
	t.Parallel()
	tests := []struct {
		nodes, pods int
		pageSizes   []int
	}{
		{104, 10000, []int{7, 500, 5000, 50000}},
		{12, 400, []int{1, 7, 399, 400, 401}},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt.pods, " pods"), func(t *testing.T) {
			cp := startControlPlane(t, clusterArgs(3, tt.nodes, tt.pods)...)
			for _, size := range tt.pageSizes {
				t.Run(fmt.Sprint(size, " a page"), func(t *testing.T) {
					e := startExporter(t, cp.kubeconfig(),
						fmt.Sprint("--collector.page-size=", size), fmt.Sprint("--collector.max-page-size=", size))
					got := e.scrape(t)
					wantTruth(t, got.counted(t), cp.truth)
					active := cp.truth.ActivePods + cp.truth.UnscheduledPods + cp.truth.UnknownNodePods
					if n := got.value(t, "pod_count_last_pages"); n < active/float64(size) {
						t.Errorf("%v pages of %d pods for %v pods", n, size, active)
					}
				})
			}
		})
	}
}

// TestPagesFromEtcd turns off the API server's cache of past revisions, as
// before Kubernetes 1.34: the second page and those after it come from etcd.
func TestPagesFromEtcd(t *testing.T) {
	t.Parallel()
	cp := startControlPlane(t, append(clusterArgs(4, 104, 10000), "--feature-gates=ListFromCacheSnapshot=false")...)
	for _, size := range []int{100, 2500} {
		t.Run(fmt.Sprint(size, " a page"), func(t *testing.T) {
			e := startExporter(t, cp.kubeconfig(),
				fmt.Sprint("--collector.page-size=", size), fmt.Sprint("--collector.max-page-size=", size))
			wantTruth(t, e.scrape(t).counted(t), cp.truth)
		})
	}
}
