package collector

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/client-go/rest"

	"github.com/kube-node-manager/pod_count_exporter/collector/page"
	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
	"github.com/kube-node-manager/pod_count_exporter/collector/store"
	"github.com/kube-node-manager/pod_count_exporter/internal/kubesim"
)

// status returns status and body of a document.
func (e *exporter) status(target string) (int, string) {
	e.t.Helper()
	handler, err := e.StatusPage(page.About{Program: "pod_count_exporter"})
	if err != nil {
		e.t.Fatal(err)
	}
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, httptest.NewRequestWithContext(e.t.Context(), http.MethodGet, target, nil))
	return answer.Code, answer.Body.String()
}

func (e *exporter) wantStatus(when, target string, wanted ...string) {
	e.t.Helper()
	_, body := e.status(target)
	for _, want := range wanted {
		if !strings.Contains(body, want) {
			e.t.Errorf("%s: %s lacks %q:\n%s", when, target, want, body)
		}
	}
}

// TestStatusPageOfALife follows a cluster from its first count through failures to
// the time after them.
func TestStatusPageOfALife(t *testing.T) {
	bubble(t, func(t *testing.T) {
		cfg := slow(small(), 5*time.Second)
		e := startWith(t, cfg, steady(), func(counting *podcount.Config, _ *rest.Config) {
			counting.PageAttempts, counting.PageSize, counting.MaxPageSize = 2, 20, 20
		})
		target := "/cluster?name=" + cfg.Cluster
		e.wantStatus("before the first count", "/", `>pending<`)
		e.Store.Warm()
		time.Sleep(11 * time.Second)
		e.wantStatus("amid the first", "/", `>pending<`, "pods, page 2: 20 rows", `data-every="1"`)
		time.Sleep(time.Minute)
		e.wantStatus("counted", "/", "The cluster is well", ">fresh<", `data-every="5"`, "list, table", `<span class="summary">none</span>`)
		time.Sleep(store.DefaultCacheTTL)
		e.wantStatus("looked at only", "/", ">stale<")
		e.status(target) // begins a count, as asking for the nodes does
		time.Sleep(7 * time.Second)
		e.wantStatus("counted anew", target, ">refreshing<", "pods, page 1")
	})
}

func TestStatusPageOfFailures(t *testing.T) {
	bubble(t, func(t *testing.T) {
		cfg := small()
		script := kubesim.NewScript(kubesim.Rule{Fault: kubesim.HTTPStatus(503), Page: kubesim.AnyPage, Times: 2, Resource: podcount.Pods})
		cfg.Intercept = script.Intercept
		e := startWith(t, cfg, steady(), func(counting *podcount.Config, _ *rest.Config) { counting.PageAttempts = 2 })
		e.scrape("60")
		failed := time.Now()
		e.wantStatus("failed", "/", "1 of 1 cluster needs attention", ">failing<", "<strong>server</strong>", "apiserver is shutting down", "1 count, 2 pages", "since <time datetime=\""+failed.UTC().Format(time.RFC3339))
		time.Sleep(2 * time.Minute)
		e.scrape("60")
		e.wantStatus("well again", "/", "The cluster is well", "1 count, 2 pages")
		e.wantStatus("well again", "/cluster?name="+cfg.Cluster, `id="failure"`, "apiserver is shutting down", "2 min ago")
		time.Sleep(time.Hour)
		e.wantStatus("an hour later", "/", `<span class="summary">none</span>`)
	})
}

func TestStatusPageOfWhatCannotBeUsed(t *testing.T) {
	bubble(t, func(t *testing.T) {
		e := empty(t, steady())
		e.Store.Set(store.Target{Name: "a", Server: "s", Counter: store.Unusable(errors.New("its kubeconfig is wrong"))})
		since := time.Now()
		time.Sleep(3 * time.Hour)
		e.wantStatus("unusable", "/", ">cannot be used<", "its kubeconfig is wrong", "<strong>config</strong> since <time datetime=\""+since.UTC().Format(time.RFC3339), "3 h 0 min ago")
		e.Store.Set()
		if status, _ := e.status("/cluster?name=a"); status != http.StatusNotFound {
			t.Errorf("status %d of a cluster that is gone", status)
		}
	})
}

// Documents need a slot like scrapes: none is built when too many answers are being
// sent.
func TestStatusPageIsBounded(t *testing.T) {
	bubble(t, func(t *testing.T) {
		opts := steady()
		opts.MaxRequests = 1
		e := empty(t, opts)
		if err := enter(e.responder.slots); err != nil {
			t.Fatal(err)
		}
		defer leave(e.responder.slots)
		if status, body := e.status("/"); status != http.StatusServiceUnavailable || !strings.Contains(body, fmt.Sprint(errBusy)) {
			t.Errorf("%d %s", status, body)
		}
	})
}

// A document is made without the encoder, which scrapes need.
func TestStatusPageTakesNoEncoderToBeMade(t *testing.T) {
	bubble(t, func(t *testing.T) {
		counter := &scripted{takes: time.Second}
		e := scriptedExporter(t, counter)
		zip := <-e.responder.encoders
		answered := make(chan int)
		go func() {
			status, _ := e.status("/cluster?name=" + e.Store.Clusters()[0].Name())
			answered <- status
		}()
		if synctest.Wait(); counter.calls.Load() != 1 || len(e.responder.preparing) != 1 {
			t.Error("nothing was made of the document, which has its cluster counted")
		}
		e.responder.encoders <- zip
		if status := <-answered; status != http.StatusOK || len(e.responder.preparing) != 0 {
			t.Errorf("status %d; %d documents are being prepared", status, len(e.responder.preparing))
		}
	})
}
