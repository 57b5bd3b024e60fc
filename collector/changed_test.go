package collector

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
	"github.com/kube-node-manager/pod_count_exporter/collector/store"
)

// oneNode is a Counter of a cluster with one node. Its counts take so long.
type oneNode struct {
	name  string
	takes time.Duration
}

func (o *oneNode) Count(ctx context.Context, _ podcount.Observer, publish func(*podcount.Snapshot)) error {
	select {
	case <-time.After(o.takes):
	case <-ctx.Done():
		return ctx.Err()
	}
	publish(&podcount.Snapshot{Nodes: []podcount.Node{{Name: o.name, ActivePods: 1}}, Started: time.Now(), Time: time.Now(), Pages: 1})
	return nil
}

// A reload takes a cluster away, or gives its name to another server, while requests wait: a
// scrape for a slow neighbour, or a fresh count. Their answers have nothing of what is gone.
func TestReloadAmidRequests(t *testing.T) {
	for _, tt := range []struct {
		name   string
		next   []store.Target
		status int // of the request for the nodes of the cluster
		shown  bool
	}{
		{"the same", []store.Target{{Name: "one", Server: "A"}}, http.StatusOK, true},
		{"another server", []store.Target{{Name: "one", Server: "B", Counter: &oneNode{"node-of-b", time.Hour}}}, http.StatusServiceUnavailable, false},
		{"gone", nil, http.StatusNotFound, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				e := empty(t, steady())
				slow := store.Target{Name: "slow", Counter: &oneNode{"s", time.Hour}}
				first := &oneNode{"node-of-a", time.Second}
				e.Store.Set(store.Target{Name: "one", Server: "A", Counter: first}, slow)
				e.scrape("3")
				answers, nodes := make(chan string), make(chan *httptest.ResponseRecorder)
				go func() { answers <- e.scrape("10") }()
				go func() {
					w := httptest.NewRecorder()
					e.API().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/api/v1/nodes?cluster=one&fresh=true&timeout=20s", nil))
					nodes <- w
				}()
				time.Sleep(time.Second / 2)
				for i := range tt.next {
					if tt.next[i].Counter == nil {
						tt.next[i].Counter = first
					}
				}
				e.Store.Set(append(tt.next, slow)...)
				e.Store.Warm()
				if answer := <-nodes; answer.Code != tt.status {
					t.Errorf("status %d, want %d: %s", answer.Code, tt.status, answer.Body)
				}
				body := <-answers
				synctest.Wait()
				for _, line := range []string{`node_active_pods{cluster="one",node="node-of-a"} 1`, `pod_count_success{cluster="one"} 1`} {
					if strings.Contains(body, line) != tt.shown {
						t.Errorf("%s: shown %t, want %t", line, !tt.shown, tt.shown)
					}
				}
				if there := strings.Contains(body, `pod_count_success{cluster="one"}`); there != (tt.next != nil) {
					t.Errorf("a series of the cluster: %t", there)
				}
			})
		})
	}
}
