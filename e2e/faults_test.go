//go:build e2e

package e2e

import (
	"math"
	"testing"
)

// smallPages make a count of 10,000 pods last for seconds, long enough for
// something to happen to it.
func smallPages() []string {
	return []string{"--collector.page-size=7", "--collector.max-page-size=7", "--log.level=debug"}
}

// countInBackground starts the first count, and returns when its tenth page is
// in. The channel gives the first scrape that shows a snapshot, or the failure of
// the count.
func countInBackground(t *testing.T, e *exporter) <-chan scrape {
	t.Helper()
	result := make(chan scrape, 1)
	go func() {
		defer close(result) // a scrape that fails must not leave the test waiting
		got := e.scrape(t)
		for len(got["pod_count_unscheduled_pods"]) == 0 && got.value(t, "pod_count_failures_total") == 0 {
			got = e.scrape(t) // on a busy machine, a count can take longer than a scrape waits
		}
		result <- got
	}()
	e.await(t, "page=10 ")
	return result
}

// TestServerIsKilledWhileCounting brings the API server back after a crash: the
// count goes on at the page where it was.
func TestServerIsKilledWhileCounting(t *testing.T) {
	t.Parallel()
	cp := startControlPlane(t, clusterArgs(9, 104, 10000)...)
	e := startExporter(t, cp.kubeconfig(), smallPages()...)
	during := countInBackground(t, e)
	cp.kill(t)
	cp.run(t)
	got := <-during
	if got.value(t, "pod_count_success") == 0 {
		got = e.scrape(t) // its attempts were used up: the next refresh has the rest
	}
	wantTruth(t, got.counted(t), cp.truth)
	active := cp.truth.ActivePods + cp.truth.UnscheduledPods + cp.truth.UnknownNodePods
	if n, want := got.value(t, "pod_count_pages_total"), math.Ceil(active/7); n != want {
		t.Errorf("%v pages in all, want %v: no page twice", n, want)
	}
	if failures := got.by(t, "pod_count_page_failures_total", "reason"); failures["network"] == 0 {
		t.Errorf("failures by reason: %v, want network", failures)
	}
}

// TestTokensExpire compacts etcd while pages come from there.
func TestTokensExpire(t *testing.T) {
	t.Parallel()
	cp := startControlPlane(t, append(clusterArgs(10, 104, 10000), "--feature-gates=ListFromCacheSnapshot=false")...)
	tests := []struct {
		name       string
		compact    func(t *testing.T, counted <-chan scrape) scrape
		consistent float64
	}{
		{"once", func(t *testing.T, counted <-chan scrape) scrape {
			must(t, cp.compact(t.Context()))
			return <-counted
		}, 1},
		{"all the time", func(t *testing.T, counted <-chan scrape) scrape {
			for {
				select {
				case got := <-counted:
					return got
				default:
					must(t, cp.compact(t.Context()))
				}
			}
		}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := startExporter(t, cp.kubeconfig(), smallPages()...)
			got := tt.compact(t, countInBackground(t, e))
			wantTruth(t, got.counted(t), cp.truth)
			if n := got.value(t, "pod_count_snapshot_consistent"); n != tt.consistent {
				t.Errorf("pod_count_snapshot_consistent is %v, want %v", n, tt.consistent)
			}
			if failures := got.by(t, "pod_count_page_failures_total", "reason"); failures["expired"] == 0 {
				t.Errorf("failures by reason: %v, want expired", failures)
			}
		})
	}
}
