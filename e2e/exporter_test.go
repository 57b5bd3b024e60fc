//go:build e2e

package e2e

import (
	"io"
	"maps"
	"net/http"
	"regexp"
	"testing"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// exporter is the running binary.
type exporter struct {
	*process
	url string
}

// startExporter returns once the exporter listens, on a port of the kernel's
// choice.
func startExporter(t *testing.T, kubeconfig string, flags ...string) *exporter {
	t.Helper()
	args := append([]string{"--web.listen-address=127.0.0.1:0", "--kubeconfig=" + kubeconfig}, flags...)
	return serving(t, start(t, program(t, "EXPORTER_BIN"), args...))
}

// serving returns once the exporter that runs as p listens.
func serving(t *testing.T, p *process) *exporter {
	t.Helper()
	e := &exporter{process: p}
	line := e.await(t, "Listening on")
	address := regexp.MustCompile(`127\.0\.0\.1:\d+`).FindString(line)
	if address == "" {
		t.Fatalf("no address in %q", line)
	}
	e.url = "http://" + address
	t.Cleanup(func() {
		<-e.ended
		if code := e.cmd.ProcessState.ExitCode(); code != 0 {
			t.Errorf("the exporter ended with code %d", code)
		}
	})
	return e
}

// scrape is one answer of /metrics: gauges and counters by name, histograms
// left out.
type scrape map[string][]sample

type sample struct {
	labels map[string]string
	value  float64
}

// scrape asks as Prometheus does, with so much time that the first count ends
// within it.
func (e *exporter) scrape(t *testing.T) scrape {
	t.Helper()
	return e.scrapeAt(t, "/metrics", "60")
}

// scrapeAt asks a path, with so many seconds of time.
func (e *exporter) scrapeAt(t *testing.T, path, seconds string) scrape {
	t.Helper()
	resp := e.ask(t, path, seconds)
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(resp.Body)
	if err := resp.Body.Close(); err != nil {
		t.Error(err)
	}
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, error %v", path, resp.Status, err)
	}
	result := scrape{}
	for name, family := range families {
		for _, metric := range family.GetMetric() {
			s := sample{labels: map[string]string{}}
			switch {
			case metric.Gauge != nil:
				s.value = metric.GetGauge().GetValue()
			case metric.Counter != nil:
				s.value = metric.GetCounter().GetValue()
			default:
				continue
			}
			for _, label := range metric.GetLabel() {
				s.labels[label.GetName()] = label.GetValue()
			}
			result[name] = append(result[name], s)
		}
	}
	return result
}

// ask asks a path as a Prometheus does that waits for so many seconds. The body must be
// closed.
func (e *exporter) ask(t *testing.T, path, seconds string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, e.url+path, http.NoBody)
	must(t, err)
	req.Header.Set("X-Prometheus-Scrape-Timeout-Seconds", seconds)
	resp, err := http.DefaultClient.Do(req)
	must(t, err)
	return resp
}

// of returns the samples of one cluster.
func (s scrape) of(cluster string) scrape {
	own := scrape{}
	for metric, samples := range s {
		for _, one := range samples {
			if one.labels["cluster"] == cluster {
				own[metric] = append(own[metric], one)
			}
		}
	}
	return own
}

// request sends one without a body, and returns status and body of the answer.
func (e *exporter) request(t *testing.T, method, path string) (int, []byte) {
	t.Helper()
	return fetch(t, method, e.url+path)
}

func fetch(t *testing.T, method, url string) (status int, body []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, http.NoBody)
	must(t, err)
	resp, err := http.DefaultClient.Do(req)
	must(t, err)
	body, err = io.ReadAll(resp.Body)
	must(t, err)
	must(t, resp.Body.Close())
	return resp.StatusCode, body
}

// by returns the samples of a metric by one of their labels.
func (s scrape) by(t *testing.T, metric, label string) map[string]float64 {
	t.Helper()
	values := map[string]float64{}
	for _, sample := range s[metric] {
		key := sample.labels[label]
		if _, twice := values[key]; twice {
			t.Errorf("%s has two samples with %s=%q", metric, label, key)
		}
		values[key] = sample.value
	}
	return values
}

// value is that of a metric with one sample.
func (s scrape) value(t *testing.T, metric string) float64 {
	t.Helper()
	if n := len(s[metric]); n != 1 {
		t.Fatalf("%s has %d samples, want one", metric, n)
	}
	return s[metric][0].value
}

// counted is what a scrape says of the cluster, in the form of the truth. The
// total is not among it: finished pods are never asked for.
func (s scrape) counted(t *testing.T) truth {
	t.Helper()
	got := truth{
		Nodes:           s.by(t, "node_active_pods", "node"),
		Allocatable:     s.by(t, "node_allocatable_pods", "node"),
		UnscheduledPods: s.value(t, "pod_count_unscheduled_pods"),
		UnknownNodePods: s.value(t, "pod_count_unknown_node_pods"),
	}
	for active := range maps.Values(got.Nodes) {
		got.ActivePods += active
	}
	return got
}
