package collector

import (
	"strings"
	"testing"
	"time"

	"github.com/kube-node-manager/pod_count_exporter/internal/kubesim"
)

// TestGuideQueriesHaveData looks for the series that the operating guide's four
// queries select, on a cluster whose API server has not answered once.
func TestGuideQueriesHaveData(t *testing.T) {
	bubble(t, func(t *testing.T) {
		cfg := small()
		cfg.Intercept = kubesim.NewScript(kubesim.Rule{Fault: kubesim.BlackHole(), Resource: "pods", Times: 1}).Intercept
		e := start(t, cfg, steady())
		before := e.scrape("10")
		time.Sleep(time.Minute)
		after := e.scrape("10")
		for _, c := range []struct{ name, family, labels, before, after string }{
			{"timeouts in the log", "log_messages_total", `level="warning",message="Page failed: context deadline exceeded"`, "0", "1"},
			{"requests that failed", "api_requests_total", `status="error"`, "0", "1"},
			{"requests that succeeded", "api_requests_total", `status="success"`, "1", "4"},
			{"pages", "pod_count_pages_total", "", "0", "1"},
			{"durations", "pod_count_duration_seconds_bucket", `le="+Inf"`, "0", "1"},
		} {
			if got := valueWith(before, c.family, c.labels); got != c.before {
				t.Errorf("%s: %s is %s at first, want %s", c.name, c.family, got, c.before)
			}
			if got := valueWith(after, c.family, c.labels); got != c.after {
				t.Errorf("%s: %s is %s after the timeout, want %s", c.name, c.family, got, c.after)
			}
		}
	})
}

// valueWith is value for the series with these labels among others.
func valueWith(exposition, name, labels string) string {
	for _, line := range series(exposition, name) {
		if strings.Contains(line, labels) {
			return line[strings.LastIndexByte(line, ' ')+1:]
		}
	}
	return "absent"
}
