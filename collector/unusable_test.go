package collector

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// A cluster that becomes unusable amid a count, or never was of use, has no success
// and a reason, but no failed count: nothing is asked. It heals with its next Counter.
func TestUnusable(t *testing.T) {
	bubble(t, func(t *testing.T) {
		opts := steady()
		opts.CacheTTL, opts.MaxStaleness = time.Minute, 10*time.Minute
		e := empty(t, opts)
		fault := Unusable(errors.New("its kubeconfig is wrong"))
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
			if s := e.find("a").cache.current(); lastError != "" && (s.err == nil || reasonWord(s.err) != reasonConfig || s.err.Error() != lastError) {
				t.Errorf("%s: the error is %v", when, s.err)
			}
		}
		e.Set(Member{Name: "a", Server: "s", Counter: fault})
		check("from the start", "0", "absent", "its kubeconfig is wrong")
		e.Set(Member{Name: "a", Server: "s", Counter: good})
		check("healed", "1", "1", "")
		time.Sleep(2 * time.Minute)
		e.scrape("1") // which begins a count
		e.Set(Member{Name: "a", Server: "s", Counter: fault})
		time.Sleep(time.Second)
		check("amid a count", "0", "1", "its kubeconfig is wrong")
		time.Sleep(10 * time.Minute)
		check("for long", "0", "absent", "its kubeconfig is wrong")
		e.Set(Member{Name: "a", Server: "s", Counter: good})
		check("healed again", "1", "3", "")
		if strings.Contains(e.log.String(), "level=error") {
			t.Errorf("a failure is logged:\n%s", e.log)
		}
	})
}
