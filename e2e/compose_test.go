//go:build e2e

package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

const composeFile = "../deploy/docker/compose.yaml"

// longestStart is what a start may take where each program has a core: a machine
// with other things to do gets as much more as its programs wait.
func longestStart(t *testing.T) time.Duration {
	t.Helper()
	text, err := os.ReadFile("/proc/loadavg")
	must(t, err)
	load, err := strconv.ParseFloat(strings.Fields(string(text))[0], 64)
	must(t, err)
	return time.Duration(float64(15*time.Second) * max(1, load/float64(runtime.NumCPU())))
}

// containersConf is what podman needs to know where cgroups are of the old kind,
// and limits cannot be raised.
const containersConf = `[containers]
default_ulimits = ["nofile=20000:20000", "nproc=1000:1000"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
[network]
network_backend = "netavark"
`

// TestCompose runs deploy/docker/compose.yaml with its demo on a real container
// engine. The images of others are built from the project's own binaries, as no
// registry can be asked; Grafana is left out. It runs alone, before the tests that
// are parallel, as it says how long a start takes.
func TestCompose(t *testing.T) {
	requireRoot(t, "podman", "runc", "docker-compose", "unshare", "setpriv", "ip")
	if !inNamespaces(t) {
		return
	}
	c := startEngine(t)
	c.export(`export COMPOSE_PROJECT_NAME=pod-count-exporter KUBECONFIG_FILE="$HOME/.kube/config" EXPORTER_USER="$(id -u):$(id -g)"`)
	c.compose("build")
	start := time.Now()
	c.compose("up", "-d", "exporter", "kubesim", "prometheus", "alertmanager")
	eventually(t, "the first number comes through the published port", func() bool {
		return strings.Contains(c.get("http://127.0.0.1:10120/metrics"), "\nnode_active_pods{")
	})
	took := time.Since(start).Round(time.Second / 10)
	t.Logf("from up to the first number: %s", took)
	if limit := longestStart(t); took > limit {
		t.Errorf("the first number took %s, want %s at most", took, limit)
	}
	eventually(t, "the cluster of the kubeconfig that is a secret is counted", func() bool {
		return strings.Contains(c.get("http://127.0.0.1:10120/metrics"), "\npod_count_success{cluster=\"own\"} 1\n")
	})
	for _, name := range []string{"exporter", "kubesim", "prometheus", "alertmanager"} {
		c.wantSealed(name)
	}
	c.wantProject("pod-count-exporter")
	eventually(t, "Prometheus has the target up", func() bool {
		return strings.Contains(c.get("http://127.0.0.1:9090/api/v1/targets"), `"health":"up"`)
	})
	if rules := c.get("http://127.0.0.1:9090/api/v1/rules"); strings.Count(rules, `"type":"alerting"`) < 10 || strings.Contains(rules, `"health":"err"`) {
		t.Errorf("the mixin's alerts are not loaded: %.2000s", rules)
	}
	eventually(t, "Alertmanager has an alert of the cluster that is slow", func() bool {
		return strings.Contains(c.get("http://127.0.0.1:9093/api/v2/alerts"), `"alertname":"KubernetesAPITimeout"`)
	})
	c.guide("docker compose up --detach --build")
	if log := c.guide("docker compose logs exporter"); !strings.Contains(log, "Completed paginated pod count") {
		t.Errorf("the exporter's log has no count that is complete: %.2000s", log)
	}
	c.wantPlugin("docker build --tag pod_count_exporter:0.2.0-plugins .")
	c.guide("docker compose down")
	c.wantLocal()
	c.guide("docker compose --profile demo up --build")
	c.guide("docker compose up --detach --no-build exporter")
	c.guide("docker compose --profile demo down")
	c.compose("down", "--volumes")
	c.wantDemoAlone("docker compose --profile demo up --build")
	for _, what := range []string{"ps --all", "volume ls", "network ls --filter label=com.docker.compose.project"} {
		if left := c.podman(append(strings.Fields(what), "--quiet")...); left != "" {
			t.Errorf("after down, podman %s has %s", what, left)
		}
	}
}

// engine is a podman that serves docker-compose.
type engine struct {
	t        *testing.T
	dir      string
	override string
}

func startEngine(t *testing.T) *engine {
	t.Helper()
	dir, err := os.MkdirTemp("", "engine") //nolint:usetesting // layers are mounted in it until the namespaces end
	must(t, err)
	c := &engine{t: t, dir: dir}
	must(t, os.MkdirAll("/run/containers", 0o755))
	command(t, "mount", "-t", "tmpfs", "tmpfs", "/run/containers")
	must(t, os.WriteFile(filepath.Join(c.dir, "containers.conf"), []byte(containersConf), 0o600))
	t.Setenv("CONTAINERS_CONF", filepath.Join(c.dir, "containers.conf"))
	t.Setenv("DOCKER_HOST", "unix://"+filepath.Join(c.dir, "socket"))
	service := start(t, "/usr/bin/podman", append(c.storage(), "system", "service", "--time=0", os.Getenv("DOCKER_HOST"))...)
	eventually(t, "podman listens", func() bool {
		select {
		case <-service.ended:
			t.Fatalf("podman ended: %s", service.output)
		default:
		}
		_, err := os.Stat(filepath.Join(c.dir, "socket"))
		return err == nil
	})
	t.Cleanup(func() {
		if t.Failed() {
			c.tellAll()
		}
	})
	c.writeOverride()
	return c
}

func (c *engine) storage() []string {
	return []string{"--root", filepath.Join(c.dir, "root"), "--runroot", "/run/containers/run", "--network-config-dir", filepath.Join(c.dir, "networks")}
}

func (c *engine) podman(args ...string) string {
	c.t.Helper()
	output, err := exec.CommandContext(c.t.Context(), "podman", append(c.storage(), args...)...).Output()
	if err != nil && c.t.Context().Err() == nil {
		c.t.Errorf("podman %s: %v%s", strings.Join(args, " "), err, said(err))
	}
	return strings.TrimSpace(string(output))
}

// said is what a program that failed has printed on its standard error.
func said(err error) string {
	if exit, is := errors.AsType[*exec.ExitError](err); is {
		return "\n" + string(exit.Stderr)
	}
	return ""
}

// logs is what a container has printed.
func (c *engine) logs(name string) string {
	output, err := exec.Command("podman", append(c.storage(), "logs", name)...).CombinedOutput()
	if err != nil {
		return err.Error()
	}
	return string(output)
}

// tellAll shows how each container is, and what it has printed.
func (c *engine) tellAll() {
	list, _ := exec.Command("podman", append(c.storage(), "ps", "--all", "--format", "{{.Names}} {{.Status}}")...).Output()
	for line := range strings.Lines(string(list)) {
		name, status, _ := strings.Cut(strings.TrimSpace(line), " ")
		c.t.Logf("container %s, %s, printed:\n%.4000s", name, status, c.logs(name))
	}
}

func (c *engine) compose(args ...string) {
	c.t.Helper()
	command(c.t, "docker-compose", append([]string{"-f", composeFile, "-f", c.override, "--profile", "demo"}, args...)...)
}

// guide runs a command of docs/operations.md with what is put in the place of images that
// cannot be pulled: without Grafana, whose image nothing here can be, and in the
// background.
func (c *engine) guide(line string) string {
	c.t.Helper()
	_, words, found := strings.Cut(line, "docker compose ")
	if !found {
		c.t.Fatalf("%s is no command of Compose", line)
	}
	args := append([]string{"-f", composeFile, "-f", c.override}, strings.Fields(words)...)
	if slices.Contains(args, "up") && !slices.Contains(args, "exporter") {
		if !slices.Contains(args, "--detach") {
			args = append(args, "--detach")
		}
		args = append(args, "exporter", "prometheus", "alertmanager")
		if slices.Contains(args, "demo") {
			args = append(args, "kubesim")
		}
	}
	return command(c.t, "docker-compose", args...)
}

// get is the body of an answer, or nothing as long as there is none.
func (c *engine) get(url string) string {
	req, err := http.NewRequestWithContext(c.t.Context(), http.MethodGet, url, http.NoBody)
	must(c.t, err)
	client := http.Client{Timeout: 5 * time.Second}
	resp, err := client.Do(req)
	if err != nil {
		return ""
	}
	var body strings.Builder
	err = resp.Write(&body)
	must(c.t, resp.Body.Close())
	if err != nil || resp.StatusCode != http.StatusOK {
		return ""
	}
	return body.String()
}

// writeOverride puts images that can be built here in the place of those of
// registries, has kubesim become slow, and alerts fire within a minute.
func (c *engine) writeOverride() {
	c.t.Helper()
	context := c.buildContext()
	service := func(name, image string) map[string]any {
		return map[string]any{"image": image, "build": map[string]any{"context": context, "target": name}}
	}
	kubesim, exporter, prometheus := service("kubesim", "localhost/kubesim:e2e"), service("exporter", "localhost/exporter:e2e"), service("prometheus", "localhost/prometheus:e2e")
	kubesim["command"] = []string{"--listen-address=:6443", "--advertise-url=http://kubesim:6443", "--kubeconfig-out=/demo/kubeconfig",
		"--slow-latency=30s", "--slow-after=20s"}
	exporter["environment"] = map[string]string{
		"POD_COUNT_EXPORTER_COLLECTOR_CACHE_TTL": "5s", "POD_COUNT_EXPORTER_COLLECTOR_PAGE_TIMEOUT": "2s",
	}
	mixin := generateMixin(c.t, impatient)
	must(c.t, os.Chmod(filepath.Dir(mixin), 0o755))
	prometheus["volumes"] = []string{
		mixin + "/alerts.yaml:/etc/prometheus/rules/alerts.yaml:ro", mixin + "/rules.yaml:/etc/prometheus/rules/rules.yaml:ro",
		c.fastPrometheus() + ":/etc/prometheus/prometheus.yml:ro",
	}
	data, err := json.Marshal(map[string]any{"services": map[string]any{
		"kubesim": kubesim, "exporter": exporter, "prometheus": prometheus,
		"alertmanager": service("alertmanager", "localhost/alertmanager:e2e"),
	}})
	must(c.t, err)
	c.override = filepath.Join(c.dir, "override.yaml")
	must(c.t, os.WriteFile(c.override, data, 0o600))
}

// fastPrometheus is the shipped configuration with shorter intervals.
func (c *engine) fastPrometheus() string {
	c.t.Helper()
	text, err := os.ReadFile(filepath.Join(filepath.Dir(composeFile), "prometheus.yml"))
	must(c.t, err)
	fast := strings.NewReplacer("interval: 30s", "interval: 2s", "scrape_timeout: 20s", "scrape_timeout: 2s").Replace(string(text))
	path := filepath.Join(c.dir, "prometheus.yml")
	must(c.t, os.WriteFile(path, []byte(fast), 0o644)) //nolint:gosec // the container's user reads it
	return path
}

// buildContext is a folder from which the Dockerfile's own last stages can be
// built: what its build stage would have made comes from make build.
func (c *engine) buildContext() string {
	c.t.Helper()
	dir := filepath.Join(c.dir, "context")
	for _, folder := range []string{"out/volume/demo", "etc/ssl/certs", "empty"} {
		must(c.t, os.MkdirAll(filepath.Join(dir, folder), 0o755))
	}
	must(c.t, os.Chmod(filepath.Join(dir, "out/volume/demo"), 0o777)) //nolint:gosec // as the Dockerfile makes it
	must(c.t, os.WriteFile(filepath.Join(dir, "etc/ssl/certs/ca-certificates.crt"), nil, 0o600))
	for _, name := range []string{"pod_count_exporter", "kubesim", "prometheus", "alertmanager"} {
		command(c.t, "cp", tool(c.t, name), filepath.Join(dir, "out", name))
	}
	text, err := os.ReadFile("../Dockerfile")
	must(c.t, err)
	_, last, found := strings.Cut(string(text), "\nFROM scratch AS kubesim\n")
	if !found {
		c.t.Fatal("the Dockerfile has no stage kubesim")
	}
	stages := "FROM scratch AS build\nCOPY . /\nFROM scratch AS kubesim\n" + last
	for _, name := range []string{"prometheus", "alertmanager"} {
		stages += fmt.Sprintf("\nFROM scratch AS %[1]s\nCOPY out/%[1]s /bin/%[1]s\nCOPY --chown=65534:65534 empty /%[1]s\nUSER 65534:65534\nENTRYPOINT [\"/bin/%[1]s\"]\n", name)
	}
	must(c.t, os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte(stages), 0o600))
	return dir
}
