package podcount

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// inOrder makes a server of eight pods, two for each page, on two nodes.
func inOrder(t *testing.T) (*intercepted, *Watcher) {
	t.Helper()
	api, watcher := interceptedCluster(t, func(cfg *Config) { cfg.PageSize, cfg.MaxPageSize = 2, 2 })
	api.do(func() {
		for key := range api.pods {
			api.set(false, key, nil)
		}
		api.set(true, "n0", &fakePod{})
		for i := range 8 {
			api.set(false, fmt.Sprintf("p%d", i), &fakePod{node: fmt.Sprintf("n%d", i%2)})
		}
	})
	return api, watcher
}

// TestStreamsAreOpenWhilePagesAreRead holds up the second page of pods. By then the
// streams are open from the resourceVersion of the first one. What they bring meanwhile
// is counted, of pods on pages before and after, and nothing is published before the last
// page.
func TestStreamsAreOpenWhilePagesAreRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api, watcher := inOrder(t)
		w := &watching{t: t, api: api.fakeAPI, seen: &coverage{}}
		var once sync.Once
		last := ""
		api.answerBy(func(r *http.Request) (*http.Response, error) {
			if !lists(r, "pods") || r.URL.Query().Get("continue") == "" {
				return nil, nil
			}
			once.Do(func() { duringTheStart(t, api, w) })
			w.mu.Lock()
			defer w.mu.Unlock()
			last = r.URL.Query().Get("continue")
			return nil, nil
		})
		stop := counting(t, watcher, w, w.publish)
		defer stop()
		time.Sleep(time.Minute)
		synctest.Wait()
		w.shows(ModeWatch)
		w.mu.Lock()
		shown, token := w.last, last
		w.mu.Unlock()
		if shown.Pages != 4 || token == "" {
			t.Errorf("the start is not what is shown, but %+v", shown)
		}
		want := map[string]int{"n0": 3, "n1": 6}
		for _, node := range shown.Nodes {
			if node.ActivePods != want[node.Name] {
				t.Errorf("node %s has %d pods, want %d", node.Name, node.ActivePods, want[node.Name])
			}
		}
		if shown.UnscheduledPods != 1 {
			t.Errorf("%d pods without a node, want 1", shown.UnscheduledPods)
		}
		time.Sleep(5 * time.Minute)
		w.audited(nil)
		w.shows(ModeWatch)
	})
}

// duringTheStart changes pods of each kind after the first page, which has p0 and p1.
func duringTheStart(t *testing.T, api *intercepted, w *watching) {
	t.Helper()
	at := fmt.Sprint(api.version)
	time.Sleep(time.Second)
	api.troubled.mu.Lock()
	want := map[string]bool{
		"/api/v1/nodes@" + at: true, "/api/v1/podsspec.nodeName=," + activeSelector + "@" + at: true,
		"/api/v1/podsspec.nodeName!=," + activeSelector + "@" + at: true,
	}
	for _, asked := range api.asked {
		delete(want, asked)
	}
	if len(want) > 0 {
		t.Errorf("while the second page is read, the streams %v are not open, but %q", want, api.asked)
	}
	api.troubled.mu.Unlock()
	for _, pod := range []struct {
		key   string
		value *fakePod
	}{
		{"p0", nil}, {"p1", &fakePod{node: "n1", finished: true}}, // gone from the page before
		{"p6", nil},                                                                                // gone from a page to come, which shows it
		{"p00", &fakePod{node: "n1"}}, {"p2x", &fakePod{node: "n1"}}, {"p9", &fakePod{node: "n1"}}, // on no page
		{"p3x", &fakePod{}}, {"p3y", &fakePod{}}, {"p3y", &fakePod{node: "n0"}},
		{"p5", nil}, {"p5", &fakePod{node: "n1"}}, // made anew
	} {
		api.do(func() { api.set(false, pod.key, pod.value) })
	}
	time.Sleep(5 * time.Second) // the streams bring it
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.last != nil {
		t.Errorf("published before the start is complete: %+v", w.last)
	}
}

// TestRecordingTooShortForAnAudit has more events come during an audit than it can hold:
// that is no difference, and the audit is repeated sooner than its interval.
func TestRecordingTooShortForAnAudit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api, watcher := interceptedCluster(t, nil)
		flood := 0
		name := fmt.Sprintf("n%0*d", maxNodeName-1, 0)
		w, stop := following(t, api.troubled, watcher)
		defer stop()
		time.Sleep(time.Minute)
		api.answerBy(func(r *http.Request) (*http.Response, error) {
			if lists(r, "pods") && flood == 0 {
				for ; flood < maxRecordedBytes/maxNodeName; flood++ { // the last ones find no room
					api.do(func() { api.set(false, "flood", &fakePod{node: name, finished: flood%2 > 0}) })
				}
				time.Sleep(5 * time.Second)
			}
			return nil, nil
		})
		time.Sleep(2 * time.Minute)
		w.audited(errShort)
		time.Sleep(soonerAudit)
		w.audited(errShort, nil)
		w.shows(ModeWatch)
		w.mu.Lock()
		defer w.mu.Unlock()
		for _, e := range w.why {
			if e.Restart != nil || e.Fallback != nil {
				t.Errorf("it is followed anew: %+v", e)
			}
		}
	})
}

// audited requires the audits so far to have ended like this.
func (w *watching) audited(want ...error) {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	var got []error
	for _, e := range w.why {
		if e.Audit != nil {
			got = append(got, e.Audit.Err)
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		w.t.Errorf("audits ended with %v, want %v", got, want)
	}
}
