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
// node: the count comes back by itself each time, and has what waits meanwhile.
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
		// The node keeps its pods and its room, and what comes now waits.
		r.applyWaitingPod(t)
		r.wantUnscheduled(t, "any ")
		r.wantCount(t)
		kubectl(t, "uncordon", nodeName)
		r.wantUnscheduled(t, "")
		r.wantCount(t)
		if node := kubectl(t, "-n", r.namespace, "get", "pod/any", "-o", "jsonpath={.spec.nodeName}"); node != nodeName {
			t.Errorf("the pod that waited is on the node %q, want %s", node, nodeName)
		}
	})
}

// applyWaitingPod makes a pod that no node takes. The scheduler may not have seen the
// cordon yet, as it waits before it asks an API server again that was lost: then the pod is
// made anew.
func (r *release) applyWaitingPod(t *testing.T) {
	t.Helper()
	eventually(t, "the scheduler sees the cordon", func() error {
		apply(t, fmt.Sprintf(anyPod, r.namespace))
		scheduled := kubectl(t, "-n", r.namespace, "get", "pod/any", "-o", `jsonpath={.status.conditions[?(@.type=="PodScheduled")].status}`)
		if scheduled == "True" {
			kubectl(t, "-n", r.namespace, "delete", "pod/any", "--grace-period=0", "--force")
		}
		if scheduled != "False" {
			return fmt.Errorf("whether the pod is scheduled: %q, want False", scheduled)
		}
		return nil
	})
}

// wantUnscheduled wants the named pods of the whole cluster to wait for a node, as many
// to be counted, and the node to be shown with its room.
func (r *release) wantUnscheduled(t *testing.T, names string) {
	t.Helper()
	eventually(t, fmt.Sprintf("the pods that wait are %q, and counted", names), func() error {
		waiting := kubectl(t, "get", "pods", "--all-namespaces", "--field-selector=spec.nodeName=,status.phase=Pending", "-o", "jsonpath={range .items[*]}{.metadata.name} {end}")
		if waiting != names {
			return fmt.Errorf("these wait: %q", waiting)
		}
		body, err := r.scrape(t)
		if err != nil {
			return err
		}
		for _, want := range []string{
			fmt.Sprintf("\npod_count_unscheduled_pods{cluster=%q} %d\n", r.cluster, strings.Count(names, " ")),
			fmt.Sprintf("\nnode_allocatable_pods{cluster=%q,node=%q} ", r.cluster, nodeName),
		} {
			if !strings.Contains(body, want) {
				return fmt.Errorf("no %q in %s", want, body)
			}
		}
		return nil
	})
}

func kill(t *testing.T, pid string) {
	t.Helper()
	number, err := strconv.Atoi(strings.TrimSpace(pid))
	must(t, err)
	must(t, syscall.Kill(number, syscall.SIGKILL))
}
