package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kube-node-manager/pod_count_exporter/collector/cluster"
	"github.com/kube-node-manager/pod_count_exporter/internal/kubesim"
)

// canary stands for every secret: no output may contain it.
const canary = "canary-9d2e41"

// patience is when a test gives up; nothing takes nearly as long.
const patience = 30 * time.Second

// logSink is a standard error that a test can wait on.
type logSink struct {
	mu      sync.Mutex
	text    strings.Builder
	written chan struct{}
}

func newLogSink() *logSink { return &logSink{written: make(chan struct{}, 1)} }

func (s *logSink) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case s.written <- struct{}{}:
	default:
	}
	return s.text.Write(p)
}

func (s *logSink) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// await returns the groups of pattern as soon as it matches the log.
func (s *logSink) await(t *testing.T, pattern string) []string {
	t.Helper()
	giveUp := time.After(patience)
	for {
		if m := regexp.MustCompile(pattern).FindStringSubmatch(s.String()); m != nil {
			return m
		}
		select {
		case <-s.written:
		case <-giveUp:
			t.Fatalf("the log has no %q:\n%s", pattern, s)
		}
	}
}

// exporter is a run of the program within the test.
type exporter struct {
	address string
	log     *logSink
	cancel  context.CancelFunc
	code    chan int
}

// start runs the program on a free port until the test ends.
func start(t *testing.T, args ...string) *exporter {
	t.Helper()
	return startIn(t, noEnv(), args...)
}

// startIn is start in another environment. Whatever the program logs has one form.
func startIn(t *testing.T, env cluster.Env, args ...string) *exporter {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	e := &exporter{log: newLogSink(), cancel: cancel, code: make(chan int, 1)}
	args = append([]string{"--web.listen-address=127.0.0.1:0"}, args...)
	go func() { e.code <- run(ctx, args, env, io.Discard, e.log) }()
	t.Cleanup(func() {
		e.stop(t)
		if !slices.Contains(args, "--log.format=json") {
			wantOneForm(t, e.log.String())
		}
	})
	e.address = e.log.await(t, `msg="Listening on" address=(\S+)`)[1]
	return e
}

// stop ends the run, if it has not ended yet, and returns its exit code.
func (e *exporter) stop(t *testing.T) int {
	t.Helper()
	e.cancel()
	select {
	case code := <-e.code:
		e.code <- code
		return code
	case <-time.After(patience):
		t.Fatalf("the program did not stop:\n%s", e.log)
		return -1
	}
}

// get returns status and body of a path.
func (e *exporter) get(t *testing.T, path string) (int, string) {
	t.Helper()
	return request(t, http.DefaultClient, http.MethodGet, "http://"+e.address+path)
}

// reload has the kubeconfigs read again, and requires the answer to have the status
// and to contain text.
func (e *exporter) reload(t *testing.T, status int, text string) {
	t.Helper()
	got, body := request(t, http.DefaultClient, http.MethodPost, "http://"+e.address+"/-/reload")
	if got != status || !strings.Contains(body, text) {
		t.Errorf("the reload answered %d, want %d with %q: %s", got, status, text, body)
	}
}

func request(t *testing.T, client *http.Client, method, url string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	return do(t, client, req)
}

func do(t *testing.T, client *http.Client, req *http.Request) (int, string) {
	t.Helper()
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

// noEnv is an environment without variables and kubeconfigs.
func noEnv() cluster.Env {
	return cluster.Env{
		Getenv: func(string) string { return "" },
		Home:   func() (string, error) { return "/nonexistent", nil },
	}
}

// write puts content into a file of the test and returns its path.
func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// kubeconfig writes a kubeconfig with the context sim for a server.
func kubeconfig(t *testing.T, server string) string {
	t.Helper()
	return write(t, "kubeconfig", fmt.Sprintf(`
apiVersion: v1
kind: Config
current-context: sim
clusters: [{name: c, cluster: {server: %q}}]
users: [{name: u, user: {token: %s}}]
contexts: [{name: sim, context: {cluster: c, user: u}}]
`, server, canary))
}

// simulated is a small simulated API server.
func simulated(t *testing.T) *kubesim.Server {
	t.Helper()
	sim, err := kubesim.New(kubesim.Config{Cluster: "sim", Nodes: 3, Pods: 25, Finished: 4, Unscheduled: 2, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	return sim
}

// serveSim serves a simulated API server and returns a kubeconfig for it.
func serveSim(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(simulated(t))
	t.Cleanup(server.Close)
	return kubeconfig(t, server.URL)
}

// sum adds up the samples of a metric in an exposition.
func sum(t *testing.T, exposition, metric string) (total float64, series int) {
	t.Helper()
	for _, m := range regexp.MustCompile(`(?m)^`+metric+`\{[^}]*\} (\S+)$`).FindAllStringSubmatch(exposition, -1) {
		var v float64
		if _, err := fmt.Sscan(m[1], &v); err != nil {
			t.Fatal(err)
		}
		total += v
		series++
	}
	return total, series
}
