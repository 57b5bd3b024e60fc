//go:build e2e

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
)

// insideEnv is set in a test process that has namespaces of its own.
const insideEnv = "E2E_INSIDE"

// inNamespaces runs the test once more as the first process of namespaces of its
// own, for mounts, network and processes: what it starts, and what those start,
// ends with it, and so do their links, rules and mounts. It returns true within
// them. Outside, the test is over when it returns false.
func inNamespaces(t *testing.T) bool {
	t.Helper()
	if os.Getenv(insideEnv) == t.Name() {
		command(t, "ip", "link", "set", "lo", "up")
		return true
	}
	text, err := runInside(t, t.TempDir())
	switch {
	case err != nil:
		t.Fatalf("within namespaces: %v\n%s", err, text)
	case !strings.Contains(text, "--- PASS: "+t.Name()):
		t.Fatalf("within namespaces no test has passed:\n%s", text)
	}
	t.Log(text)
	return false
}

// runInside returns what the test prints within the namespaces. Its folders are below
// dir, which can be removed afterwards however it has ended: the mounts in them, which
// only the namespaces see, are gone by then. So is all that runs, also when this process
// is killed.
func runInside(t *testing.T, dir string) (string, error) {
	t.Helper()
	before := engineCgroups()
	// The kernel kills the child when the thread that started it is gone.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd := exec.CommandContext(t.Context(), "setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc",
		os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), insideEnv+"="+t.Name(), "TMPDIR="+dir)
	output, err := cmd.CombinedOutput()
	eventually(t, "the cgroups of its containers are gone", func() bool { return removeCgroups(before) })
	return string(output), err
}

// engineCgroups are those that podman has made, for which there are no namespaces here.
func engineCgroups() map[string]bool {
	all := map[string]bool{}
	for _, root := range []string{"/sys/fs/cgroup", "/sys/fs/cgroup/*"} {
		found, _ := filepath.Glob(root + "/libpod_parent/*/cgroup.procs") // the pattern is valid
		for _, path := range found {
			all[filepath.Dir(path)] = true
		}
	}
	return all
}

// removeCgroups removes those that were not there before, and says whether they are gone.
// One with a process in it is somebody else's: all of ours have ended.
func removeCgroups(before map[string]bool) bool {
	gone := true
	for dir := range engineCgroups() {
		if before[dir] {
			continue
		}
		below, _ := filepath.Glob(dir + "/*/cgroup.procs") // the pattern is valid
		for _, path := range append(below, filepath.Join(dir, "cgroup.procs")) {
			if processes, err := os.ReadFile(path); err == nil && len(processes) == 0 && os.Remove(filepath.Dir(path)) != nil {
				gone = false
			}
		}
	}
	return gone
}

// TestNamespacesLeaveNothing has a test fail midway, with a mount that a process of its
// holds, and a cgroup of the engine.
func TestNamespacesLeaveNothing(t *testing.T) {
	requireRoot(t, "unshare", "setpriv", "ip", "mount", "tail")
	cgroup := "/sys/fs/cgroup/memory/libpod_parent/e2e-" + t.Name()
	if _, err := os.Stat("/sys/fs/cgroup/cgroup.controllers"); err == nil {
		cgroup = "/sys/fs/cgroup/libpod_parent/e2e-" + t.Name()
	}
	if os.Getenv(insideEnv) == t.Name() {
		dir := t.TempDir()
		command(t, "mount", "-t", "tmpfs", "tmpfs", dir)
		holder := exec.Command("tail", "-f", "/dev/null") // it outlives the test
		holder.Dir = dir
		must(t, holder.Start())
		must(t, os.MkdirAll(cgroup, 0o755))
		t.Fatalf("its folder is %s", dir)
	}
	dir := t.TempDir()
	output, err := runInside(t, dir)
	folder := regexp.MustCompile(`its folder is (\S+)`).FindStringSubmatch(output)
	if err == nil || folder == nil || !strings.HasPrefix(folder[1], dir+"/") {
		t.Fatalf("%v, want a failure, and folders below %s:\n%s", err, dir, output)
	}
	must(t, os.RemoveAll(dir))
	if _, err := os.Stat(cgroup); err == nil {
		t.Errorf("the cgroup %s is left", cgroup)
	}
	running, err := filepath.Glob("/proc/[0-9]*/environ")
	must(t, err)
	for _, path := range running {
		if environ, err := os.ReadFile(path); err == nil && strings.Contains(string(environ), insideEnv+"="+t.Name()) { // it may have ended
			t.Errorf("%s still runs", filepath.Dir(path))
		}
	}
}

// requireRoot skips a test with the reason if this machine lacks what it needs.
// CI installs all of it, so there a skip is a fault.
func requireRoot(t *testing.T, programs ...string) {
	t.Helper()
	lacks := func(what string) {
		if os.Getenv("CI") != "" {
			t.Fatalf("%s is missing, and CI must have it", what)
		}
		t.Skipf("%s is missing", what)
	}
	if os.Geteuid() != 0 {
		lacks("the right to make namespaces (root)")
	}
	for _, name := range programs {
		if _, err := exec.LookPath(name); err != nil {
			lacks(name)
		}
	}
}
