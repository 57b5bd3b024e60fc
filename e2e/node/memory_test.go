//go:build e2e

package node

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
)

// simulatedPods is the size for which the memory limit is meant.
const simulatedPods = 100_000

// TestMemory counts a simulated cluster of 100,000 pods under the limit that the
// base sets, and shows that the kernel does end an exporter that counts with too low a
// one.
func TestMemory(t *testing.T) {
	requireNode(t)
	const name = "memory"
	r := deploy(t, name, settings{
		components: []string{"sharded"}, statefulSet: true, secrets: simulatedCluster,
		patches: oneReplica,
	})
	pattern := regexp.MustCompile(`(?m)^node_active_pods\{.*\} (\d+)$`)
	eventually(t, "all simulated pods are counted", func() error {
		body, err := r.scrape(t)
		if err != nil {
			return err
		}
		sum := 0
		for _, match := range pattern.FindAllStringSubmatch(body, -1) {
			number, err := strconv.Atoi(match[1])
			must(t, err)
			sum += number
		}
		if sum != simulatedPods {
			return fmt.Errorf("%d pods of %d", sum, simulatedPods)
		}
		return nil
	})
	pid := r.process(t)
	peak, limit := peakMemory(t, pid), memoryLimit(t, pid)
	t.Logf("memory at %d pods: %d MiB at most, limit %d MiB", simulatedPods, peak>>20, limit>>20)
	if peak > limit*9/10 {
		t.Errorf("at most %d bytes were taken, which is close to the limit of %d", peak, limit)
	}
	if restarts := r.restarts(t); restarts != "0" {
		t.Errorf("%s restarts", restarts)
	}
	r.wantKilled(t)
}

// tooLittle is enough to start with, and not enough to count with. The collector of
// garbage, which would give way, has the limit that the base sets.
const tooLittle = "8Mi"

// wantKilled has the same count made with less memory: the exporter is Ready, and the
// kernel ends it when it is asked to count, each time.
func (r *release) wantKilled(t *testing.T) {
	t.Helper()
	kubectl(t, "-n", r.namespace, "set", "resources", r.workload, "--limits=memory="+tooLittle, "--requests=memory="+tooLittle)
	r.rolledOut(t)
	if restarts := r.restarts(t); restarts != "0" {
		t.Fatalf("with %s of memory, %s restarts before anything was counted", tooLittle, restarts)
	}
	eventually(t, "the kernel ends an exporter that counts with too little memory", func() error {
		_, failed := r.scrape(t)
		const path = "{.items[*].status.containerStatuses[*].lastState.terminated.reason}"
		if reason := kubectl(t, "-n", r.namespace, "get", "pods", "-l", exporterLabel, "-o", "jsonpath="+path); reason != "OOMKilled" {
			return fmt.Errorf("the last end of the container: %q, a scrape failed: %t", reason, failed != nil)
		}
		return nil
	})
}

func (r *release) restarts(t *testing.T) string {
	t.Helper()
	return r.running(t, "{.items[0].status.containerStatuses[0].restartCount}")
}

// peakMemory is the most that the process has held in memory.
func peakMemory(t *testing.T, pid string) int {
	t.Helper()
	match := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindStringSubmatch(readFile(t, filepath.Join("/proc", pid, "status")))
	if match == nil {
		t.Fatal("the kernel does not say how much memory was taken")
	}
	kilobytes, err := strconv.Atoi(match[1])
	must(t, err)
	return kilobytes << 10
}

// simulatedCluster runs kubesim beside the exporter, and returns the Secret with
// its kubeconfig.
func simulatedCluster(t *testing.T, namespace string) string {
	t.Helper()
	apply(t, fmt.Sprintf(kubesimPod, namespace, simulatedPods))
	kubectl(t, "-n", namespace, "wait", "--for=condition=Ready", "pod/kubesim", "--timeout="+longestWait.String())
	address := "http://" + podIP(t, namespace, "kubesim") + ":8080"
	config := fmt.Sprintf(kubesimConfig, address)
	return secret(t, namespace, "pod-count-exporter-kubeconfigs", map[string]string{"kubesim.kubeconfig": config})
}

const oneReplica = `
- target: {kind: StatefulSet}
  patch: |
    apiVersion: apps/v1
    kind: StatefulSet
    metadata: {name: any}
    spec:
      replicas: 1
      template:
        spec:
          containers:
          - name: exporter
            env: [{name: POD_COUNT_EXPORTER_SHARD, value: auto/1}]
`

const kubesimPod = `apiVersion: v1
kind: Pod
metadata: {name: kubesim, namespace: %s}
spec:
  securityContext: {runAsNonRoot: true, runAsUser: 65532, seccompProfile: {type: RuntimeDefault}}
  containers:
  - name: kubesim
    image: localhost/kubesim:e2e
    args: ["--listen-address=:8080", "--nodes=1000", "--pods=%d", "--no-tls"]
    securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
    readinessProbe: {tcpSocket: {port: 8080}, periodSeconds: 1}
`

const kubesimConfig = `apiVersion: v1
kind: Config
current-context: simulated
contexts: [{name: simulated, context: {cluster: simulated, user: nobody}}]
clusters: [{name: simulated, cluster: {server: "%s"}}]
users: [{name: nobody, user: {}}]
`
