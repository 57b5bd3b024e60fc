package collector

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/client-go/rest"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
	"github.com/kube-node-manager/pod_count_exporter/collector/store"
	"github.com/kube-node-manager/pod_count_exporter/internal/kubesim"
)

// wiretap counts the requests that pass it, can break all connections, and can fail some
// requests.
type wiretap struct {
	next http.RoundTripper

	mu    sync.Mutex
	lists int // of pods
	all   int
	down  bool
	cuts  []cut

	fails  func(*http.Request) bool // nil: none
	status int                      // of what fails; 0: no answer
	loses  func(event string) bool  // whether an event of a stream is lost; nil: none
}

type cut struct {
	request *http.Request
	now     context.CancelFunc
}

var errDown = errors.New("connection refused")

// RoundTrip passes the request on, unless the connections are broken.
func (w *wiretap) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, response, err := w.note(r)
	if response != nil || err != nil {
		return response, err
	}
	response, err = w.passedTo().RoundTrip(r.WithContext(ctx)) // which may hang, so without the lock
	if err == nil && isWatch(r) {
		response.Body = &lossy{ReadCloser: response.Body, lines: bufio.NewReader(response.Body), tap: w}
	}
	return response, err
}

// note returns the context that a request is passed on with, or its failure.
func (w *wiretap) note(r *http.Request) (context.Context, *http.Response, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.all++
	if trace := httptrace.ContextClientTrace(r.Context()); trace != nil && trace.GetConn != nil {
		trace.GetConn(r.URL.Host) // as a transport does that begins to connect
	}
	if w.down {
		return nil, nil, errDown
	}
	if w.fails != nil && w.fails(r) {
		if w.status == 0 {
			return nil, nil, errDown
		}
		return nil, &http.Response{StatusCode: w.status, Header: http.Header{"Location": {"https://elsewhere.example/"}}, Body: http.NoBody, Request: r}, nil
	}
	if r.URL.Query().Get("watch") == "" && strings.HasSuffix(r.URL.Path, "/pods") {
		w.lists++
	}
	ctx, end := context.WithCancel(r.Context())
	w.cuts = append(w.cuts, cut{r, end})
	return ctx, nil, nil
}

// lossy is a stream that loses events on its way.
type lossy struct {
	io.ReadCloser
	lines *bufio.Reader
	rest  []byte
	tap   *wiretap
}

// Read passes the next event on that is not lost.
func (l *lossy) Read(p []byte) (int, error) {
	for len(l.rest) == 0 {
		line, err := l.lines.ReadBytes('\n')
		if err != nil {
			return copy(p, line), err
		}
		l.tap.mu.Lock()
		if l.tap.loses == nil || !l.tap.loses(string(line)) {
			l.rest = line
		}
		l.tap.mu.Unlock()
	}
	n := copy(p, l.rest)
	l.rest = l.rest[n:]
	return n, nil
}

// loseAdded loses the next ADDED event of a pod on a node.
func (w *wiretap) loseAdded(node string) {
	w.lose(func(event string) bool {
		return strings.Contains(event, `"ADDED"`) && strings.Contains(event, `"`+node+`"`)
	})
}

// lose has the next event that fits be lost.
func (w *wiretap) lose(fits func(event string) bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.loses = func(event string) bool {
		lost := fits(event)
		if lost {
			w.loses = nil
		}
		return lost
	}
}

// CloseIdleConnections passes that on.
func (w *wiretap) CloseIdleConnections() { utilnet.CloseIdleConnectionsFor(w.passedTo()) }

// passedTo is the transport of the latest target: a cluster that is removed may still be
// ending when the next one is made.
func (w *wiretap) passedTo() http.RoundTripper {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.next
}

func (w *wiretap) breaks(down bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.down = down
	for _, cut := range w.cuts {
		cut.now()
	}
}

// forget lets go of the requests so far, which cannot be broken any more.
func (w *wiretap) forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cuts = nil
}

// strike has the requests that match fail from now on, those under way too.
func (w *wiretap) strike(fails func(*http.Request) bool, status int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fails, w.status = fails, status
	for _, cut := range w.cuts {
		if fails != nil && fails(cut.request) {
			cut.now()
		}
	}
}

func (w *wiretap) requests() (all, lists int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.all, w.lists
}

// watched is an exporter that follows one simulated cluster.
type watched struct {
	*exporter
	tap    *wiretap
	config *rest.Config
	pages  podcount.Config
	watch  podcount.WatchConfig
}

// follow must be called within a synctest bubble.
func follow(t *testing.T) *watched {
	t.Helper()
	return followWith(t, steady(), func(*kubesim.Config, *watched) {})
}

// followWith lets a test change the cluster and how it is followed.
func followWith(t *testing.T, opts Options, change func(*kubesim.Config, *watched)) *watched {
	t.Helper()
	opts.Watch = true
	e := &watched{exporter: empty(t, opts), tap: &wiretap{}, pages: podcount.DefaultConfig(), watch: podcount.DefaultWatchConfig()}
	cfg := kubesim.Config{Cluster: "one", Nodes: 3, Pods: 30, Unscheduled: 2, Seed: 1}
	change(&cfg, e)
	_, e.sim = e.simulate(cfg, func(_ *podcount.Config, config *rest.Config) {
		e.config = config
		config.Wrap(func(next http.RoundTripper) http.RoundTripper {
			e.tap.mu.Lock()
			defer e.tap.mu.Unlock()
			e.tap.next = next
			return e.tap
		})
	})
	e.Store.Set(e.target())
	return e
}

// target is the cluster with a Watcher of its own, as after each reload.
func (e *watched) target() store.Target {
	e.t.Helper()
	cfg := e.pages
	cfg.Jitter, cfg.Gate = func() float64 { return 0.5 }, e.Store.Gate()
	return store.Target{Name: "one", Server: e.config.Host, Counter: newWatcher(e.t, cfg, e.watch, e.config)}
}

// newWatcher follows the API server that config leads to.
func newWatcher(t *testing.T, pages podcount.Config, watch podcount.WatchConfig, config *rest.Config) *podcount.Watcher {
	t.Helper()
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		t.Fatal(err)
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	base, err := url.Parse(config.Host)
	if err != nil {
		t.Fatal(err)
	}
	counter, err := podcount.New(pages, client, base)
	if err != nil {
		t.Fatal(err)
	}
	watcher, err := podcount.NewWatcher(counter, client, watch)
	if err != nil {
		t.Fatal(err)
	}
	return watcher
}

// wantTruth requires the metrics to show the present numbers of the cluster.
func (e *watched) wantTruth(step string) {
	e.t.Helper()
	synctest.Wait()
	body, want := e.scrape("10"), e.sim.Truth()
	got := map[string]string{}
	for _, line := range series(body, "node_active_pods") {
		name, number, _ := strings.Cut(line, "} ")
		got[strings.TrimSuffix(name[strings.Index(name, `node="`)+len(`node="`):], `"`)] = number
	}
	for node, pods := range want.Pods {
		if got[node] != strconv.Itoa(pods) {
			e.t.Errorf("%s: node %s has %q active pods, want %d", step, node, got[node], pods)
		}
	}
	if len(got) != len(want.Pods) || value(body, "pod_count_unscheduled_pods") != strconv.Itoa(want.Unscheduled) {
		e.t.Errorf("%s: %d nodes, %s unscheduled pods, want %d and %d", step, len(got), value(body, "pod_count_unscheduled_pods"), len(want.Pods), want.Unscheduled)
	}
}

// TestFollowedClusterIsServed follows one cluster through changes: a scrape sends
// nothing to the API server.
func TestFollowedClusterIsServed(t *testing.T) {
	bubble(t, func(t *testing.T) {
		e := follow(t)
		e.wantTruth("at the start")
		node := e.sim.NodeNames()[0]
		key := e.sim.CreatePod("")
		time.Sleep(time.Second)
		e.wantTruth("created")
		before, _ := e.tap.requests()
		if err := e.sim.BindPod(key, node); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		e.wantTruth("bound")
		if err := e.sim.DeletePod(key); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		e.wantTruth("deleted")
		if after, _ := e.tap.requests(); after != before {
			t.Errorf("%d requests for scrapes, want none", after-before)
		}
		e.sim.AddNode()
		time.Sleep(10 * time.Second)
		e.wantTruth("a node joined")
		body := e.scrape("10")
		if nodes := series(body, "node_allocatable_pods"); len(nodes) != 4 {
			t.Errorf("allocatable pods of %d nodes, want 4: %v", len(nodes), nodes)
		}
		var own strings.Builder
		for _, name := range []string{
			"pod_count_mode_info", "pod_count_bound_total", "pod_count_left_total", "pod_count_watch_drift_pods",
			"pod_count_watch_events_total", "pod_count_watch_restarts_total", "pod_count_watch_audits_total",
			"pod_count_watch_last_event_timestamp_seconds", "pod_count_watch_last_bookmark_timestamp_seconds",
		} {
			own.WriteString(strings.Join(series(body, name), "\n") + "\n")
		}
		golden(t, "followed_cluster.prom", own.String())
	})
}

// TestFollowedClusterIsListedFresh has a request for a fresh count list the cluster
// beside its streams.
func TestFollowedClusterIsListedFresh(t *testing.T) {
	bubble(t, func(t *testing.T) {
		e := follow(t)
		e.wantTruth("at the start")
		time.Sleep(30 * time.Second)
		_, before := e.tap.requests()
		if code, answer := e.ask(http.MethodGet, askFresh); code != http.StatusOK {
			t.Errorf("fresh: %d %v", code, answer)
		}
		if _, after := e.tap.requests(); after == before {
			t.Error("no list for a fresh count")
		}
	})
}

// TestStreamsThatBreakAreNoSuccess breaks the connections: the last numbers stay,
// without success, until the streams are back.
func TestStreamsThatBreakAreNoSuccess(t *testing.T) {
	bubble(t, func(t *testing.T) {
		e := follow(t)
		e.wantTruth("at the start")
		e.tap.breaks(true)
		time.Sleep(5 * time.Second)
		body := e.scrape("10")
		if success := value(body, "pod_count_success"); success != "0" || len(series(body, "node_active_pods")) != 3 {
			t.Errorf("without streams: success %s and %d nodes, want 0 and the last 3", success, len(series(body, "node_active_pods")))
		}
		if err := e.sim.DeletePod(e.sim.CreatePod(e.sim.NodeNames()[1])); err != nil {
			t.Fatal(err)
		}
		e.sim.CreatePod(e.sim.NodeNames()[1])
		_, before := e.tap.requests()
		e.tap.breaks(false)
		time.Sleep(time.Minute)
		e.wantTruth("back")
		if success := value(e.scrape("10"), "pod_count_success"); success != "1" {
			t.Errorf("with streams: success %s, want 1", success)
		}
		if _, after := e.tap.requests(); after != before {
			t.Error("the pods were listed again, want the streams to go on where they were")
		}
	})
}

// TestReloadGoesOnFollowing replaces the credentials: nothing is listed again.
func TestReloadGoesOnFollowing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		e := follow(t)
		e.wantTruth("at the start")
		_, before := e.tap.requests()
		for range 3 {
			e.Store.Set(e.target())
			time.Sleep(time.Second)
			e.sim.CreatePod(e.sim.NodeNames()[2])
			time.Sleep(time.Second)
			e.wantTruth("reloaded")
		}
		if _, after := e.tap.requests(); after != before {
			t.Errorf("%d lists of pods for three reloads, want none", after-before)
		}
		e.Store.Set() // and what is gone leaves nothing behind, or the bubble would not end
		time.Sleep(time.Second)
		synctest.Wait()
	})
}
