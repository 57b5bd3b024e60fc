//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// plugin is a run of kubectl that finds kubectl-pod_count, and its completion, in
// the PATH.
type plugin struct {
	stdout, stderr bytes.Buffer
	cmd            *exec.Cmd
}

func newPlugin(t *testing.T, kubeconfig string, args ...string) *plugin {
	t.Helper()
	bin, err := filepath.Abs(os.Getenv("BIN_DIR"))
	must(t, err)
	completion, err := filepath.Abs("../cmd/kubectl-pod_count")
	must(t, err)
	p := &plugin{}
	p.cmd = exec.CommandContext(t.Context(), filepath.Join(bin, "kubectl"), args...)
	p.cmd.Stdout, p.cmd.Stderr = &p.stdout, &p.stderr
	path := strings.Join([]string{bin, completion, os.Getenv("PATH")}, string(filepath.ListSeparator))
	p.cmd.Env = append(os.Environ(), "PATH="+path, "KUBECONFIG="+kubeconfig, "HOME="+t.TempDir())
	return p
}

// wait returns the exit code.
func (p *plugin) wait(t *testing.T) int {
	t.Helper()
	err := p.cmd.Wait()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return p.cmd.ProcessState.ExitCode()
}

// runPlugin runs kubectl with these arguments, and wants an exit code.
func runPlugin(t *testing.T, kubeconfig string, code int, args ...string) *plugin {
	t.Helper()
	p := newPlugin(t, kubeconfig, args...)
	must(t, p.cmd.Start())
	if got := p.wait(t); got != code {
		t.Fatalf("kubectl %q: exit code %d, want %d\n%s%s", args, got, code, p.stdout.String(), p.stderr.String())
	}
	return p
}

// counted is what "kubectl pod-count -o json" says, in the form of the truth.
func (p *plugin) counted(t *testing.T) truth {
	t.Helper()
	var doc struct {
		Clusters []struct {
			ActivePods, UnscheduledPods, UnknownNodePods float64
			Nodes                                        []struct {
				Name            string
				ActivePods      float64
				AllocatablePods *float64
			}
		}
	}
	must(t, json.Unmarshal(p.stdout.Bytes(), &doc))
	if len(doc.Clusters) != 1 {
		t.Fatalf("%d clusters, want 1", len(doc.Clusters))
	}
	c := doc.Clusters[0]
	got := truth{
		Nodes: map[string]float64{}, Allocatable: map[string]float64{}, UnscheduledPods: c.UnscheduledPods, UnknownNodePods: c.UnknownNodePods,
		ActivePods: c.ActivePods - c.UnknownNodePods,
	}
	for _, node := range c.Nodes {
		got.Nodes[node.Name] = node.ActivePods
		if node.AllocatablePods != nil {
			got.Allocatable[node.Name] = *node.AllocatablePods
		}
	}
	return got
}

// TestPlugin has a real kubectl find the plugin and run it on a real API server.
func TestPlugin(t *testing.T) {
	t.Parallel()
	cp := startControlPlane(t, clusterArgs(7, 12, 1000)...)
	kubeconfig := cp.api.account(t, "person", "pods", "nodes")

	listed := runPlugin(t, kubeconfig, 0, "plugin", "list")
	if !strings.Contains(listed.stdout.String(), "/kubectl-pod_count\n") || strings.Contains(listed.stderr.String(), "pod_count") {
		t.Errorf("kubectl plugin list:\n%s%s", listed.stdout.String(), listed.stderr.String())
	}
	wantTruth(t, runPlugin(t, kubeconfig, 0, "pod-count", "-o=json", "--page-size=100").counted(t), cp.truth)

	var node string
	for node = range cp.truth.Nodes {
		break
	}
	one := runPlugin(t, kubeconfig, 0, "pod-count", node, "-o", "json")
	wantEqual(t, "one node", one.counted(t).Nodes, map[string]float64{node: cp.truth.Nodes[node]})
	if strings.Contains(one.stdout.String(), "unscheduledPods") {
		t.Errorf("unscheduled pods of one node:\n%s", one.stdout.String())
	}
	wantEqual(t, "nodes without a label", runPlugin(t, kubeconfig, 0, "pod-count", "-l", "!no-such-label", "-o", "json").counted(t).Nodes, cp.truth.Nodes)
	wantEqual(t, "nodes with it", runPlugin(t, kubeconfig, 0, "pod-count", "-l", "no-such-label", "-o", "json").counted(t).Nodes, map[string]float64{})
	missing := runPlugin(t, kubeconfig, 1, "pod-count", "no-such-node")
	if !strings.Contains(missing.stderr.String(), `node "no-such-node": not found`) {
		t.Errorf("standard error: %s", missing.stderr.String())
	}
	table := runPlugin(t, kubeconfig, 0, "pod-count")
	if !strings.HasPrefix(table.stdout.String(), "NODE ") || strings.Contains(table.stdout.String(), "\x1b") || table.stderr.Len() > 0 {
		t.Errorf("in a pipe:\n%s%s", table.stdout.String(), table.stderr.String())
	}
}

// TestPluginRights uses accounts that may list less.
func TestPluginRights(t *testing.T) {
	t.Parallel()
	cp := startControlPlane(t, clusterArgs(8, 5, 100)...)
	pods := runPlugin(t, cp.api.account(t, "pods-only", "pods"), 0, "pod-count", "-o", "json")
	if got := pods.counted(t); got.ActivePods+got.UnknownNodePods != cp.truth.ActivePods+cp.truth.UnknownNodePods || len(got.Allocatable) > 0 {
		t.Errorf("%v active pods, want %v; allocatable: %v", got.ActivePods, cp.truth.ActivePods+cp.truth.UnknownNodePods, got.Allocatable)
	}
	if !strings.Contains(pods.stderr.String(), "you may not list nodes") {
		t.Errorf("standard error: %s", pods.stderr.String())
	}
	nothing := runPlugin(t, cp.api.account(t, "nobody"), 1, "pod-count")
	if !strings.Contains(nothing.stderr.String(), "forbidden") || !strings.Contains(nothing.stderr.String(), "try: -n NAMESPACE") || nothing.stdout.Len() > 0 {
		t.Errorf("output: %s; standard error: %s", nothing.stdout.String(), nothing.stderr.String())
	}
}

// TestPluginCompletion asks kubectl itself, as a shell does.
func TestPluginCompletion(t *testing.T) {
	t.Parallel()
	cp := startControlPlane(t, clusterArgs(9, 5, 10)...)
	kubeconfig := cp.api.account(t, "person", "pods", "nodes", "namespaces")
	for _, tt := range []struct {
		words []string
		want  string
	}{
		{[]string{"-o", "j"}, "json"},
		{[]string{"--context", ""}, "jobsscz-k8s-cluster"},
		{[]string{"-n", "kube-s"}, "kube-system"},
	} {
		got := runPlugin(t, kubeconfig, 0, append([]string{"__complete", "pod-count"}, tt.words...)...)
		if lines := strings.Split(got.stdout.String(), "\n"); !slices.Contains(lines, tt.want) || !slices.Contains(lines, ":4") {
			t.Errorf("%q: %q, want %s among them", tt.words, lines, tt.want)
		}
	}
	nodes := runPlugin(t, kubeconfig, 0, "__complete", "pod-count", "")
	for node := range cp.truth.Nodes {
		if !strings.Contains(nodes.stdout.String(), node+"\n") {
			t.Errorf("%s is not among %q", node, nodes.stdout.String())
		}
	}
}

// TestPluginInterrupted sends what Ctrl-C sends to a count of a slow cluster.
func TestPluginInterrupted(t *testing.T) {
	t.Parallel()
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	sim := start(t, filepath.Join(os.Getenv("BIN_DIR"), "kubesim"), "--kubeconfig-out="+kubeconfig, "--latency=1m")
	sim.await(t, "kubesim: cluster")
	p := newPlugin(t, kubeconfig, "pod-count", "--page-timeout=2m")
	must(t, p.cmd.Start())
	// Until kubectl has become the plugin, which is when the signal has a meaning.
	eventually(t, "the plugin runs", func() bool {
		command, err := os.ReadFile(filepath.Join("/proc", pid(p.cmd), "cmdline"))
		return err == nil && strings.Contains(string(command), "kubectl-pod_count") && connected(t, p.cmd)
	})
	must(t, p.cmd.Process.Signal(syscall.SIGINT))
	if code := p.wait(t); code != 130 || !strings.Contains(p.stderr.String(), "interrupted while reading the nodes") || p.stdout.Len() > 0 {
		t.Errorf("exit code %d, output %q, standard error %q", code, p.stdout.String(), p.stderr.String())
	}
}

func pid(cmd *exec.Cmd) string { return strconv.Itoa(cmd.Process.Pid) }

// connected says whether the process has a socket, which is when it has set up all
// else.
func connected(t *testing.T, cmd *exec.Cmd) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("/proc", pid(cmd), "fd", "*"))
	must(t, err)
	return slices.ContainsFunc(files, func(file string) bool {
		target, err := os.Readlink(file)
		return err == nil && strings.HasPrefix(target, "socket:")
	})
}

// TestPluginWatch follows a real API server in a pipe, through its changes.
func TestPluginWatch(t *testing.T) {
	t.Parallel()
	cp := startControlPlane(t, clusterArgs(10, 5, 100)...)
	kubeconfig := cp.api.account(t, "watcher", "pods", "nodes")
	mayWatch := object{"apiGroups": []string{""}, "resources": []string{"pods", "nodes"}, "verbs": []string{"list", "watch"}}
	cp.api.patch(t, "/apis/rbac.authorization.k8s.io/v1/clusterroles/watcher", object{"rules": []object{mayWatch}})
	node := slices.Sorted(maps.Keys(cp.truth.Nodes))[0]
	was := int(cp.truth.Nodes[node])
	all, one := watchPlugin(t, kubeconfig), watchPlugin(t, kubeconfig, node)
	all.awaitLine(t, node, was, "")
	one.awaitLine(t, node, was, "")

	writer := podWriter{api: cp.api, names: names("watched")}
	_, err := writer.create(t.Context(), node)
	must(t, err)
	all.awaitLine(t, node, was+1, "+1")
	one.awaitLine(t, node, was+1, "+1")
	cp.api.create(t, "/api/v1/nodes", object{"metadata": object{"name": "brand-new"}})
	all.awaitLine(t, "brand-new", 0, "new")
	cp.api.remove(t, "/api/v1/nodes/brand-new", 0)
	eventually(t, "the node is gone", func() bool { return strings.Contains(all.stdout.String(), "   gone\n") })
	for _, p := range []*watchedPlugin{all, one} {
		must(t, p.cmd.Process.Signal(syscall.SIGINT))
		if code := p.wait(t); code != 130 || !strings.Contains(p.stderr.String(), ": followed for ") {
			t.Errorf("exit code %d, standard error %q", code, p.stderr.String())
		}
	}
	if text := one.stdout.String(); strings.Count(text, node) != strings.Count(text, "\n")-1 {
		t.Errorf("other nodes than %s are in\n%s", node, text)
	}

	listing := watchPlugin(t, cp.api.account(t, "lister", "pods", "nodes"))
	listing.awaitLine(t, node, was+1, "")
	eventually(t, "it is said that it may not watch", func() bool {
		return strings.Contains(listing.stderr.String(), "not live, but counted every 30s: watch of ") && strings.Contains(listing.stderr.String(), "forbidden")
	})
	must(t, listing.cmd.Process.Signal(syscall.SIGINT))
	if code := listing.wait(t); code != 130 {
		t.Errorf("exit code %d", code)
	}
}

// watchedPlugin is a run whose output can be read while it is written.
type watchedPlugin struct {
	*plugin
	stdout, stderr *transcript
}

func watchPlugin(t *testing.T, kubeconfig string, args ...string) *watchedPlugin {
	t.Helper()
	p := &watchedPlugin{plugin: newPlugin(t, kubeconfig, append([]string{"pod-count", "--watch"}, args...)...), stdout: newTranscript(), stderr: newTranscript()}
	p.cmd.Stdout, p.cmd.Stderr = p.stdout, p.stderr
	must(t, p.cmd.Start())
	return p
}

// awaitLine waits for the line of a node with so many pods.
func (p *watchedPlugin) awaitLine(t *testing.T, node string, pods int, change string) {
	t.Helper()
	line := regexp.MustCompile(fmt.Sprintf(`(?m)^\S+Z   %s +%d .*%s$`, regexp.QuoteMeta(node), pods, regexp.QuoteMeta(change)))
	eventually(t, fmt.Sprintf("a line of %s with %d pods", node, pods), func() bool { return line.MatchString(p.stdout.String()) })
}
