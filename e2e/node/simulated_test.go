//go:build e2e

package node

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// TestKubectlOnSimulatedCluster runs the real kubectl on kubesim, which needs no
// node: what it shows of nodes and pods is what was asked for, a watch goes on, and
// a change is refused.
func TestKubectlOnSimulatedCluster(t *testing.T) {
	sim := startSimulated(t, "--nodes=3", "--pods=30", "--finished-pods=2", "--unscheduled-pods=1", "--churn=500ms")
	nodes := strings.Fields(sim.kubectl(t, "get", "nodes", "-o", "name"))
	if len(nodes) != 3 {
		t.Fatalf("nodes %v, want three", nodes)
	}
	if table := sim.kubectl(t, "get", "nodes"); strings.Count(table, " Ready ") != 3 {
		t.Errorf("not three nodes that are Ready:\n%s", table)
	}
	if table := sim.kubectl(t, "get", "pods", "-A"); !strings.HasPrefix(table, "NAMESPACE ") || strings.Count(table, "\n") < 20 {
		t.Errorf("no table of pods:\n%s", table)
	}
	described := regexp.MustCompile(`Non-terminated Pods:\s+\(\d+ in total\)`)
	if text := sim.kubectl(t, "describe", nodes[0]); !described.MatchString(text) {
		t.Errorf("no number of pods in the node's description:\n%s", text)
	}
	sim.wantEvents(t, 3)
	if output, err := sim.command(t.Context(), "create", "namespace", "any").CombinedOutput(); err == nil {
		t.Errorf("a change was taken: %s", output)
	}
}

// simulated is a kubesim and the programs that reach it.
type simulated struct{ kubectlPath, kubeconfig string }

func startSimulated(t *testing.T, flags ...string) *simulated {
	t.Helper()
	sim := &simulated{kubectlPath: tool(t, "node/kubectl"), kubeconfig: filepath.Join(t.TempDir(), "kubeconfig")}
	cmd := exec.CommandContext(t.Context(), tool(t, "kubesim"), append(flags, "--kubeconfig-out="+sim.kubeconfig)...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	must(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Wait() }) // the test's context has ended, and with it the program
	eventually(t, "kubesim has written a kubeconfig", func() error {
		_, err := os.Stat(sim.kubeconfig)
		return err
	})
	return sim
}

func (s *simulated) command(ctx context.Context, args ...string) *exec.Cmd {
	return exec.CommandContext(ctx, s.kubectlPath, append([]string{"--kubeconfig=" + s.kubeconfig}, args...)...)
}

func (s *simulated) kubectl(t *testing.T, args ...string) string {
	t.Helper()
	output, err := s.command(t.Context(), args...).Output()
	if err != nil {
		err = fmt.Errorf("kubectl %s: %w", strings.Join(args, " "), err)
	}
	must(t, err)
	return string(output)
}

// wantEvents watches until there were so many.
func (s *simulated) wantEvents(t *testing.T, number int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), longestWait)
	defer cancel()
	cmd := s.command(ctx, "get", "pods", "-A", "--watch-only", "--no-headers")
	output, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	lines := bufio.NewScanner(output)
	seen := 0
	for seen < number && lines.Scan() {
		seen++
	}
	cancel()
	_ = cmd.Wait() // it was killed
	if seen < number {
		t.Errorf("a watch ended after %d events", seen)
	}
}
