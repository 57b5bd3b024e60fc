package main

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

func TestRunServesCounts(t *testing.T) {
	e := start(t, "--kubeconfig="+serveSim(t), "--log.level=debug")
	status, body := e.get(t, "/metrics")
	if status != http.StatusOK {
		t.Fatalf("status %d: %s", status, body)
	}
	if pods, nodes := sum(t, body, "node_active_pods"); pods != 25 || nodes != 3 {
		t.Errorf("%v pods on %d nodes, want 25 on 3:\n%s", pods, nodes, body)
	}
	for _, want := range []string{"pod_count_exporter_build_info{", "go_goroutines ", "process_start_time_seconds ", `pod_count_success{cluster="sim"} 1`} {
		if !strings.Contains(body, want) {
			t.Errorf("the exposition lacks %s", want)
		}
	}
	if code := e.stop(t); code != exitOK {
		t.Errorf("exit code %d", code)
	}
	for _, want := range []string{`msg="Starting pod_count_exporter"`, `msg="Build context"`, "gomaxprocs=", "msg=Stopped"} {
		if !strings.Contains(e.log.String(), want) {
			t.Errorf("the log lacks %s:\n%s", want, e.log)
		}
	}
	if strings.Contains(body+e.log.String(), canary) {
		t.Error("the token is in the exposition or the log")
	}
}

func TestEndpoints(t *testing.T) {
	config := serveSim(t)
	plain := start(t, "--kubeconfig="+config)
	special := start(t, "--kubeconfig="+config, "--web.enable-pprof", "--web.telemetry-path=/pods")

	tests := []struct {
		name         string
		on           *exporter
		method, path string
		status       int
		body         string
	}{
		{"status page", plain, http.MethodGet, "/", 200, `href="./metrics"`},
		{"status page with the state of things", plain, http.MethodGet, "/", 200, `href="./-/healthy"`},
		{"status page with its version", plain, http.MethodGet, "/", 200, "Version unknown"},
		{"status page of a cluster", plain, http.MethodGet, "/cluster?name=sim", 200, "api/v1/nodes?cluster=sim"},
		{"status page of an unknown cluster", plain, http.MethodGet, "/cluster?name=none", 404, "There is no cluster"},
		{"no such asset", plain, http.MethodGet, "/assets/page.css", 404, ""},
		{"the status page is only read", plain, http.MethodPost, "/", 405, ""},
		{"healthy", plain, http.MethodGet, "/-/healthy", 200, "healthy"},
		{"ready", plain, http.MethodGet, "/-/ready", 200, "ready"},
		{"clusters", plain, http.MethodGet, "/api/v1/clusters", 200, `"cluster":"sim"`},
		{"nodes of an unknown cluster", plain, http.MethodGet, "/api/v1/nodes?cluster=none", 404, `{"error":"unknown cluster \"none\"","status":404}`},
		{"fresh nodes", plain, http.MethodGet, "/api/v1/nodes?cluster=sim&fresh=true", 200, `"activePods":25`},
		{"service discovery", plain, http.MethodGet, "/sd", 200, `"__param_cluster":"sim"`},
		{"service discovery of metrics at another path", special, http.MethodGet, "/sd", 200, `"__metrics_path__":"/pods"`},
		{"metrics of a cluster", plain, http.MethodGet, "/metrics?cluster[]=sim", 200, `pod_count_success{cluster="sim"}`},
		{"metrics of a query that cannot be read", plain, http.MethodGet, "/metrics?cluster[]=%zz", 400, "the query cannot be read"},
		{"metrics of an unknown cluster", plain, http.MethodGet, "/metrics?cluster[]=none", 400, `unknown cluster "none"`},
		{"a reload is no reading", plain, http.MethodGet, "/-/reload", 405, ""},
		{"reload", plain, http.MethodPost, "/-/reload", 200, "reloaded"},
		{"no such page", plain, http.MethodGet, "/nothing", 404, `href="./"`},
		{"metrics are only read", plain, http.MethodPost, "/metrics", 405, ""},
		{"no profiles unless asked for", plain, http.MethodGet, "/debug/pprof/", 404, ""},
		{"profiles", special, http.MethodGet, "/debug/pprof/", 200, "goroutine"},
		{"one profile", special, http.MethodGet, "/debug/pprof/heap?debug=1", 200, "heap profile"},
		{"status page of metrics at another path", special, http.MethodGet, "/", 200, `href="./pods"`},
		{"status page with profiles", special, http.MethodGet, "/", 200, "debug/pprof/heap"},
		{"metrics at another path", special, http.MethodGet, "/pods", 200, "node_active_pods"},
		{"nothing at the usual path then", special, http.MethodGet, "/metrics", 404, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			status, body := request(t, http.DefaultClient, tt.method, "http://"+tt.on.address+tt.path)
			if status != tt.status || !strings.Contains(body, tt.body) {
				t.Errorf("status %d, want %d; body wants %q:\n%s", status, tt.status, tt.body, body)
			}
		})
	}
}

func TestRunStopsOnSignal(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		t.Run(sig.String(), func(t *testing.T) {
			e := start(t, "--kubeconfig="+serveSim(t))
			if err := syscall.Kill(os.Getpid(), sig); err != nil {
				t.Fatal(err)
			}
			e.log.await(t, "msg=Stopped")
			if code := e.stop(t); code != exitOK {
				t.Errorf("exit code %d", code)
			}
		})
	}
}

// TestStopBesideAStuckClient has a client that does not end its request. It is cut off, and
// nothing is said of counts, as none runs.
func TestStopBesideAStuckClient(t *testing.T) {
	e := start(t, "--kubeconfig="+serveSim(t))
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", e.address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: h\r\n"); err != nil {
		t.Fatal(err)
	}
	e.get(t, "/-/healthy") // the connection before this one has been accepted
	if code := e.stop(t); code != exitOK {
		t.Errorf("exit code %d", code)
	}
	log := e.log.String()
	if !strings.Contains(log, "Connections were cut") || !strings.Contains(log, "msg=Stopped") || strings.Contains(log, "while a count was running") {
		t.Errorf("the log is\n%s", log)
	}
}

// After the count at the start, the API server accepts requests and never answers:
// the count that hangs belongs to a scrape.
func TestShutdownCancelsCounts(t *testing.T) {
	var requests atomic.Int32
	asked := make(chan struct{})
	hanging := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch requests.Add(1) {
		case 1:
			w.WriteHeader(http.StatusInternalServerError)
			return
		case 2:
			close(asked)
		}
		<-r.Context().Done()
	}))
	t.Cleanup(hanging.Close)
	e := start(t, "--kubeconfig="+kubeconfig(t, hanging.URL), "--collector.page-attempts=1", "--collector.cache-ttl=1ms")
	scraped := make(chan string, 1)
	go func() {
		for {
			body := scrape(e.address)
			select {
			case <-asked:
				scraped <- body
				return
			default: // of the count at the start
			}
		}
	}()
	<-asked

	began := time.Now()
	if code := e.stop(t); code != exitOK {
		t.Errorf("exit code %d", code)
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("the shutdown took %s", took)
	}
	body := <-scraped
	if !strings.Contains(body, `pod_count_success{cluster="sim"} 0`) || strings.Contains(body, "node_active_pods{") {
		t.Errorf("the waiting scrape got:\n%s", body)
	}
}

// scrape returns the exposition, or what went wrong.
func scrape(address string) string {
	resp, err := http.Get("http://" + address + "/metrics")
	if err != nil {
		return err.Error()
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err.Error()
	}
	return string(body)
}

func TestReadinessIsTakenBack(t *testing.T) {
	s := &server{}
	for _, step := range []struct {
		name   string
		ready  bool
		status int
	}{{"before serving", false, 503}, {"serving", true, 200}, {"shutting down", false, 503}} {
		s.ready.Store(step.ready)
		rec := httptest.NewRecorder()
		s.isReady(rec, httptest.NewRequest(http.MethodGet, "/-/ready", nil))
		if rec.Code != step.status {
			t.Errorf("%s: status %d, want %d", step.name, rec.Code, step.status)
		}
	}
}

func TestRecoversWhenTheServerComesUp(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	e := start(t, "--kubeconfig="+kubeconfig(t, "http://"+address), "--collector.page-attempts=1", "--collector.cache-ttl=1ms") // and no longer pause
	e.log.await(t, "level=(warn|error).*refused")                                                                               // before anybody has scraped
	if _, body := e.get(t, "/metrics"); !strings.Contains(body, `pod_count_success{cluster="sim"} 0`) {
		t.Errorf("with the server down:\n%s", body)
	}

	if listener, err = net.Listen("tcp", address); err != nil {
		t.Fatal(err)
	}
	up := &httptest.Server{Listener: listener, Config: &http.Server{Handler: simulated(t), ReadHeaderTimeout: patience}}
	up.Start()
	t.Cleanup(up.Close)
	body := e.await(t, "/metrics", "node_active_pods{")
	if pods, _ := sum(t, body, "node_active_pods"); pods != 25 || !strings.Contains(body, `pod_count_success{cluster="sim"} 1`) {
		t.Errorf("with the server up, %v pods:\n%s", pods, body)
	}
}

func TestSeveralClustersAndAddresses(t *testing.T) {
	one, two := serveSim(t), serveSim(t)
	renamed := strings.NewReplacer("current-context: sim", "current-context: other", "name: sim", "name: other")
	content, err := os.ReadFile(two)
	if err != nil {
		t.Fatal(err)
	}
	two = write(t, "other", renamed.Replace(string(content)))
	e := start(t, "--web.listen-address=127.0.0.1:0", "--kubeconfig="+one, "--kubeconfig="+two)
	addresses := e.log.await(t, `(?s)"Listening on" address=(\S+).*"Listening on" address=(\S+)`)[1:]
	for _, address := range addresses {
		status, body := request(t, http.DefaultClient, http.MethodGet, "http://"+address+"/metrics")
		if pods, nodes := sum(t, body, "node_active_pods"); status != 200 || pods != 50 || nodes != 6 {
			t.Errorf("%s: status %d, %v pods on %d nodes", address, status, pods, nodes)
		}
	}
}

func TestHelpAndVersion(t *testing.T) {
	for flag, want := range map[string]string{"--help": "--collector.page-size=500", "-h": "--kubeconfig=PATH", "--version": "pod_count_exporter, version"} {
		t.Run(flag, func(t *testing.T) {
			var stdout, stderr strings.Builder
			if code := run(t.Context(), []string{flag}, noEnv(), &stdout, &stderr); code != exitOK {
				t.Errorf("exit code %d", code)
			}
			if !strings.Contains(stdout.String(), want) || stderr.Len() > 0 {
				t.Errorf("standard output lacks %q:\n%s\nstandard error:\n%s", want, &stdout, &stderr)
			}
		})
	}
}

// full is a device without room.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

func TestHelpThatCannotBeWritten(t *testing.T) {
	for _, flag := range []string{"--help", "--version"} {
		var stderr strings.Builder
		if code := run(t.Context(), []string{flag}, noEnv(), full{}, &stderr); code != exitFailed {
			t.Errorf("%s: exit code %d, want %d", flag, code, exitFailed)
		}
		if got, want := stderr.String(), program+": error: writing to standard output: no space left on device\n"; got != want {
			t.Errorf("%s: standard error\n%s, want\n%s", flag, got, want)
		}
	}
}
