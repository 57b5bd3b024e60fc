package chart

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// TestSettingsAreTheExportersOwn gives each setting to the chart and, as a flag, to the
// exporter: what the one refuses, the other must refuse, or a release would be rolled
// out whose pods never start.
func TestSettingsAreTheExportersOwn(t *testing.T) {
	t.Parallel()
	chart := load(t)
	refused := 0
	for path, values := range map[string][]any{
		"collector.cacheTTL":     {"0s", "0m0.0s", "1ms", ".5m", "30m", "30m1s", "1.5h", "5", "1d", "-1s"},
		"collector.maxStaleness": {"0s", "299999ms", "5m", "1h", "1d"},
		"collector.pageTimeout":  {"0s", "1µs", "100ms", "1m30s", "-5s", "30"},
		"collector.concurrency":  {-1, 0, 1},
		"collector.pageSize":     {-1, 0, 1, 10000, 10001},
		"collector.maxPageSize":  {0, 499, 500},
		"collector.pageAttempts": {0, 1},
		"collector.namespace": {
			[]any{"Kube_System"}, []any{"a", "a"}, []any{""}, []any{"a", "b"}, []any{strings.Repeat("a", 63)}, []any{strings.Repeat("a", 64)},
		},
		"watch.auditInterval": {"0s", "30m", "-1m"},
		"web.timeoutOffset":   {"0s", "59.9s", "60s", "1m", "1h", "-1s"},
		"web.maxRequests":     {-1, 0, 1},
		"web.telemetryPath": {
			"/m", "/a/b", "/~a", "metrics", "/", "/-/ready", "/-", "/api", "/api/v1/metrics", "/apis", "/assets/m", "/assets", "/cluster", "/cluster/m",
			"/clusters", "/sd", "/sd/m", "/debug/pprof", "/debug/pprofs", "/debug", "/metrics/", "/a//b", "/a/./b", "/a/../b", "/{x}", "/é", "/a b",
		},
		"kubernetes.clusterNameFrom": {"server", "file/context"},
		"log.level":                  {"loud", "warn"},
		"log.format":                 {"xml", "logfmt"},
	} {
		for _, value := range values {
			flag, ended := exporterRefuses(t, path, value)
			_, err := chart.render(at(strings.Split("config."+path, "."), value))
			if ended != (err != nil) {
				t.Errorf("config.%s: %v: of %s, the exporter refuses it: %t, and the chart says: %v", path, value, flag, ended, err)
			}
			if ended {
				refused++
			}
		}
	}
	if refused < 30 {
		t.Errorf("%d values are refused, want 30 at least", refused)
	}
}

// exporterRefuses starts the exporter with a setting, and without a kubeconfig, for
// which it ends if not for the setting.
func exporterRefuses(t *testing.T, path string, value any) (flag string, refused bool) {
	t.Helper()
	flag = "--" + strings.ToLower(regexp.MustCompile(`([a-z])([A-Z])`).ReplaceAllString(path, "$1-$2"))
	args := []string{"--kubeconfig=/nonexistent"}
	values, several := value.([]any)
	if !several {
		values = []any{value}
	}
	for _, one := range values {
		args = append(args, fmt.Sprint(flag, "=", one))
	}
	_, stderr, err := run(t, "pod_count_exporter", args...)
	switch {
	case err == nil:
		t.Fatalf("%s: the exporter did not end", args)
	case strings.Contains(stderr, `--kubeconfig="/nonexistent"`):
		return flag, false
	case !strings.Contains(stderr, "error: "):
		t.Fatalf("%s: %v: %s", args, err, stderr)
	}
	return flag, true
}
