package cluster_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kube-node-manager/pod_count_exporter/collector/cluster"
)

// heard keeps what plugins say.
type heard struct {
	mu    sync.Mutex
	lines []string
}

func (h *heard) tell(cluster, line string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.lines = append(h.lines, cluster+": "+line)
}

// hearing gives the cluster of a kubeconfig, whose plugin is heard.
func hearing(t *testing.T, plugins *cluster.Plugins, content string) cluster.Cluster {
	t.Helper()
	path := filepath.Join(files(t, map[string]string{"kubeconfig": content}), "kubeconfig")
	clusters, err := cluster.Load(cluster.Options{Kubeconfigs: []string{path}, Plugins: plugins})
	if err != nil {
		t.Fatal(err)
	}
	return clusters[0]
}

// fresh is a kubeconfig with a plugin that client-go does not know yet: it keeps
// those that it knows, with the standard error of a test that has ended.
func fresh(t *testing.T, kind string) string {
	t.Helper()
	return kubeconfig(`server: "https://127.0.0.1:1"`, execUser(kind, fmt.Sprintf(", args: [%q]", t.TempDir())))
}

func TestPluginIsHeard(t *testing.T) {
	t.Setenv("CLUSTER_TEST_VALUE", "value-of-the-process")
	t.Setenv("CLUSTER_TEST_KEY", "-----BEGIN KEY-----\nline-of-a-key\n-----END KEY-----\n")
	tests := []struct {
		name, kind string
		want       []string
	}{
		{"last line", "say lines", []string{"only: second"}},
		{"line without an end", "say open end", []string{"only: second"}},
		{"values of the environment", "say value", []string{"only: the value is *** (***)"}},
		{"a line of a value", "say line", []string{"only: *** is no key"}},
		{"more than a pipe holds", "say flood", []string{"only: the end"}},
		{"line of a MiB", "say long", []string{"only: a line of more than 4 KiB"}},
		{"what ends a reading here", "say marks", []string{"only: onetwothree"}},
		{"plugin that works", "token", []string{"only: " + canary}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var h heard
			c := hearing(t, cluster.NewPlugins(h.tell), fresh(t, tt.kind))
			client, base, err := c.Client()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := fetch(t.Context(), t, client, base.String()); err == nil || strings.Contains(err.Error(), "--log.level") {
				t.Errorf("the request ended with %v", err)
			}
			if !slices.Equal(h.lines, tt.want) {
				t.Errorf("heard %.300q, want %q", h.lines, tt.want)
			}
		})
	}
}

// Each failed request runs the plugin again; a line is reported once.
func TestPluginIsHeardAgain(t *testing.T) {
	var h heard
	plugins, content := cluster.NewPlugins(h.tell), fresh(t, "say lines")
	var clients []*http.Client
	for range 2 { // as after a reload: client-go runs the plugin of the first
		client, _, err := hearing(t, plugins, content).Client()
		if err != nil {
			t.Fatal(err)
		}
		clients = append(clients, client)
	}
	for range 3 {
		for _, client := range clients {
			if _, err := fetch(t.Context(), t, client, "https://127.0.0.1:1"); err == nil {
				t.Fatal("the request did not fail")
			}
		}
	}
	if want := slices.Repeat([]string{"only: second"}, 6); !slices.Equal(h.lines, want) {
		t.Errorf("heard %q", h.lines)
	}
}

// Requests at the same time, of clusters that share a plugin.
func TestPluginIsHeardAtTheSameTime(t *testing.T) {
	var h heard
	plugins := cluster.NewPlugins(h.tell)
	client, _, err := hearing(t, plugins, fresh(t, "say flood")).Client()
	if err != nil {
		t.Fatal(err)
	}
	var requests sync.WaitGroup
	for range 4 {
		requests.Go(func() {
			if _, err := fetch(t.Context(), t, client, "https://127.0.0.1:1"); err == nil {
				t.Error("the request did not fail")
			}
		})
	}
	requests.Wait()
	// client-go runs the plugin for one after the other. Which request gets a line is
	// chance, but it is always a whole line.
	whole := []string{"only: " + canary, "only: a line that is one of many", "only: the end"}
	if len(h.lines) == 0 || slices.ContainsFunc(h.lines, func(line string) bool { return !slices.Contains(whole, line) }) {
		t.Errorf("heard %q", h.lines)
	}
}

// A plugin leaves a process behind that prints without end. No request waits for it,
// whatever it prints, and neither does the end of the client.
func TestPluginLeavesAFlood(t *testing.T) {
	for name, what := range map[string]string{"of lines": "line\n", "of marks": "@", "of both": "line@\n@"} {
		t.Run(name, func(t *testing.T) {
			var h heard
			plugins, content := cluster.NewPlugins(h.tell), fresh(t, "leave "+what)
			client, _, err := hearing(t, plugins, content).Client()
			if err != nil {
				t.Fatal(err)
			}
			done := make(chan struct{})
			go func() {
				defer close(done)
				defer cluster.Release(client)
				for range 5 {
					if _, err := fetch(t.Context(), t, client, "https://127.0.0.1:1"); err == nil {
						t.Error("the request did not fail")
					}
				}
			}()
			select {
			case <-done:
			case <-time.After(10 * time.Second):
				t.Fatal("a request waits")
			}
		})
	}
}

func TestPluginIsNotHeard(t *testing.T) {
	_, err := get(t.Context(), t, load(t, fresh(t, "say lines")))
	checkRefusal(t, err, "", []string{"the credential plugin failed with exit code 1", "run with --log.level=debug"})
}

// client-go keeps every plugin that it has seen, but not an open file for each.
func TestPluginsShareOneFile(t *testing.T) {
	const many = 30
	users, contexts := "", ""
	for i := range many {
		users += fmt.Sprintf("- {name: u%d, user: {%s}}\n", i, execUser("token", fmt.Sprintf(", args: [%q, %q]", t.TempDir(), fmt.Sprint(i))))
		contexts += fmt.Sprintf("- {name: c%d, context: {cluster: c, user: u%d}}\n", i, i)
	}
	content := "apiVersion: v1\nkind: Config\nclusters: [{name: c, cluster: {server: \"https://127.0.0.1:1\"}}]\nusers:\n" + users + "contexts:\n" + contexts
	root := files(t, map[string]string{"kubeconfig": content})
	clusters, err := cluster.Load(cluster.Options{Kubeconfigs: []string{filepath.Join(root, "kubeconfig")}, AllContexts: true})
	if err != nil || len(clusters) != many {
		t.Fatal(len(clusters), err)
	}
	before := openFiles(t)
	for _, c := range clusters {
		if _, _, err := c.Client(); err != nil {
			t.Fatal(err)
		}
	}
	if more := openFiles(t) - before; more > 1 {
		t.Errorf("%d plugins hold %d files open", many, more)
	}
}

// The pipe of a plugin is closed with its last client. A later client has another
// one, which is read too.
func TestPluginsPipeGoesWithItsClients(t *testing.T) {
	var h heard
	plugins, content := cluster.NewPlugins(h.tell), fresh(t, "say lines")
	before := openFiles(t)
	for range 3 {
		var clients []*http.Client
		for range 2 {
			client, _, err := hearing(t, plugins, content).Client()
			if err != nil {
				t.Fatal(err)
			}
			clients = append(clients, client)
		}
		for i, client := range clients {
			if _, err := fetch(t.Context(), t, client, "https://127.0.0.1:1"); err == nil {
				t.Fatal("the request did not fail")
			}
			if more := openFiles(t) - before; more != 2 {
				t.Errorf("%d files are open with a client, want 2", more)
			}
			cluster.Release(client)
			cluster.Release(client)
			if _, err := fetch(t.Context(), t, client, "https://127.0.0.1:1"); err == nil || !strings.Contains(err.Error(), "used no more") {
				t.Errorf("client %d, after it is released: %v", i, err)
			}
		}
		if more := openFiles(t) - before; more != 0 {
			t.Errorf("%d files are open after the last client", more)
		}
	}
	if want := slices.Repeat([]string{"only: second"}, 6); !slices.Equal(h.lines, want) {
		t.Errorf("heard %q", h.lines)
	}
}

func openFiles(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/dev/fd")
	if err != nil {
		t.Skip("no list of open files")
	}
	return len(entries)
}
