//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// kubectl runs the real one with a KUBECONFIG, and returns the words of its answer.
func kubectl(t *testing.T, list string, args ...string) []string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), filepath.Join(os.Getenv("BIN_DIR"), "kubectl"), args...)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+list, "HOME="+t.TempDir())
	output, err := cmd.Output()
	if err != nil {
		t.Fatalf("kubectl %q with KUBECONFIG=%s: %v", args, list, err)
	}
	words := strings.Fields(string(output))
	slices.Sort(words)
	return words
}

// asked notes the first element of the paths that it is asked for.
type asked struct {
	mu    sync.Mutex
	paths map[string]bool
}

func (a *asked) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.paths[strings.Split(r.URL.Path, "/")[1]] = true
	w.WriteHeader(http.StatusTeapot)
}

func (a *asked) all() (paths []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for path := range a.paths {
		paths = append(paths, path)
	}
	slices.Sort(paths)
	return paths
}

// randomList writes files that hold parts of kubeconfigs, some entries in several of
// them, and returns a list of them, one of which does not exist. Every cluster has a
// path of its own on server. The last file makes whole what the others lack.
func randomList(t *testing.T, random *rand.Rand, server string) string {
	t.Helper()
	dir := t.TempDir()
	paths := []string{filepath.Join(dir, "gone")}
	names := []string{"a", "b", "c"}
	for i := range 4 {
		var file strings.Builder
		whole := i == 3
		some := func() []string {
			if whole {
				return names
			}
			return names[:random.IntN(len(names)+1)]
		}
		if whole || random.IntN(2) == 0 {
			fmt.Fprintf(&file, "apiVersion: v1\nkind: Config\ncurrent-context: %s-context\nclusters:\n", names[random.IntN(len(names))])
			for _, name := range some() {
				fmt.Fprintf(&file, "- {name: %s, cluster: {server: %s/%s-%d}}\n", name, server, name, i)
			}
			fmt.Fprintf(&file, "users:\n- {name: u, user: {username: u%d, password: p}}\ncontexts:\n", i)
			for _, name := range some() {
				fmt.Fprintf(&file, "- {name: %s-context, context: {cluster: %s, user: u}}\n", name, name)
			}
		}
		path := filepath.Join(dir, fmt.Sprint("file", i))
		must(t, os.WriteFile(path, []byte(file.String()), 0o600))
		paths = append(paths, path)
	}
	random.Shuffle(len(paths)-1, func(i, j int) { paths[i], paths[j] = paths[j], paths[i] })
	return strings.Join(paths, ":")
}

// TestKubeconfigListsAsKubectl holds the contexts that are found in lists of
// kubeconfigs, and the servers that they lead to, against kubectl.
func TestKubeconfigListsAsKubectl(t *testing.T) {
	t.Parallel()
	for seed := range uint64(12) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			server := &asked{paths: make(map[string]bool)}
			listening := httptest.NewServer(server)
			t.Cleanup(listening.Close)
			list := randomList(t, rand.New(rand.NewPCG(seed, 1)), listening.URL)

			e := serving(t, start(t, "env", "KUBECONFIG="+list, program(t, "EXPORTER_BIN"), "--web.listen-address=127.0.0.1:0",
				"--kubernetes.all-contexts", "--collector.page-attempts=1"))
			var servers []string
			for _, name := range kubectl(t, list, "config", "get-contexts", "-o", "name") {
				found := kubectl(t, list, "--context="+name, "config", "view", "--minify", "-o", "jsonpath={.clusters[0].cluster.server}")
				servers = append(servers, strings.TrimPrefix(found[0], listening.URL+"/"))
			}
			if current, found := kubectl(t, list, "config", "current-context"), currentOf(t, list); !slices.Equal(current, found) {
				t.Errorf("the current context is %q, kubectl has %q", found, current)
			}
			if got, want := e.contexts(t), kubectl(t, list, "config", "get-contexts", "-o", "name"); !slices.Equal(got, want) {
				t.Errorf("contexts %q, kubectl has %q", got, want)
			}
			slices.Sort(servers)
			eventually(t, "every context's server is asked", func() bool { return slices.Equal(server.all(), servers) })
		})
	}
}

// currentOf is the context that an exporter finds that is not told to take all.
func currentOf(t *testing.T, list string) []string {
	t.Helper()
	one := serving(t, start(t, "env", "KUBECONFIG="+list, program(t, "EXPORTER_BIN"), "--web.listen-address=127.0.0.1:0", "--collector.page-attempts=1"))
	return one.contexts(t)
}

// contexts are the clusters of the API, by name.
func (e *exporter) contexts(t *testing.T) (names []string) {
	t.Helper()
	_, body := e.request(t, http.MethodGet, "/api/v1/clusters")
	var answer struct{ Clusters []struct{ Cluster string } }
	must(t, json.Unmarshal(body, &answer))
	for _, c := range answer.Clusters {
		names = append(names, c.Cluster)
	}
	slices.Sort(names)
	return names
}
