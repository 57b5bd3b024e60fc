package collector

import (
	"net/http"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
	"github.com/kube-node-manager/pod_count_exporter/internal/kubesim"
)

// TestNewStartShowsTheLastSnapshot has the streams expire, in both forms of 410, and the
// new start take minutes. All the while the last snapshot is shown, whole and marked as
// old, until it is too old to be shown at all or the start is complete.
func TestNewStartShowsTheLastSnapshot(t *testing.T) {
	for _, tt := range []struct {
		name   string
		status bool          // 410 as a status, not as an event
		page   time.Duration // that each page takes
		shown  bool          // until the end of the start
	}{
		{"a status", true, 10 * time.Second, true},
		{"an event", false, 10 * time.Second, true},
		{"an event, and a start that takes longer than what is shown may", false, 28 * time.Second, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				opts := steady()
				opts.CacheTTL, opts.MaxStaleness = time.Minute, 4*time.Minute
				var slow atomic.Bool
				e := followWith(t, opts, func(cfg *kubesim.Config, e *watched) {
					cfg.Pods = 60
					e.pages.PageSize, e.pages.MaxPageSize = 5, 5
					cfg.Intercept = func(next http.Handler) http.Handler {
						return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
							if slow.Load() && listOf("/pods")(r) {
								select {
								case <-time.After(tt.page):
								case <-r.Context().Done():
								}
							}
							next.ServeHTTP(w, r)
						})
					}
				})
				e.wantTruth("at the start")
				time.Sleep(90 * time.Second)
				last := series(e.scrape("10"), "node_active_pods")
				e.tap.breaks(true)
				since := time.Now()
				e.churns(40)
				time.Sleep(20 * time.Second)
				for range 2 {
					e.sim.Compact()
				}
				slow.Store(true)
				if tt.status {
					expired := e.sim.Version()
					e.tap.strike(func(r *http.Request) bool {
						from, err := strconv.ParseInt(r.URL.Query().Get("resourceVersion"), 10, 64)
						return isWatch(r) && err == nil && from < expired
					}, http.StatusGone)
				}
				e.tap.breaks(false)
				time.Sleep(20 * time.Second) // until the streams have been asked for, and refused
				if !tt.status {
					since = time.Now() // they were open for a moment
				}
				seen, tooOld := 0, 0
				for ; e.Store.Find("one").View().Err != nil; time.Sleep(time.Second) {
					body := e.scrape("1")
					age, shown := e.Store.Find("one").View().Age, series(body, "node_active_pods")
					if success := value(body, "pod_count_success"); success != "0" {
						t.Fatalf("success is %s during a new start", success)
					}
					if least := time.Since(since); age < least || age > least+2*time.Minute {
						t.Fatalf("the age is %s, %s after the last sign of the streams", age, least)
					}
					switch withdrawn := age > opts.MaxStaleness; {
					case withdrawn && len(shown) > 0:
						t.Fatalf("shown at the age of %s: %v", age, shown)
					case withdrawn:
						tooOld++
					case !slices.Equal(shown, last):
						t.Fatalf("the nodes are %v, want what was shown last: %v", shown, last)
					default:
						seen++
					}
					if seen+tooOld > 1000 {
						t.Fatal("the start does not end")
					}
				}
				if seen < 90 || (tooOld == 0) != tt.shown {
					t.Errorf("the last snapshot was seen %d times, and %d times none", seen, tooOld)
				}
				if restarts := labelled(e.scrape("10"), restarts, `"expired"`); restarts == "0" || e.mode() != podcount.ModeWatch {
					t.Errorf("%s restarts for 410, mode %s", restarts, e.mode())
				}
				synctest.Wait()
				e.wantTruth("started anew")
				if slices.Equal(series(e.scrape("10"), "node_active_pods"), last) {
					t.Error("nothing has changed meanwhile")
				}
				if body := e.scrape("10"); value(body, "pod_count_success") != "1" {
					t.Error("no success after the start")
				}
			})
		})
	}
}
