package collector

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kube-node-manager/pod_count_exporter/collector/store"
	"github.com/kube-node-manager/pod_count_exporter/internal/kubesim"
)

// ask sends a request to the API and returns status and body.
func (e *exporter) ask(method, target string) (int, string) {
	e.t.Helper()
	answer := httptest.NewRecorder()
	e.API().ServeHTTP(answer, httptest.NewRequestWithContext(e.t.Context(), method, target, nil))
	if got := answer.Header().Get("Content-Type"); got != "application/json" {
		e.t.Errorf("%s %s: content type %q", method, target, got)
	}
	return answer.Code, answer.Body.String()
}

func TestGoldenAPI(t *testing.T) {
	bubble(t, func(t *testing.T) {
		e := start(t, small(), steady())
		e.scrape("10")
		time.Sleep(time.Minute)
		var all strings.Builder
		for _, target := range []string{"/api/v1/clusters", "/api/v1/nodes?cluster=jobsscz-k8s-cluster"} {
			_, body := e.ask(http.MethodGet, target)
			all.WriteString("GET " + target + "\n" + indented(t, body) + "\n")
		}
		golden(t, "small_cluster.api", all.String())
	})
}

func indented(t *testing.T, body string) string {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		t.Fatal(err)
	}
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestAPIErrors(t *testing.T) {
	tests := []struct {
		name, method, target string
		status               int
		text                 string
	}{
		{"no such endpoint", http.MethodGet, "/api/v2/pods", 404, "no such endpoint"},
		{"only reading", http.MethodPost, "/api/v1/clusters", 405, "only GET"},
		{"no cluster", http.MethodGet, "/api/v1/nodes", 400, "one parameter cluster is needed"},
		{"two clusters", http.MethodGet, "/api/v1/nodes?cluster=one&cluster=two", 400, "one parameter cluster is needed"},
		{"unknown cluster", http.MethodGet, "/api/v1/nodes?cluster=%22%3Cb%3E", 404, `unknown cluster "\"<b>"`},
		{"bad fresh", http.MethodGet, "/api/v1/nodes?cluster=one&fresh=maybe", 400, `fresh="maybe" is neither true nor false`},
		{"bad timeout", http.MethodGet, "/api/v1/nodes?cluster=one&fresh=true&timeout=-1s", 400, `timeout="-1s" is no positive duration`},
		{"bad query of clusters", http.MethodGet, "/api/v1/clusters?%zz", 400, "cannot be read"},
		{"bad query of nothing", http.MethodGet, "/api/v1/?a;b", 400, "cannot be read"},
		{"bad query", http.MethodGet, "/api/v1/nodes?cluster=%zz", 400, "cannot be read"},
		{"no count yet", http.MethodGet, "/api/v1/nodes?cluster=one", 503, `cluster "one" has no complete count yet`},
		{"a fresh count that takes too long", http.MethodGet, "/api/v1/nodes?cluster=one&fresh=true&timeout=5s", 504, "not complete after 5s, and goes on"},
		{"a fresh count of a broken cluster", http.MethodGet, "/api/v1/nodes?cluster=broken&fresh=true&timeout=5m", 503, "status 500"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				e := empty(t, steady())
				cfg := small()
				cfg.Cluster = "broken"
				cfg.Intercept = kubesim.NewScript(kubesim.Rule{Fault: kubesim.HTTPStatus(500), Page: kubesim.AnyPage, Times: 1 << 30}).Intercept
				broken, _ := e.simulate(cfg, unchanged)
				e.Store.Set(store.Target{Name: "one", Counter: &scripted{takes: time.Hour}}, broken)
				status, body := e.ask(tt.method, tt.target)
				var got struct {
					Status int    `json:"status"`
					Error  string `json:"error"`
				}
				if err := json.Unmarshal([]byte(body), &got); err != nil {
					t.Fatalf("%v: %s", err, body)
				}
				if status != tt.status || got.Status != tt.status || !strings.Contains(got.Error, tt.text) {
					t.Errorf("got %d %+v, want %d with %q", status, got, tt.status, tt.text)
				}
			})
		})
	}
}

// TestFreshCountAtTheEnd has the process end amid a request for a fresh count.
func TestFreshCountAtTheEnd(t *testing.T) {
	bubble(t, func(t *testing.T) {
		e := empty(t, steady())
		e.Store.Set(store.Target{Name: "one", Counter: &scripted{takes: time.Hour}})
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(4*time.Second, cancel)
		answer := httptest.NewRecorder()
		e.API().ServeHTTP(answer, httptest.NewRequestWithContext(ctx, http.MethodGet, "/api/v1/nodes?cluster=one&fresh=true&timeout=60s", http.NoBody))
		if text := answer.Body.String(); answer.Code != http.StatusServiceUnavailable || !strings.Contains(text, "ended") {
			t.Errorf("got %d %s", answer.Code, text)
		}
	})
}

// clusters returns the entry of the only cluster in /api/v1/clusters.
func (e *exporter) only() clusterAnswer {
	e.t.Helper()
	_, body := e.ask(http.MethodGet, "/api/v1/clusters")
	var all struct {
		Clusters []struct {
			clusterAnswer
			countAnswer
		}
	}
	if err := json.Unmarshal([]byte(body), &all); err != nil || len(all.Clusters) != 1 {
		e.t.Fatalf("%v: %s", err, body)
	}
	one := all.Clusters[0]
	one.clusterAnswer.countAnswer = &one.countAnswer
	return one.clusterAnswer
}

// TestAPIStates follows one cluster through the states, and its running counts.
func TestAPIStates(t *testing.T) {
	bubble(t, func(t *testing.T) {
		e := start(t, slow(small(), 5*time.Second), steady())
		if got := e.only(); got.State != string(store.Pending) || got.Running != nil || got.AgeSeconds != nil {
			t.Errorf("before the first count: %+v", got)
		}
		e.Store.Warm()
		time.Sleep(7 * time.Second)
		got := e.only()
		if r := got.Running; got.State != string(store.Pending) || r == nil || r.Resource != "pods" || r.Page != 1 || r.ExpectedPods != nil {
			t.Errorf("while the pods are counted: %+v, %+v", got, got.Running)
		}
		time.Sleep(time.Minute)
		if got = e.only(); got.State != string(store.Fresh) || !got.LastCountSucceeded || got.ActivePods != 62 || got.NodeCount != 6 {
			t.Errorf("counted: %+v", got)
		}
		time.Sleep(store.DefaultCacheTTL)
		if got = e.only(); got.State != string(store.Stale) || got.Running != nil {
			t.Errorf("looking has begun a count: %+v", got)
		}
		e.ask(http.MethodGet, "/api/v1/nodes?cluster="+got.Cluster)
		if got = e.only(); got.Running == nil || got.Running.ExpectedPods == nil || *got.Running.ExpectedPods != 65 {
			t.Errorf("asking for the nodes of a stale cluster: %+v", got.Running)
		}
		e.stop()
		e.Store.Wait()
		time.Sleep(store.DefaultMaxStaleness)
		if got = e.only(); got.State != string(store.Withdrawn) || got.ActivePods != 0 {
			t.Errorf("too old: %+v", got)
		}
		if status, body := e.ask(http.MethodGet, "/api/v1/nodes?cluster="+got.Cluster); status != 503 || !strings.Contains(body, "too old") {
			t.Errorf("nodes of a withdrawn count: %d %s", status, body)
		}
	})
}

func TestAPIShowsFailures(t *testing.T) {
	bubble(t, func(t *testing.T) {
		cfg := small()
		cfg.Forbidden = []string{"pods"}
		e := start(t, cfg, steady())
		e.scrape("10")
		if got := e.only(); got.LastErrorReason != "forbidden" || !strings.Contains(got.LastError, "403") {
			t.Errorf("the failure is not shown: %+v", got)
		}
	})
}

// A count that was running when the request came may have missed the changes that the
// request is about, so another one follows.
func TestFreshCountsBeginAfterTheRequest(t *testing.T) {
	bubble(t, func(t *testing.T) {
		counter := &scripted{takes: 10 * time.Second}
		e := scriptedExporter(t, counter)
		e.Store.Warm()
		time.Sleep(5 * time.Second)
		began := time.Now()
		status, body := e.ask(http.MethodGet, "/api/v1/nodes?cluster=one&fresh=true&timeout=1m")
		if took := time.Since(began); status != http.StatusOK || took != 15*time.Second || !strings.Contains(body, `"activePods":2`) {
			t.Errorf("after %s: %d %s; want the second count after 15s", took, status, body)
		}
		done := make(chan struct{})
		for range 5 {
			go func() {
				e.ask(http.MethodGet, "/api/v1/nodes?cluster=one&fresh=true&timeout=1m")
				done <- struct{}{}
			}()
		}
		for range 5 {
			<-done
		}
		if calls := counter.calls.Load(); calls != 3 {
			t.Errorf("%d counts, want one for five requests at once", calls)
		}
		synctest.Wait()
	})
}

func TestDiscovery(t *testing.T) {
	bubble(t, func(t *testing.T) {
		e := empty(t, steady())
		get := func() []targetGroup {
			answer := httptest.NewRecorder()
			request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/sd", nil)
			request.Host = "exporter:10120"
			e.Discovery("/pods").ServeHTTP(answer, request)
			var groups []targetGroup
			if err := json.Unmarshal(answer.Body.Bytes(), &groups); err != nil {
				t.Fatal(err)
			}
			return groups
		}
		target := func(instance, parameter, value string) targetGroup {
			return targetGroup{Targets: []string{"exporter:10120"}, Labels: map[string]string{
				"__metrics_path__": "/pods", "__scheme__": "http", "__param_" + parameter: value, "instance": instance,
			}}
		}
		self := target("exporter:10120", "scope", "process")
		if got := get(); !reflect.DeepEqual(got, []targetGroup{self}) {
			t.Errorf("without clusters: %v, want the exporter itself", got)
		}
		e.Store.Set(store.Target{Name: "process", Counter: &scripted{}}, store.Target{Name: "a & c", Counter: &scripted{}})
		want := []targetGroup{self, target("exporter:10120/a & c", "cluster", "a & c"), target("exporter:10120/process", "cluster", "process")}
		if got := get(); !reflect.DeepEqual(got, want) {
			t.Errorf("targets %v, want %v", got, want)
		}
	})
}

func TestChoosingClusters(t *testing.T) {
	tests := []struct {
		name, query string
		status      int
		clusters    string
	}{
		{"all", "", 200, "a b c"},
		{"one", "?cluster[]=b", 200, "b"},
		{"two, escaped", "?cluster%5B%5D=c&cluster[]=a", 200, "a c"},
		{"one twice", "?cluster[]=c&cluster[]=c", 200, "c"},
		{"without brackets", "?cluster=c", 200, "c"},
		{"in both forms", "?cluster=c&cluster[]=a", 200, "a c"},
		{"the process itself", "?scope=process", 200, ""},
		{"another scope", "?scope=all", 400, `unknown scope "all"`},
		{"the process and a cluster", "?scope=process&cluster=a", 400, "request them separately"},
		{"an unknown one", "?cluster[]=a&cluster[]=x", 400, `unknown cluster "x"`},
		{"an empty one", "?cluster[]=", 400, `unknown cluster ""`},
		{"a long one", "?cluster[]=" + strings.Repeat("x", 5000), 400, "unknown cluster"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				e := empty(t, steady())
				e.Store.Set(store.Target{Name: "a", Counter: &scripted{}}, store.Target{Name: "b", Counter: &scripted{}}, store.Target{Name: "c", Counter: &scripted{}})
				answer := httptest.NewRecorder()
				e.handler.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics"+tt.query, nil))
				body := answer.Body.String()
				if answer.Code != tt.status || len(body) > 1<<16 {
					t.Fatalf("status %d, %d bytes", answer.Code, len(body))
				}
				if tt.status != http.StatusOK {
					if !strings.Contains(body, tt.clusters) || len(body) > 400 {
						t.Errorf("the answer is %s", body)
					}
					return
				}
				var names []string
				for _, m := range regexp.MustCompile(`pod_count_success\{cluster="(.)"\}`).FindAllStringSubmatch(body, -1) {
					names = append(names, m[1])
				}
				if got := strings.Join(names, " "); got != tt.clusters {
					t.Errorf("clusters %s, want %s", got, tt.clusters)
				}
				if whole := tt.query == "" || tt.query == "?scope=process"; strings.Contains(body, "pod_count_shard_info") != whole {
					t.Error("metrics of the process belong to the scrape of all clusters and to their own, and to no other")
				}
			})
		})
	}
}
