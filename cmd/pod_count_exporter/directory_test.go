package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/kube-node-manager/pod_count_exporter/collector/cluster"
)

// Files that are not kubeconfigs are left out of a directory, and logged once.
func TestDirectoryLeavesOut(t *testing.T) {
	server := httptest.NewServer(simulated(t))
	t.Cleanup(server.Close)
	good := contextOf("a", at(server.URL), "")
	others := map[string]string{
		"config.lock": "", "config.bak": good, "config~": good, "README.txt": "contexts: those of the team\nusers: all {", "notes.md": "# clusters",
		"kubectx": "a", "state.json": `{"version": 3, "serial": 7}`, "binary": "\x00\x01\xff", "empty": "",
		"only-users.yaml": "apiVersion: v1\nkind: Config\nusers: [{name: u, user: {}}]\n",
	}
	dir := directory(t, others)
	put(t, filepath.Join(dir, "a.yaml"), good)
	put(t, filepath.Join(dir, ".a.yaml.swp"), "contexts: [")
	if err := os.Mkdir(filepath.Join(dir, "folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	e := start(t, "--kubeconfig="+dir)
	e.reload(t, http.StatusOK, "reloaded")
	body := e.await(t, "/metrics", `pod_count_success{cluster="a"} 1`)
	for series, want := range map[string]string{"pod_count_clusters": "1", "pod_count_config_last_reload_successful": "1", "pod_count_config_invalid_contexts": "0"} {
		if got := sample(body, series); got != want {
			t.Errorf("%s is %s, want %s", series, got, want)
		}
	}
	const message = `msg="Left out what is no kubeconfig" file=`
	for _, name := range append(sortedNames(others), "folder", "pipe") {
		if said := strings.Count(e.log.String(), message+filepath.Join(dir, name)+" why="); said != 1 {
			t.Errorf("%s was left out %d times:\n%s", name, said, e.log)
		}
	}
	if said := strings.Count(e.log.String(), message); said != len(others)+2 {
		t.Errorf("%d files were left out, want %d:\n%s", said, len(others)+2, e.log)
	}
}

func sortedNames(files map[string]string) (names []string) {
	for name := range files {
		names = append(names, name)
	}
	return names
}

// A kubeconfig that cannot be read any more changes nothing, whatever the cause.
// Those beside it are counted on.
func TestUnreadableKubeconfigKeepsItsCluster(t *testing.T) {
	server := httptest.NewServer(simulated(t))
	t.Cleanup(server.Close)
	good := func(name string) string { return contextOf(name, at(server.URL), "") }
	do := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, spoil := range map[string]func(path string){
		"link that leads nowhere": func(path string) { do(os.Symlink("gone", path)) },
		"link to itself":          func(path string) { do(os.Symlink(path, path)) },
		"directory":               func(path string) { do(os.Mkdir(path, 0o700)) },
		"empty file":              func(path string) { put(t, path, "") },
		"half a file":             func(path string) { put(t, path, good("b")[:150]) },
		"no kubeconfig":           func(path string) { put(t, path, "b\n") },
		"no contexts":             func(path string) { put(t, path, "apiVersion: v1\nkind: Config\n") },
		"no current context":      func(path string) { put(t, path, strings.Replace(good("b"), "current-context: b", "", 1)) },
		"named pipe":              func(path string) { do(syscall.Mkfifo(path, 0o600)) },
		"more than 8 MiB":         func(path string) { put(t, path, good("b")+strings.Repeat("#", 8<<20)) },
	} {
		for _, place := range []string{"directory", "flag", "variable"} {
			t.Run(name+" of a "+place, func(t *testing.T) {
				dir := directory(t, map[string]string{"a": good("a"), "b": good("b")})
				a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
				env, args := noEnv(), []string(nil)
				if place == "variable" { // whose one current context is a's
					args = []string{"--kubernetes.all-contexts"}
				}
				switch place {
				case "directory":
					args = append(args, "--kubeconfig="+dir)
				case "flag":
					args = append(args, "--kubeconfig="+a, "--kubeconfig="+b)
				case "variable":
					env = kubeconfigVariable(a + ":" + b)
				}
				if place != "directory" && name == "named pipe" || place == "variable" && name == "no current context" {
					t.Skip("a pipe that is named is read, and one current context is enough")
				}
				e := startIn(t, env, args...)
				e.wantClusters(t, "1", "a", "b")
				do(os.Remove(b))
				spoil(b)
				put(t, a, strings.ReplaceAll(good("a"), ": a", ": a2"))
				e.reload(t, http.StatusInternalServerError, b)
				e.wantClusters(t, "0", "a2", "b")
				do(os.RemoveAll(b))
				put(t, b, good("b"))
				e.reload(t, http.StatusOK, "reloaded")
				e.wantClusters(t, "1", "a2", "b")
			})
		}
	}
}

// kubeconfigVariable is an environment with KUBECONFIG.
func kubeconfigVariable(list string) cluster.Env {
	env := noEnv()
	env.Getenv = func(name string) string { return map[string]string{"KUBECONFIG": list}[name] }
	return env
}

// wantClusters requires these clusters and no others, each with its nodes, and that
// the last reload was successful or not.
func (e *exporter) wantClusters(t *testing.T, successful string, names ...string) {
	t.Helper()
	shown, got := e.shown(t, names...)
	_, body := e.get(t, "/metrics")
	if all := sample(body, "pod_count_clusters"); strings.Join(shown, " ") != strings.Join(names, " ") || all != fmt.Sprint(len(names)) || got != successful {
		t.Errorf("clusters %q of %s, want %q; last reload successful %s, want %s", shown, all, names, got, successful)
	}
}

// An empty directory is a mount point without its mount. A kubeconfig that is removed
// was meant to go.
func TestDirectoryThatEmpties(t *testing.T) {
	server := httptest.NewServer(simulated(t))
	t.Cleanup(server.Close)
	good := func(name string) string { return contextOf(name, at(server.URL), "") }
	dir := directory(t, map[string]string{"a": good("a"), "b": good("b"), "README.txt": "x"})
	e := start(t, "--kubeconfig="+dir)
	e.wantClusters(t, "1", "a", "b")
	for _, step := range []struct {
		name   string
		do     func() error
		status int
		says   string
		want   []string
	}{
		{"one goes", func() error { return os.Remove(filepath.Join(dir, "b")) }, 200, "reloaded", []string{"a"}},
		{"the last one goes", func() error { return os.Remove(filepath.Join(dir, "a")) }, 500, dir, []string{"a"}},
		{"the directory goes", func() error { return os.RemoveAll(dir) }, 500, dir, []string{"a"}},
		{"a file in its place", func() error { return os.WriteFile(dir, []byte(good("c")), 0o600) }, 500, dir, []string{"a"}},
		{"another mount", func() error {
			if err := os.Remove(dir); err != nil {
				return err
			}
			return os.CopyFS(dir, os.DirFS(directory(t, map[string]string{"c": good("c")})))
		}, 200, "reloaded", []string{"c"}},
	} {
		if err := step.do(); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		e.reload(t, step.status, step.says)
		if clusters, _ := e.shown(t, "a", "b", "c"); strings.Join(clusters, " ") != strings.Join(step.want, " ") {
			t.Errorf("%s: clusters %q, want %q", step.name, clusters, step.want)
		}
	}
}

// Each of many reloads at once answers with its own result.
func TestConcurrentReloadsTellTheirOwnOutcome(t *testing.T) {
	server := httptest.NewServer(simulated(t))
	t.Cleanup(server.Close)
	path := write(t, "kubeconfig", contextOf("a", at(server.URL), ""))
	e := start(t, "--kubeconfig="+path)
	all := func(status int, says string) {
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() { e.reload(t, status, says) })
		}
		group.Wait()
	}
	all(http.StatusOK, "reloaded")
	put(t, path, "contexts: [")
	all(http.StatusInternalServerError, path)
	put(t, path, contextOf("a", at(server.URL), ""))
	all(http.StatusOK, "reloaded")
}
