//go:build e2e

package e2e

import (
	"bufio"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// heldPage is amid the ten or so pages of the count.
const heldPage = 5

// scrapeInBackground waits for a count that will be held. The channel is closed
// without a scrape if that fails.
func scrapeInBackground(t *testing.T, e *exporter) <-chan scrape {
	t.Helper()
	result := make(chan scrape, 1)
	go func() {
		defer close(result)
		result <- e.scrape(t)
	}()
	return result
}

// glance scrapes with little time, while a count is under way, and returns the
// lines of the series of nodes.
func glance(t *testing.T, e *exporter) []string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, e.url+"/metrics", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Prometheus-Scrape-Timeout-Seconds", "0.6")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	var series []string
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "node_") {
			series = append(series, lines.Text())
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil {
		t.Error(err)
	}
	return series
}

// scrapeUntilSuccess scrapes a server that is coming back. Each scrape waits for
// a count; check sees those that failed.
func scrapeUntilSuccess(t *testing.T, e *exporter, check func(scrape)) scrape {
	t.Helper()
	for deadline := time.Now().Add(startLimit); time.Now().Before(deadline); {
		got := e.scrape(t)
		if got.value(t, "pod_count_success") == 1 {
			return got
		}
		check(got)
	}
	t.Fatalf("no count has succeeded in %s", startLimit)
	return nil
}

// TestFaultServerKilledAmidCount kills the API server and etcd while a page is
// asked for, in the first count and in a later one.
func TestFaultServerKilledAmidCount(t *testing.T) {
	t.Parallel()
	cp := startControlPlane(t, clusterArgs(14, 104, 10000)...)
	p := startFaultProxy(t, cp, true)
	kubeconfig := p.kubeconfig(t, accountToken(t, cp))
	held := p.holdAt(t, heldPage)
	e := startExporter(t, kubeconfig, faultyPages()...)

	survive := func(shown func(scrape)) {
		t.Helper()
		before := len(p.requests())
		series := glance(t, e) // and begin the count
		counting := scrapeInBackground(t, e)
		held.await(t)
		cp.kill(t)
		if now := glance(t, e); !slices.Equal(now, series) {
			t.Errorf("%d series of nodes amid the count, want the %d from before", len(now), len(series))
		}
		held.release()
		failed := <-counting
		wantSuccess(t, failed, 0)
		shown(failed)
		if n := failed.by(t, "pod_count_page_failures_total", "reason")["network"]; n < pageAttempts {
			t.Errorf("%v failures of reason network, want at least %d", n, pageAttempts)
		}
		cp.run(t)
		got := scrapeUntilSuccess(t, e, shown)
		wantTruth(t, got.counted(t), cp.truth)
		wantResumed(t, p.requests()[before:])
	}
	survive(func(got scrape) { wantNothing(t, got) })
	held = p.holdAt(t, heldPage)
	survive(func(got scrape) { wantTruth(t, got.counted(t), cp.truth) })
}

// wantResumed expects all pages once, and in between the held page that failed.
func wantResumed(t *testing.T, requests []entry) {
	t.Helper()
	wantEachPageOnce(t, requests)
	failed := map[int]bool{}
	for _, r := range requests {
		if r.resource == "pods" && !r.whole {
			failed[r.number] = true
		}
	}
	if len(failed) != 1 || !failed[heldPage] {
		t.Errorf("pages that failed: %v, want %d alone", failed, heldPage)
	}
}

// TestFaultTokenExpiresAmidCount compacts etcd while the API server has no
// snapshots in its cache to honour a token from.
func TestFaultTokenExpiresAmidCount(t *testing.T) {
	t.Parallel()
	cp := startControlPlane(t, append(clusterArgs(15, 104, 10000), "--feature-gates=ListFromCacheSnapshot=false")...)
	token := accountToken(t, cp)
	tests := []struct {
		name       string
		compacted  int     // how often, each time before the held page is asked for
		starts     int     // requests for the first page
		expired    float64 // answers 410
		consistent float64
	}{
		{"once", 1, 2, 1, 1},
		// The fresh start's token is refused twice: only then is the server's own
		// token sure to leave out no pod.
		{"twice", 2, 2, 3, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := startFaultProxy(t, cp, true)
			held := p.holdAt(t, heldPage)
			e := startExporter(t, p.kubeconfig(t, token), faultyPages()...)
			counting := scrapeInBackground(t, e)
			for n := range tt.compacted {
				held.await(t)
				must(t, cp.compact(t.Context()))
				if series := glance(t, e); len(series) != 0 {
					t.Errorf("%d series of nodes amid the first count, want none", len(series))
				}
				release := held.release
				if n+1 < tt.compacted {
					held = p.holdAt(t, heldPage)
				}
				release()
			}
			got := <-counting
			wantTruth(t, got.counted(t), cp.truth)
			wantSuccess(t, got, 1)
			if n := got.value(t, "pod_count_snapshot_consistent"); n != tt.consistent {
				t.Errorf("pod_count_snapshot_consistent is %v, want %v", n, tt.consistent)
			}
			failures := got.by(t, "pod_count_page_failures_total", "reason")
			if n := failures["expired"]; n != tt.expired {
				t.Errorf("failures by reason: %v, want %v expired", failures, tt.expired)
			}
			if n := starts(p.requests()); n != tt.starts {
				t.Errorf("the first page was asked for %d times, want %d", n, tt.starts)
			}
			got = e.scrape(t) // undisturbed
			wantTruth(t, got.counted(t), cp.truth)
			if n := got.value(t, "pod_count_snapshot_consistent"); n != 1 {
				t.Errorf("pod_count_snapshot_consistent is %v in the next count, want 1", n)
			}
		})
	}
}

// starts counts the requests for the first page of pods.
func starts(requests []entry) int {
	n := 0
	for _, r := range requests {
		if r.resource == "pods" && r.token == "" {
			n++
		}
	}
	return n
}
