//go:build e2e

package e2e

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"k8s.io/client-go/tools/clientcmd"
)

// pageAttempts is low, so that a fault that stays is soon given up.
const pageAttempts = 2

// faultyPages makes every scrape count anew, page by page of one size.
func faultyPages(flags ...string) []string {
	return append([]string{
		"--collector.page-size=1000", "--collector.max-page-size=1000",
		fmt.Sprint("--collector.page-attempts=", pageAttempts), "--collector.cache-ttl=1ms", "--log.level=debug",
	}, flags...)
}

// accountToken is the token of an account with the exporter's own rights.
func accountToken(t *testing.T, cp *controlPlane) string {
	t.Helper()
	cfg, err := clientcmd.BuildConfigFromFlags("", cp.api.account(t, "exporter", "pods", "nodes"))
	if err != nil {
		t.Fatal(err)
	}
	return cfg.BearerToken
}

type faultCase struct {
	name   string
	http2  bool
	fault  fault
	reason string
	pause  time.Duration // at least, before the page is asked for again
	flags  []string
}

func faultCases() []faultCase {
	short := []string{"--collector.page-timeout=2s"}
	return []faultCase{
		{"no answer", true, silence, "timeout", 0, short},
		{"half an answer, then nothing", true, stall, "timeout", 0, short},
		{"reset before the header", true, reset, "network", 0, nil},
		{"reset before the header, HTTP 1.1", false, reset, "network", 0, nil},
		{"cut within the body", true, cut, "network", 0, nil},
		{"cut within the body, HTTP 1.1", false, cut, "network", 0, nil},
		{"half an answer that ends well", true, shorten, "malformed", 0, nil},
		{"429", true, status(http.StatusTooManyRequests, "Retry-After", "1"), "throttled", time.Second, nil},
		{"500", true, status(http.StatusInternalServerError), "server", 0, nil},
		{"503", true, status(http.StatusServiceUnavailable), "server", 0, nil},
		{"504", true, status(http.StatusGatewayTimeout), "timeout", 0, nil},
	}
}

// TestFaultsOnTheWay lays every fault on the nodes and on the first, a middle
// and the last page of pods.
func TestFaultsOnTheWay(t *testing.T) {
	t.Parallel()
	cp := startControlPlane(t, clusterArgs(13, 104, 10000)...)
	token := accountToken(t, cp)
	places := []struct {
		name  string
		where func(page) bool
	}{
		{"nodes", func(p page) bool { return p.resource == "nodes" }},
		{"first page", func(p page) bool { return p.resource == "pods" && p.number == 1 }},
		{"middle page", func(p page) bool { return p.resource == "pods" && p.number == 5 }},
		{"last page", func(p page) bool { return p.resource == "pods" && p.last }},
	}
	for _, tt := range faultCases() {
		for _, place := range places {
			t.Run(tt.name+", "+place.name, func(t *testing.T) {
				t.Parallel()
				p := startFaultProxy(t, cp, tt.http2)
				p.inject(place.where, tt.fault, forever)
				e := startExporter(t, p.kubeconfig(t, token), faultyPages(tt.flags...)...)
				(&faulted{tt, p, e, cp.truth}).run(t, place.where)
			})
		}
	}
}

// faulted is an exporter behind a proxy with one fault.
type faulted struct {
	faultCase
	proxy *faultProxy
	e     *exporter
	truth truth
}

// run expects nothing of a first count that fails, the truth of the one after
// it, and then nothing but the truth.
func (f *faulted) run(t *testing.T, where func(page) bool) {
	t.Helper()
	got := f.e.scrape(t)
	wantNothing(t, got)
	f.wantFailures(t, got)
	f.wantPause(t)

	f.proxy.heal()
	f.wantTruth(t, f.e.scrape(t), 1)
	wantEachPageOnce(t, f.proxy.requests())

	for _, times := range []int{1, forever} {
		before := len(f.proxy.requests())
		f.proxy.inject(where, f.fault, times)
		got := f.e.scrape(t)
		if times == forever {
			f.wantTruth(t, got, 0)
			f.proxy.heal()
			got = f.e.scrape(t)
		}
		f.wantTruth(t, got, 1)
		requests := f.proxy.requests()[before:]
		wantEachPageOnce(t, requests)
		if unanswered(requests) == 0 {
			t.Error("the fault met no page")
		}
	}
}

// wantNothing is what may be said before the first complete count.
func wantNothing(t *testing.T, got scrape) {
	t.Helper()
	for _, metric := range []string{
		"node_active_pods", "node_allocatable_pods", "pod_count_unscheduled_pods", "pod_count_unknown_node_pods",
	} {
		if n := len(got[metric]); n != 0 {
			t.Errorf("%d series of %s before a complete count, want none", n, metric)
		}
	}
	wantSuccess(t, got, 0)
}

func wantSuccess(t *testing.T, got scrape, want float64) {
	t.Helper()
	if n := got.value(t, "pod_count_success"); n != want {
		t.Errorf("pod_count_success is %v, want %v", n, want)
	}
}

func (f *faulted) wantTruth(t *testing.T, got scrape, success float64) {
	t.Helper()
	wantTruth(t, got.counted(t), f.truth)
	wantSuccess(t, got, success)
	f.wantFailures(t, got)
}

// wantFailures takes the proxy's log for the truth: every request without an
// answer is a failure, and has the fault's reason.
func (f *faulted) wantFailures(t *testing.T, got scrape) {
	t.Helper()
	requests := f.proxy.requests()
	failed := float64(unanswered(requests))
	for reason, n := range got.by(t, "pod_count_page_failures_total", "reason") {
		want := 0.0
		if reason == f.reason {
			want = failed
		}
		if n != want {
			t.Errorf("%v failures of reason %s, want %v", n, reason, want)
		}
	}
	byStatus := got.by(t, "api_requests_total", "status")
	if byStatus["error"] != failed || byStatus["success"] != float64(len(requests))-failed {
		t.Errorf("api_requests_total: %v, want %v errors in %d requests", byStatus, failed, len(requests))
	}
	if f.reason == "timeout" {
		n := got.by(t, "log_messages_total", "message")["Page failed: context deadline exceeded"]
		if n != failed {
			t.Errorf("log_messages_total tells of %v timeouts, want %v", n, failed)
		}
	}
}

// wantPause looks at the first two requests for the page with the fault.
func (f *faulted) wantPause(t *testing.T) {
	t.Helper()
	requests := f.proxy.requests()
	first := slices.IndexFunc(requests, func(r entry) bool { return !r.whole })
	if first < 0 || first+1 >= len(requests) {
		t.Fatalf("%d requests, want two for the page with the fault", len(requests))
	}
	if pause := requests[first+1].at.Sub(requests[first].at); pause < f.pause {
		t.Errorf("the page was asked for again after %s, want at least %s", pause, f.pause)
	}
}

// unanswered counts the requests without an answer of the API server's own.
func unanswered(requests []entry) int {
	n := 0
	for _, r := range requests {
		if !r.whole {
			n++
		}
	}
	return n
}

// wantEachPageOnce looks at the requests of one count, set aside or not: a page
// of pods that came whole is never asked for again.
func wantEachPageOnce(t *testing.T, requests []entry) {
	t.Helper()
	counted := map[string]bool{}
	for _, r := range requests {
		if r.resource != "pods" {
			continue
		}
		if counted[r.token] {
			t.Errorf("page %d was asked for again after it had come whole", r.number)
		}
		counted[r.token] = r.whole
	}
	if len(counted) < 2 {
		t.Errorf("%d pages of pods, want a count of several", len(counted))
	}
}
