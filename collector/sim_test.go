package collector

import (
	"context"
	"flag"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/go-kit/log"
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/client-go/rest"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
	"github.com/kube-node-manager/pod_count_exporter/collector/store"
	"github.com/kube-node-manager/pod_count_exporter/internal/kubesim"
)

var update = flag.Bool("update", false, "write the golden files anew")

// steady are the options without randomness.
func steady() Options {
	opts := DefaultOptions()
	opts.Jitter = func() float64 { return 0 }
	return opts
}

// exporter is a Collector with one simulated cluster behind it, without sockets.
type exporter struct {
	t       *testing.T
	sim     *kubesim.Server
	log     *logBuffer
	handler http.Handler
	stop    context.CancelFunc // of the process
	*Collector
}

// start must be called within a synctest bubble.
func start(t *testing.T, cfg kubesim.Config, opts Options) *exporter {
	t.Helper()
	return startWith(t, cfg, opts, func(*podcount.Config, *rest.Config) {})
}

// startWith lets a test change how pages are requested and sent.
func startWith(t *testing.T, cfg kubesim.Config, opts Options, change func(*podcount.Config, *rest.Config)) *exporter {
	t.Helper()
	e := empty(t, opts)
	member, sim := e.simulate(cfg, change)
	e.sim = sim
	e.Store.Set(member)
	return e
}

// empty is an exporter without clusters.
func empty(t *testing.T, opts Options) *exporter {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	out := &logBuffer{}
	c := New(ctx, log.NewLogfmtLogger(out), opts)
	c.Reloaded(true)
	t.Cleanup(func() {
		stop()
		c.Store.Wait()
	})
	return &exporter{t: t, log: out, handler: c.Handler(prometheus.NewRegistry()), stop: stop, Collector: c}
}

// simulate starts a cluster that is not a target yet.
func (e *exporter) simulate(cfg kubesim.Config, change func(*podcount.Config, *rest.Config)) (store.Target, *kubesim.Server) {
	e.t.Helper()
	sim, err := kubesim.New(cfg)
	if err != nil {
		e.t.Fatal(err)
	}
	config, stopServer := sim.Start()
	e.t.Cleanup(func() {
		e.stop()
		e.Store.Wait()
		stopServer()
	})
	config.DisableCompression = true
	counting := podcount.DefaultConfig()
	counting.Jitter = func() float64 { return 0.5 }
	counting.Gate = e.Store.Gate()
	change(&counting, config)
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		e.t.Fatal(err)
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	base, err := url.Parse(config.Host)
	if err != nil {
		e.t.Fatal(err)
	}
	counter, err := podcount.New(counting, client, base)
	if err != nil {
		e.t.Fatal(err)
	}
	return store.Target{Name: cfg.Cluster, Server: base.String(), Counter: counter}, sim
}

// scrape returns the body of /metrics for a Prometheus with this timeout in seconds.
func (e *exporter) scrape(timeout string) string {
	e.t.Helper()
	request := httptest.NewRequestWithContext(e.t.Context(), http.MethodGet, "/metrics", nil)
	request.Header.Set(timeoutHeader, timeout)
	answer := httptest.NewRecorder()
	e.handler.ServeHTTP(answer, request)
	if answer.Code != http.StatusOK {
		e.t.Fatalf("scrape: %d %s", answer.Code, answer.Body)
	}
	return answer.Body.String()
}

// series returns the lines of one family, sorted as served, without the comments.
func series(exposition, name string) []string {
	var lines []string
	for line := range strings.Lines(exposition) {
		if strings.HasPrefix(line, name+"{") || strings.HasPrefix(line, name+" ") {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return lines
}

// value returns the value of a family with one series, or "absent".
func value(exposition, name string) string {
	lines := series(exposition, name)
	if len(lines) == 0 {
		return "absent"
	}
	return lines[0][strings.LastIndexByte(lines[0], ' ')+1:]
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs (renew it with -update if the change is meant):\n%s", path, firstDifference(got, string(want)))
	}
}

func firstDifference(got, want string) string {
	gotLines, wantLines := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range gotLines {
		if i >= len(wantLines) || gotLines[i] != wantLines[i] {
			return "got  " + gotLines[i] + "\nwant " + strings.Join(wantLines[min(i, len(wantLines)):min(i+1, len(wantLines))], "")
		}
	}
	return "the golden file is longer"
}

func small() kubesim.Config {
	cfg := kubesim.DefaultConfig()
	cfg.Nodes, cfg.Pods, cfg.Finished, cfg.Unscheduled, cfg.UnknownNode, cfg.EmptyNodes = 6, 60, 12, 3, 2, 1
	return cfg
}

// bubble runs a test with a clock that only moves when everything waits.
func bubble(t *testing.T, test func(*testing.T)) {
	t.Helper()
	synctest.Test(t, test)
}
