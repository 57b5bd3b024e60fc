//go:build e2e

package node

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// TestNodeFaults kills the exporter and the API server under it, and cordons the
// node: the count comes back by itself each time.
func TestNodeFaults(t *testing.T) {
	requireNode(t)
	r := deploy(t, "faults", settings{})
	r.wantCount(t)
	t.Run("exporter killed", func(t *testing.T) {
		kill(t, r.process(t))
		eventually(t, "the kubelet starts the container again", func() error {
			const want = "1 true"
			got := r.running(t, "{.items[0].status.containerStatuses[0].restartCount} {.items[0].status.containerStatuses[0].ready}")
			if got != want {
				return fmt.Errorf("restarts and readiness: %s, want %s", got, want)
			}
			return nil
		})
		r.wantCount(t)
	})
	t.Run("API server killed", func(t *testing.T) {
		before := podIP(t, r.namespace, r.pod(t))
		kill(t, readFile(t, filepath.Join(os.Getenv(dirEnv), "kube-apiserver.pid")))
		// What was counted last is still served.
		if body, err := get(t, "http://"+before+":10120/metrics"); err != nil || !strings.Contains(body, "\nnode_active_pods{") {
			t.Errorf("no count from the exporter while the API server is down: %v", err)
		}
		eventually(t, "the API server is back", func() error {
			_, err := tryKubectl(t.Context(), "", "get", "--raw=/readyz")
			return err
		})
		r.wantCount(t)
	})
	t.Run("node cordoned", func(t *testing.T) {
		kubectl(t, "cordon", nodeName)
		t.Cleanup(func() {
			// The test's own context has ended.
			if _, err := tryKubectl(context.Background(), "", "uncordon", nodeName); err != nil {
				t.Error(err)
			}
		})
		r.wantCount(t)
	})
}

func kill(t *testing.T, pid string) {
	t.Helper()
	number, err := strconv.Atoi(strings.TrimSpace(pid))
	must(t, err)
	must(t, syscall.Kill(number, syscall.SIGKILL))
}
