//go:build e2e

package e2e

import (
	"encoding/json"
	"net"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestDemo runs what make demo runs: every address that it prints answers, both
// clusters are counted, the rules are loaded, the slow cluster has its alert, and
// Ctrl-C ends all programs.
func TestDemo(t *testing.T) {
	t.Parallel()
	ports := map[string]string{"PORT": freePort(t), "PROMETHEUS_PORT": freePort(t), "ALERTMANAGER_PORT": freePort(t)}
	args := []string{"SLOW_AFTER=" + slowAfter.String()} // both are to be counted before
	for name, port := range ports {
		args = append(args, name+"="+port)
	}
	began := time.Now()
	demo := start(t, "/usr/bin/env", append(args, "bash", "../scripts/demo", os.Getenv("BIN_DIR"))...)
	demo.await(t, "Ctrl-C stops all programs")
	printed := demo.output.String()
	for name, port := range ports {
		if !strings.Contains(printed, "http://127.0.0.1:"+port+"/") {
			t.Errorf("the address of %s is not printed", name)
		}
	}
	eventually(t, "both clusters are counted", func() bool {
		_, body := fetch(t, http.MethodGet, "http://127.0.0.1:"+ports["PORT"]+"/metrics")
		return strings.Contains(string(body), `pod_count_success{cluster="production"} 1`) && strings.Contains(string(body), `pod_count_success{cluster="staging"} 1`)
	})
	_, rules := fetch(t, http.MethodGet, "http://127.0.0.1:"+ports["PROMETHEUS_PORT"]+"/api/v1/rules")
	if strings.Count(string(rules), `"type":"alerting"`) < 10 || strings.Contains(string(rules), `"health":"err"`) {
		t.Errorf("the mixin's alerts are not loaded: %.2000s", rules)
	}
	if _, status := fetch(t, http.MethodGet, "http://127.0.0.1:"+ports["ALERTMANAGER_PORT"]+"/api/v2/status"); !strings.Contains(string(status), "inhibit_rules") {
		t.Errorf("Alertmanager has no inhibition rules: %.2000s", status)
	}
	line := regexp.MustCompile(`kubectl (--kubeconfig=\S+) (get) (nodes)`).FindStringSubmatch(printed)
	if line == nil {
		t.Fatalf("no line for kubectl in %s", printed)
	}
	output, err := exec.CommandContext(t.Context(), tool(t, "kubectl"), line[1:]...).CombinedOutput()
	if err != nil || strings.Count(string(output), "Ready ") != 104 {
		t.Errorf("%s: %v, want 104 nodes:\n%.300s", line[0], err, output)
	}
	wantSlow(t, "http://127.0.0.1:"+ports["PROMETHEUS_PORT"], began.Add(slowAfter), printed)
	must(t, demo.cmd.Process.Signal(os.Interrupt))
	<-demo.ended
	if code := demo.cmd.ProcessState.ExitCode(); code != 0 {
		t.Errorf("the demo ended with code %d", code)
	}
	for name, port := range ports {
		if conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", "127.0.0.1:"+port); err == nil {
			_ = conn.Close()
			t.Errorf("after Ctrl-C, %s still listens", name)
		}
	}
}

// slowAfter is when the demo's second cluster turns slow in the test.
const slowAfter = 30 * time.Second

// wantSlow waits until the alert that the demo promises is pending for the cluster that
// has turned slow, and wants it to stay slow for long enough that the alert fires.
func wantSlow(t *testing.T, prometheus string, turned time.Time, printed string) {
	t.Helper()
	lasts := regexp.MustCompile(`turns slow, for (\S+)\. The alert (\w+) is pending`).FindStringSubmatch(printed)
	if lasts == nil {
		t.Fatalf("the demo promises no alert: %s", printed)
	}
	var pending time.Time
	var wait time.Duration
	eventually(t, lasts[2]+" is pending for staging", func() bool {
		pending, wait = pendingSince(t, prometheus, lasts[2], "staging")
		return !pending.IsZero()
	})
	slow, err := time.ParseDuration(lasts[1])
	must(t, err)
	if fires := pending.Add(wait).Sub(turned); pending.Before(turned) || fires > slow-30*time.Second {
		t.Errorf("%s is pending %s after the cluster has turned slow and would fire after %s, want that before the %s have passed", lasts[2], pending.Sub(turned), fires, slow)
	}
}

// pendingSince returns when a cluster's alert was first pending, or zero if it is not,
// and how long it has to be until it fires.
func pendingSince(t *testing.T, prometheus, alert, cluster string) (since time.Time, wait time.Duration) {
	t.Helper()
	var answer struct {
		Data struct {
			Groups []struct {
				Rules []struct {
					Duration float64
					Alerts   []struct {
						Labels   map[string]string
						ActiveAt time.Time
					}
				}
			}
		}
	}
	_, body := fetch(t, http.MethodGet, prometheus+"/api/v1/rules?type=alert&rule_name[]="+alert)
	must(t, json.Unmarshal(body, &answer))
	for _, group := range answer.Data.Groups {
		for _, rule := range group.Rules {
			for _, a := range rule.Alerts {
				if a.Labels["cluster"] == cluster {
					return a.ActiveAt, time.Duration(rule.Duration * float64(time.Second))
				}
			}
		}
	}
	return time.Time{}, 0
}

// freePort is one that nobody listens on now.
func freePort(t *testing.T) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	must(t, err)
	_, port, err := net.SplitHostPort(listener.Addr().String())
	must(t, err)
	must(t, listener.Close())
	return port
}
