package collector

import (
	"net/http"
	"net/http/httptest"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"github.com/kube-node-manager/pod_count_exporter/collector/page"
	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
)

// TestSlowClientsKeepNoSnapshot has clients that do not read: an answer that waits for one
// keeps nothing of the snapshot that it was made from, which the budget no longer counts
// once there is another.
func TestSlowClientsKeepNoSnapshot(t *testing.T) {
	for _, target := range []string{"/metrics", "/api/v1/nodes?cluster=one", "/api/v1/clusters", "/", "/cluster?name=one"} {
		t.Run(target, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				e := scriptedExporter(t, shownAs{podcount.Snapshot{Nodes: []podcount.Node{{Name: "n", ActivePods: 1}}}})
				e.scrape("10")
				kept := weak.Make(e.Store.Find("one").View().Snapshot)
				pages, err := e.StatusPage(page.About{})
				if err != nil {
					t.Fatal(err)
				}
				mux := http.NewServeMux()
				mux.Handle("/metrics", e.handler)
				mux.Handle("/api/", e.API())
				mux.Handle("/", pages)
				reads := make(chan struct{})
				var client sync.WaitGroup
				client.Go(func() { mux.ServeHTTP(deaf{httptest.NewRecorder(), reads}, request(t.Context(), target)) })
				synctest.Wait()
				time.Sleep(time.Hour)
				e.scrape("10")
				runtime.GC()
				if kept.Value() != nil {
					t.Error("the snapshot is kept while the answer waits for its client")
				}
				close(reads)
				client.Wait()
			})
		})
	}
}
