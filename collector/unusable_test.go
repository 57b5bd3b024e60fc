package collector

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/kube-node-manager/pod_count_exporter/collector/store"
)

// A cluster that becomes unusable during a count, or never was usable, has no success
// and a reason, but no failed count: nothing is requested. It recovers with its next
// Counter.
func TestUnusable(t *testing.T) {
	bubble(t, func(t *testing.T) {
		opts := steady()
		opts.CacheTTL, opts.MaxStaleness = time.Minute, 10*time.Minute
		e := empty(t, opts)
		fault := store.Unusable(errors.New("its kubeconfig is wrong"))
		good := &scripted{takes: 3 * time.Second}
		check := func(when, success, nodes, lastError string) {
			t.Helper()
			began := time.Now()
			body := e.scrape("10")
			if took := time.Since(began); lastError != "" && took != 0 {
				t.Errorf("%s: the scrape waited %s for what cannot be counted", when, took)
			}
			for series, want := range map[string]string{
				`pod_count_success{cluster="a"}`: success, `node_active_pods{cluster="a",node="a"}`: nodes, `pod_count_failures_total{cluster="a"}`: "0",
			} {
				if got := value(body, series); got != want {
					t.Errorf("%s: %s is %s, want %s", when, series, got, want)
				}
			}
			if v := e.Store.Find("a").View(); lastError != "" && (v.Err == nil || reasonOf(v.Err) != reasonConfig || v.Err.Error() != lastError) {
				t.Errorf("%s: the error is %v", when, v.Err)
			}
		}
		e.Store.Set(store.Target{Name: "a", Server: "s", Counter: fault})
		check("from the start", "0", "absent", "its kubeconfig is wrong")
		e.Store.Set(store.Target{Name: "a", Server: "s", Counter: good})
		check("healed", "1", "1", "")
		time.Sleep(2 * time.Minute)
		e.scrape("1") // which begins a count
		e.Store.Set(store.Target{Name: "a", Server: "s", Counter: fault})
		time.Sleep(time.Second)
		check("amid a count", "0", "1", "its kubeconfig is wrong")
		time.Sleep(10 * time.Minute)
		check("for long", "0", "absent", "its kubeconfig is wrong")
		e.Store.Set(store.Target{Name: "a", Server: "s", Counter: good})
		check("healed again", "1", "3", "")
		if strings.Contains(e.log.String(), "level=error") {
			t.Errorf("a failure is logged:\n%s", e.log)
		}
	})
}
