//go:build e2e

package node

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// monitoring is what the Prometheus operator runs.
type monitoring struct{ prometheus, alertmanager string }

// startMonitoring installs the Prometheus operator with its own manifests, and
// has it run a Prometheus and an Alertmanager. The tests share them: what is there
// already is left as it is.
func startMonitoring(t *testing.T) *monitoring {
	t.Helper()
	dir := os.Getenv("OPERATOR_DIR")
	if dir == "" {
		t.Fatal("OPERATOR_DIR does not name the operator's sources: run make e2e-node")
	}
	definitions := filepath.Join(dir, "example/prometheus-operator-crd")
	kubectl(t, "apply", "--server-side", "-f", definitions)
	kubectl(t, "wait", "--for=condition=Established", "--timeout=60s", "-f", definitions)
	ours, err := os.ReadFile("testdata/monitoring.yaml")
	must(t, err)
	explain(t, "monitoring")
	// The account comes before what runs under it.
	namespace, resources, _ := strings.Cut(string(ours), "---\n")
	apply(t, namespace+operatorManifests(t, dir)+"\n---\n"+resources, "--namespace=monitoring")
	kubectl(t, "-n", "monitoring", "wait", "--for=condition=Available", "--timeout="+longestWait.String(), "prometheus/k8s", "alertmanager/main")
	return &monitoring{
		prometheus:   "http://" + podIP(t, "monitoring", "prometheus-k8s-0") + ":9090",
		alertmanager: "http://" + podIP(t, "monitoring", "alertmanager-main-0") + ":9093",
	}
}

// operatorManifests are the operator's own, with the namespace of the test and
// the images that were built here.
func operatorManifests(t *testing.T, dir string) string {
	t.Helper()
	var text strings.Builder
	for _, pattern := range []string{"prometheus-operator/*.yaml", "prometheus/prometheus-*.yaml"} {
		files, err := filepath.Glob(filepath.Join(dir, "example/rbac", pattern))
		must(t, err)
		if len(files) == 0 {
			t.Fatalf("no %s among the operator's examples", pattern)
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			must(t, err)
			text.WriteString("\n---\n" + string(data))
		}
	}
	image := regexp.MustCompile(`[a-z.]+/prometheus-operator/([a-z-]+):v[0-9.]+`)
	manifests := image.ReplaceAllString(text.String(), "localhost/$1:e2e")
	for former, next := range map[string]string{
		"namespace: default": "namespace: monitoring",
		// Its own limits make starts slow.
		"cpu: 200m":                            `cpu: "2"`,
		"        - --kubelet-endpoints=true\n": "        - --config-reloader-cpu-limit=0\n        - --config-reloader-cpu-request=0\n",
	} {
		if !strings.Contains(manifests, former) {
			t.Errorf("the operator's manifests have no %q", former)
		}
		manifests = strings.ReplaceAll(manifests, former, next)
	}
	return manifests
}

func podIP(t *testing.T, namespace, name string) string {
	t.Helper()
	return kubectl(t, "-n", namespace, "get", "pod", name, "-o", "jsonpath={.status.podIP}")
}

// get returns the body of an answer with status 200.
func get(t *testing.T, address string) (string, error) {
	t.Helper()
	return getWith(t, http.DefaultClient, address)
}

func getWith(t *testing.T, client *http.Client, address string) (string, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	must(t, err)
	resp, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("status %d: %.300s", resp.StatusCode, body)
	}
	return string(body), err
}

// sample is a series with its value.
type sample struct {
	Metric map[string]string `json:"metric"`
	Value  [2]any            `json:"value"` // time, and the value as text
}

// query returns the samples of an instant query at present.
func (m *monitoring) query(t *testing.T, expr string) ([]sample, error) {
	t.Helper()
	body, err := get(t, m.prometheus+"/api/v1/query?"+url.Values{"query": {expr}}.Encode())
	if err != nil {
		return nil, err
	}
	var answer struct {
		Data struct {
			Result []sample `json:"result"`
		} `json:"data"`
	}
	err = json.Unmarshal([]byte(body), &answer)
	return answer.Data.Result, err
}
