//go:build e2e

package node

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestBase follows the steps of docs/operations.md: roll out, verify by the log
// and by the numbers, roll back. What the security context promises is read from
// the kernel.
func TestBase(t *testing.T) {
	requireNode(t)
	r := deploy(t, "base", settings{})
	r.wantRestricted(t)
	r.wantLogs(t)
	r.wantCount(t)
	r.wantForwarded(t)
	r.wantSealed(t)

	kubectl(t, "-n", r.namespace, "set", "image", r.workload, "exporter=localhost/pod_count_exporter:next")
	r.rolledOut(t)
	if image := r.image(t); image != "localhost/pod_count_exporter:next" {
		t.Errorf("after the change the image is %s", image)
	}
	r.wantCount(t)
	kubectl(t, "-n", r.namespace, "rollout", "undo", r.workload)
	r.rolledOut(t)
	if image := r.image(t); image != "localhost/pod_count_exporter:e2e" {
		t.Errorf("after the way back the image is %s", image)
	}
	r.wantCount(t)
}

func (r *release) image(t *testing.T) string {
	t.Helper()
	return r.running(t, "{.items[0].spec.containers[0].image}")
}

func (r *release) pod(t *testing.T) string {
	t.Helper()
	return r.running(t, "{.items[0].metadata.name}")
}

// running reads from the exporter's pods, without those that have ended.
func (r *release) running(t *testing.T, path string) string {
	t.Helper()
	return kubectl(t, "-n", r.namespace, "get", "pods", "-l", exporterLabel, "--field-selector=status.phase=Running", "-o", "jsonpath="+path)
}

func (r *release) scrape(t *testing.T) (string, error) {
	t.Helper()
	return get(t, "http://"+podIP(t, r.namespace, r.pod(t))+":10120/metrics")
}

// wantRestricted sees its namespace refuse a pod that asks for nothing to be taken away,
// as the exporter's does.
func (r *release) wantRestricted(t *testing.T) {
	t.Helper()
	pod := fmt.Sprintf(unrestrictedPod, r.namespace)
	if _, err := tryKubectl(t.Context(), pod, "create", "--dry-run=server", "-f", "-"); err == nil || !strings.Contains(err.Error(), `violates PodSecurity "restricted:`) {
		t.Errorf("creating a pod without a security context: %v, want it to be refused", err)
	}
}

const unrestrictedPod = `apiVersion: v1
kind: Pod
metadata: {name: unrestricted, namespace: %s}
spec:
  containers: [{name: pause, image: "localhost/pause:1"}]
`

// wantLogs looks for the lines that the operating guide names.
func (r *release) wantLogs(t *testing.T) {
	t.Helper()
	eventually(t, "a count is in the log", func() error {
		_, err := r.scrape(t) // counts are made for those who ask
		logs := kubectl(t, "-n", r.namespace, "logs", r.workload)
		for _, line := range []string{"Starting paginated pod count", "Completed paginated pod count", "Successfully enriched nodes with metrics"} {
			if err == nil && !strings.Contains(logs, line) {
				err = fmt.Errorf("no line %q in %s", line, logs)
			}
		}
		return err
	})
}

// wantCount compares with kubectl describe node.
func (r *release) wantCount(t *testing.T) {
	t.Helper()
	pattern := regexp.MustCompile(`(?m)^node_active_pods\{cluster="` + r.cluster + `",node="` + nodeName + `"\} (\d+)$`)
	eventually(t, "the count is what kubectl describe node says", func() error {
		want, err := describedPods(t, r)
		if err != nil {
			return err
		}
		body, err := r.scrape(t)
		if err != nil {
			return err
		}
		match := pattern.FindStringSubmatch(body)
		if match == nil || match[1] != strconv.Itoa(want) || !strings.Contains(body, "\npod_count_success{cluster=\""+r.cluster+"\"} 1\n") {
			return fmt.Errorf("series %v, want %d", match, want)
		}
		return nil
	})
}

// wantForwarded asks through the Service from outside of the cluster.
func (r *release) wantForwarded(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cmd := exec.CommandContext(ctx, "kubectl", "-n", r.namespace, "port-forward", "service/"+r.name(), "10121:10120")
	must(t, cmd.Start())
	defer func() {
		cancel()
		_ = cmd.Wait() // it was killed
	}()
	eventually(t, "the Service's port is forwarded", func() error {
		body, err := get(t, "http://127.0.0.1:10121/metrics")
		if err == nil && !strings.Contains(body, "\npod_count_success{") {
			err = fmt.Errorf("no pod_count_success in %.300s", body)
		}
		return err
	})
}

// wantSealed reads from /proc and the cgroups what holds the exporter's process.
func (r *release) wantSealed(t *testing.T) {
	t.Helper()
	pid := r.process(t)
	status := readFile(t, filepath.Join("/proc", pid, "status"))
	for _, want := range []string{"Uid:\t65532\t", "Gid:\t65532\t", "CapEff:\t0000000000000000\n", "CapBnd:\t0000000000000000\n", "NoNewPrivs:\t1\n", "Seccomp:\t2\n"} {
		if !strings.Contains(status, want) {
			t.Errorf("no %q in the status of the process:\n%s", want, status)
		}
	}
	mounts := readFile(t, filepath.Join("/proc", pid, "mounts"))
	if !regexp.MustCompile(`(?m)^\S+ / \S+ ro,`).MatchString(mounts) {
		t.Errorf("the root file system is not read-only:\n%s", mounts)
	}
	const limit = 128 << 20
	if got := memoryLimit(t, pid); got != limit {
		t.Errorf("the memory limit is %d, want %d", got, limit)
	}
}

// process is the number of the exporter's process.
func (r *release) process(t *testing.T) string {
	t.Helper()
	uid := kubectl(t, "-n", r.namespace, "get", "pod", r.pod(t), "-o", "jsonpath={.metadata.uid}")
	files, err := filepath.Glob("/proc/[0-9]*/cgroup")
	must(t, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil || !strings.Contains(string(text), "/pod"+uid+"/") {
			continue // ended, or another pod's
		}
		dir := filepath.Dir(file)
		if command, err := os.ReadFile(filepath.Join(dir, "comm")); err == nil && strings.HasPrefix(string(command), "pod_count") {
			return filepath.Base(dir)
		}
	}
	t.Fatalf("no process of pod %s", uid)
	return ""
}

// memoryLimit is the kernel's, with either version of cgroups.
func memoryLimit(t *testing.T, pid string) int {
	t.Helper()
	for line := range strings.Lines(readFile(t, filepath.Join("/proc", pid, "cgroup"))) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		file := ""
		switch {
		case strings.Contains(","+parts[1]+",", ",memory,"):
			file = filepath.Join("/sys/fs/cgroup/memory", parts[2], "memory.limit_in_bytes")
		case parts[1] == "":
			file = filepath.Join("/sys/fs/cgroup", parts[2], "memory.max")
		}
		data, err := os.ReadFile(file)
		if err != nil {
			continue // hybrid: no memory controller here
		}
		limit, err := strconv.Atoi(strings.TrimSpace(string(data)))
		must(t, err)
		return limit
	}
	t.Fatal("no memory limit")
	return 0
}
