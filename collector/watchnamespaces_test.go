package collector

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kube-node-manager/pod_count_exporter/internal/kubesim"
)

// followNamespaces follows two namespaces of three.
func followNamespaces(t *testing.T) *watched {
	t.Helper()
	return followWith(t, steady(), func(cfg *kubesim.Config, e *watched) {
		cfg.Namespaces, e.pages.Namespaces = []string{"batch", "web", "other"}, []string{"web", "batch"}
	})
}

// lookups counts the look-ups of namespaces from now on, which may be forbidden.
func (w *wiretap) lookups(forbidden bool) func() int {
	n := 0
	w.strike(func(r *http.Request) bool {
		if _, name, found := strings.Cut(r.URL.Path, "/namespaces/"); found && !strings.Contains(name, "/") {
			n++
			return forbidden
		}
		return false
	}, http.StatusForbidden)
	return func() int {
		w.mu.Lock()
		defer w.mu.Unlock()
		return n
	}
}

// wantNoBatch requires the failure of list mode: the last numbers without success, and
// the namespace's name.
func (e *watched) wantNoBatch(step string) {
	e.t.Helper()
	body := e.scrape("10")
	if success := value(body, "pod_count_success"); success != "0" || len(series(body, "node_active_pods")) != 3 {
		e.t.Errorf("%s: pod_count_success is %s and %d nodes are shown, want 0 and the last 3", step, success, len(series(body, "node_active_pods")))
	}
	if err := e.Store.Find("one").View().Err; err == nil || !strings.Contains(err.Error(), `the namespace "batch" does not exist`) {
		e.t.Errorf("%s: the failure is %v", step, err)
	}
	if !strings.Contains(e.log.String(), `namespaces \"batch\" not found`) {
		e.t.Errorf("%s: the log does not name the namespace:\n%s", step, e.log.String())
	}
}

// empties deletes all pods of a namespace.
func (e *watched) empties(namespace string) {
	e.t.Helper()
	for e.sim.Truth(namespace).ActivePods+e.sim.Truth(namespace).Unscheduled > 0 {
		pod, found := e.sim.FindPod(0, func(p kubesim.Pod) bool { return strings.HasPrefix(p.Key, namespace+"/") })
		if !found {
			e.t.Fatalf("no pod of namespace %s", namespace)
		}
		if err := e.sim.DeletePod(pod.Key); err != nil {
			e.t.Fatal(err)
		}
	}
}

// TestDeletedNamespaceIsAFailure deletes a namespace that is followed. No event says so;
// its pods, which went first, would be 0 for ever.
func TestDeletedNamespaceIsAFailure(t *testing.T) {
	bubble(t, func(t *testing.T) {
		e := followNamespaces(t)
		e.scrape("10")
		time.Sleep(time.Minute)
		e.wantTruthOf("at the start", "web", "batch")
		if err := e.sim.DeleteNamespace("batch"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Second)
		e.wantNoBatch("deleted")
		time.Sleep(time.Hour)
		if nodes := series(e.scrape("10"), "node_active_pods"); len(nodes) != 0 {
			t.Errorf("an hour later %d nodes are shown", len(nodes))
		}
		e.sim.CreateNamespace("batch")
		time.Sleep(2 * time.Minute)
		e.scrape("10")
		time.Sleep(time.Second)
		e.wantTruthOf("made anew", "web", "batch")
	})
}

// TestDeletedEmptyNamespaceIsAFailure deletes a namespace long after its last pod.
func TestDeletedEmptyNamespaceIsAFailure(t *testing.T) {
	for _, audits := range []bool{false, true} {
		bubble(t, func(t *testing.T) {
			e := followNamespaces(t)
			if e.watch.AuditInterval = 10 * time.Minute; audits {
				e.watch.NodesInterval = 24 * time.Hour
			} else {
				e.watch.AuditInterval = 0
			}
			e.Store.Set(e.target())
			e.scrape("10")
			e.empties("batch")
			time.Sleep(time.Hour)
			e.wantTruthOf("empty", "web", "batch")
			if err := e.sim.DeleteNamespace("batch"); err != nil {
				t.Fatal(err)
			}
			time.Sleep(11 * time.Minute)
			e.wantNoBatch("deleted")
		})
	}
}

// TestLookupsAreRare has a job empty a namespace every seven seconds, and then leave it
// empty; namespaces that may not be looked up are taken to exist, and asked for once an
// hour.
func TestLookupsAreRare(t *testing.T) {
	for _, forbidden := range []bool{false, true} {
		bubble(t, func(t *testing.T) {
			e := followNamespaces(t)
			e.scrape("10")
			time.Sleep(time.Second)
			e.empties("batch")
			lookups := e.tap.lookups(forbidden)
			for range 257 { // half an hour
				key := e.sim.CreatePodIn("batch", e.sim.NodeNames()[0])
				time.Sleep(2 * time.Second)
				if err := e.sim.DeletePod(key); err != nil {
					t.Fatal(err)
				}
				time.Sleep(5 * time.Second)
			}
			busy := lookups()
			time.Sleep(30 * time.Minute)
			e.wantTruthOf("rarely", "web", "batch")
			quiet := lookups() - busy
			switch {
			case forbidden && busy+quiet > 2:
				t.Errorf("%d look-ups in an hour, all of them refused", busy+quiet)
			case !forbidden && (busy == 0 || busy > 40 || quiet < 5 || quiet > 12): // each minute and cache TTL, and audits
				t.Errorf("%d look-ups in half an hour of jobs, and %d in one without", busy, quiet)
			}
		})
	}
}

// wantTruthOf is wantTruth for some namespaces, with success.
func (e *watched) wantTruthOf(step string, namespaces ...string) {
	e.t.Helper()
	body, want := e.scrape("10"), e.sim.Truth(namespaces...)
	if got := numbers(body); got != shown(want) {
		e.t.Errorf("%s: exposition shows\n%s\nwant\n%s", step, got, shown(want))
	}
	if success := value(body, "pod_count_success"); success != "1" || !slices.Equal(series(body, "node_allocatable_pods"), nil) {
		e.t.Errorf("%s: pod_count_success is %s, want 1", step, success)
	}
}
