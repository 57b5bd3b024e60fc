package docs

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/kube-node-manager/pod_count_exporter/internal/kubesim"
)

// trial is how a test tries a command of README.
type trial struct {
	needs string                                     // what the paragraph before it must say
	try   func(t *testing.T, at *place, line string) // nil when another line of the table tries it too
}

// place is where commands are run: the folder of the sources, a folder with the
// programs in bin, and a home with the kubeconfig of a simulated cluster.
type place struct {
	source, dir, home string
	env               []string
}

// trials has each line of README's commands. What needs a cluster or a container
// engine is tried end to end; here what it names must exist.
func trials() map[string]trial {
	const tools = "Go 1.26 or newer, git, make and curl"
	return map[string]trial{
		"git clone https://github.com/kube-node-manager/pod_count_exporter": {tools, clones},
		"cd pod_count_exporter": {tools, enters},
		"make run":              {tools, runs},
		"curl -s http://127.0.0.1:10120/metrics | grep '^node_active_pods'": {"", nil}, // with make run
		"make build": {"Needs Go and a kubeconfig", builds},
		`bin/pod_count_exporter --kubeconfig="$HOME/.kube/config"`: {"Needs Go and a kubeconfig", serves},
		"bin/kubectl-pod_count --summary":                          {"Needs Go and a kubeconfig", summarizes},
		"make image":                                               {"Needs a container engine", wantTarget},
		`docker run --rm --user "$(id -u)" --publish 127.0.0.1:10120:10120 --volume "$HOME/.kube/config:/kubeconfig:ro" pod_count_exporter:0.2.0 --kubeconfig=/kubeconfig`:                                                   {"Needs a container engine", wantImage},
		"helm install pod-count-exporter deploy/helm/pod-count-exporter --namespace monitoring --create-namespace --set image.repository=example.com/team/pod_count_exporter --set config.kubernetes.clusterName=production": {"Needs a cluster, Helm", wantValues},
		"kubectl apply -k my-overlay": {"Needs a cluster, kubectl", nil}, // wants a folder of one's own
		`EXPORTER_USER="$(id -u):$(id -g)" KUBECONFIG_FILE="$HOME/.kube/config" docker compose -p pod-count-exporter -f deploy/docker/compose.yaml up --detach --build`: {"Needs a container engine with Compose", wantCompose},
		"docker compose -p pod-count-exporter -f deploy/docker/compose.yaml --profile demo up --build":                                                                  {"a simulated cluster", wantCompose},
	}
}

// TestREADMECommands tries each command of README in order, in an empty folder, as a
// newcomer does. One that is not in the table fails, and so does a line of the table
// that README has not.
func TestREADMECommands(t *testing.T) {
	tools(t, "make", "bash", "curl", "git")
	at := newPlace(t)
	at.publish(t)
	left := trials()
	for _, b := range parse(t, "README.md").blocks {
		if b.language != "sh" {
			if !slices.Contains([]string{"text", "promql", "yaml"}, b.language) {
				t.Errorf("a block of %q, want sh for commands, or text, promql or yaml", b.language)
			}
			continue
		}
		for line := range strings.SplitSeq(b.text, "\n") {
			tried, known := trials()[line]
			if !known {
				t.Errorf("nothing tries the command %q", line)
				continue
			}
			if !strings.Contains(b.before, tried.needs) {
				t.Errorf("%s: the paragraph before it does not say %q: %s", line, tried.needs, b.before)
			}
			if _, first := left[line]; first && tried.try != nil {
				t.Run(line, func(t *testing.T) { tried.try(t, at, line) })
			}
			delete(left, line)
		}
	}
	for line := range left {
		t.Errorf("README has no command %q", line)
	}
}

func newPlace(t *testing.T) *place {
	t.Helper()
	at := &place{source: checkout, dir: t.TempDir(), home: t.TempDir()}
	sim, err := kubesim.New(kubesim.Config{Cluster: "readme", Nodes: 3, Pods: 25, Finished: 4, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(sim)
	t.Cleanup(server.Close)
	if err := os.Mkdir(filepath.Join(at.home, ".kube"), 0o700); err != nil {
		t.Fatal(err)
	}
	kubeconfig := "apiVersion: v1\nkind: Config\ncurrent-context: readme\nclusters: [{name: c, cluster: {server: '" + server.URL + "'}}]\n" +
		"contexts: [{name: readme, context: {cluster: c, user: u}}]\nusers: [{name: u, user: {}}]\n"
	if err := os.WriteFile(filepath.Join(at.home, ".kube", "config"), []byte(kubeconfig), 0o600); err != nil {
		t.Fatal(err)
	}
	// The programs do not go into the checkout's own bin, which other tests use.
	at.env = append(os.Environ(), "KUBECONFIG=", "MAKEFLAGS=BIN="+filepath.Join(at.dir, "bin"), "MAKELEVEL=0")
	return at
}

func wantTarget(t *testing.T, _ *place, line string) {
	target := strings.TrimPrefix(line, "make ")
	if !regexp.MustCompile(`(?m)^` + target + `:`).MatchString(read(t, "Makefile")) {
		t.Errorf("the Makefile has no target %s", target)
	}
}

func wantImage(t *testing.T, _ *place, line string) {
	wantParts(t, line, map[string]string{
		"pod_count_exporter:" + strings.TrimSpace(read(t, "VERSION")): "deploy/docker/compose.yaml",
		"10120": "Dockerfile",
	})
}

func wantValues(t *testing.T, _ *place, line string) {
	if _, err := os.Stat(filepath.Join(checkout, "deploy/helm/pod-count-exporter/Chart.yaml")); err != nil {
		t.Error(err)
	}
	const values = "deploy/helm/pod-count-exporter/README.md"
	for _, m := range regexp.MustCompile(`--set ([\w.]+)=`).FindAllStringSubmatch(line, -1) {
		wantParts(t, line, map[string]string{m[1]: values})
	}
}

func wantCompose(t *testing.T, _ *place, line string) {
	const file = "deploy/docker/compose.yaml"
	parts := map[string]string{}
	if !strings.Contains(line, "-f "+file+" ") {
		t.Errorf("%s: want the file %s", line, file)
	}
	if project := regexp.MustCompile(`COMPOSE_PROJECT_NAME=(\S+)`).FindStringSubmatch(read(t, file)); project == nil || !strings.Contains(line, " -p "+project[1]+" ") {
		t.Errorf("%s: want the project of %s, %q", line, file, project)
	}
	if strings.Contains(line, "KUBECONFIG_FILE=") {
		parts["KUBECONFIG_FILE"], parts["EXPORTER_USER"] = file, file
	}
	if strings.Contains(line, "--profile demo") {
		parts["demo"] = file
	}
	wantParts(t, line, parts)
}

// wantParts wants each part of a command in the file that gives it its meaning.
func wantParts(t *testing.T, line string, parts map[string]string) {
	t.Helper()
	for part, file := range parts {
		if !strings.Contains(line, part) || !strings.Contains(read(t, file), part) {
			t.Errorf("%s: want %q in the command and in %s", line, part, file)
		}
	}
}

// TestComposeProject: whoever starts the compose file as the documents say gives the
// project its name. By itself it is that of the folder, which others have too: what runs
// there would be replaced, and volumes would be shared.
func TestComposeProject(t *testing.T) {
	const name = "pod-count-exporter"
	exported := regexp.MustCompile(`(?m)^#? *export COMPOSE_PROJECT_NAME=` + name + ` `)
	for path, least := range map[string]int{"README.md": 2, "README.zh-CN.md": 2, operations: 1, "deploy/docker/compose.yaml": 2} {
		found := 0
		text := read(t, path)
		for _, at := range regexp.MustCompile(`(?m)^.*docker compose .*\bup\b.*$`).FindAllStringIndex(text, -1) {
			line := text[at[0]:at[1]]
			if strings.HasPrefix(line, "- ") || strings.HasPrefix(line, "Or") { // within sentences, after the block
				continue
			}
			found++
			block := text[:at[0]]
			block = block[max(strings.LastIndex(block, "```"), 0):]
			if !strings.Contains(line, "docker compose -p "+name+" ") && !exported.MatchString(block) {
				t.Errorf("%s: %q gives the project no name", path, line)
			}
		}
		if found < least {
			t.Errorf("%s starts the compose file %d times, want %d at least", path, found, least)
		}
	}
}
