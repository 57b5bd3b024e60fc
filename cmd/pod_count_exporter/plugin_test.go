package main

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

func TestPluginIsLoggedAtDebugOnly(t *testing.T) {
	const failure = `reason=unauthorized [^\n]*err="getting credentials: the credential plugin failed with exit code 1`
	tests := []struct {
		level string
		want  []string
		not   string
	}{
		{"debug", []string{failure + `"`, `level=debug [^\n]*msg="Last line of the credential plugin's standard error" cluster=sim line="\*\*\*: login has expired"`}, "run with"},
		{"info", []string{failure + ` \(run with --log.level=debug to see what it printed\)"`}, "expired"},
	}
	for _, tt := range tests {
		t.Run(tt.level, func(t *testing.T) {
			e := start(t, "--log.level="+tt.level, "--collector.page-attempts=1", "--kubeconfig="+write(t, "kubeconfig", fmt.Sprintf(`
apiVersion: v1
kind: Config
current-context: sim
clusters: [{name: c, cluster: {server: "https://127.0.0.1:1"}}]
users: [{name: u, user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: %q, interactiveMode: Never, args: [%q], env: [{name: %s, value: a-secret}]}}}]
contexts: [{name: sim, context: {cluster: c, user: u}}]
`, os.Args[0], t.TempDir(), pluginSaysEnv)))
			for _, want := range tt.want {
				e.log.await(t, want)
			}
			e.stop(t)
			for _, not := range []string{tt.not, "starting", "a-secret", canary} {
				if strings.Contains(strings.ReplaceAll(e.log.String(), "Starting", ""), not) {
					t.Errorf("the log has %q:\n%s", not, e.log)
				}
			}
		})
	}
}
