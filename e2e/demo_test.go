//go:build e2e

package e2e

import (
	"net"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// TestDemo runs what make demo runs: every address that it prints answers, both
// clusters are counted, the rules are loaded, and Ctrl-C ends all programs. That its
// alerts fire is the mixin's test.
func TestDemo(t *testing.T) {
	t.Parallel()
	ports := map[string]string{"PORT": freePort(t), "PROMETHEUS_PORT": freePort(t), "ALERTMANAGER_PORT": freePort(t)}
	args := []string{}
	for name, port := range ports {
		args = append(args, name+"="+port)
	}
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
