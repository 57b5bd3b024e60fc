package podcount

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// TestDriftsInARow has two audits find that an event was lost. If they follow each other, the
// cluster cannot be watched; one between them that finds nothing wrong shows that a new start
// has helped.
func TestDriftsInARow(t *testing.T) {
	for name, tt := range map[string]struct {
		between time.Duration // from the new start to the next event that is lost
		want    Mode
	}{
		"in a row":            {0, ModeList},
		"with one in between": {firstAudit, ModeWatch},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				api, watcher := troubledCluster(t)
				w, stop := following(t, api, watcher)
				defer stop()
				time.Sleep(time.Second)
				for i, rest := range []time.Duration{firstAudit + tt.between, DefaultAuditInterval} {
					api.do(func() {
						api.set(false, fmt.Sprint("lost", i), &fakePod{node: "n0"})
						api.dropped = api.version
					})
					time.Sleep(rest)
				}
				found := 0
				w.mu.Lock()
				for _, e := range w.why {
					if e.Audit != nil && len(e.Audit.Differences) > 0 {
						found++
					}
				}
				w.mu.Unlock()
				if fell := w.fellBackFor(errDrift); found != 2 || fell != (tt.want == ModeList) {
					t.Errorf("%d audits found something, and it fell back: %t; want 2, and mode %s", found, fell, tt.want)
				}
			})
		})
	}
}

// TestUnlistedNodes has the server not list the nodes again: that is told. That a list was
// under way when the session ended is not.
func TestUnlistedNodes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api, watcher := interceptedCluster(t, nil)
		answer := func(by func(*http.Request) *http.Response) {
			api.answerBy(func(r *http.Request) (*http.Response, error) {
				if !lists(r, Nodes) {
					return nil, nil
				}
				return by(r), nil
			})
		}
		w, stop := following(t, api.troubled, watcher)
		time.Sleep(time.Minute)
		answer(refusing(http.StatusServiceUnavailable))
		time.Sleep(DefaultNodesInterval)
		told := w.unlisted()
		if failure, is := errors.AsType[*PageError](errors.Join(told...)); !is || failure.Resource != Nodes {
			t.Errorf("it is told of %v, want a failure of the nodes", told)
		}
		asked := make(chan struct{}, 1)
		answer(func(r *http.Request) *http.Response {
			asked <- struct{}{}
			return silent(r)
		})
		<-asked
		before := len(w.unlisted())
		stop()
		if after := w.unlisted(); len(after) != before {
			t.Errorf("the end of the session is told of as %v", after[before:])
		}
	})
}

func (w *watching) unlisted() (errs []error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, e := range w.why {
		if e.Unlisted != nil {
			errs = append(errs, e.Unlisted)
		}
	}
	return errs
}

// TestOlderListOfTheNodes has the server be restored from a backup that only the stream of
// pods has passed. The next list of the nodes shows that, and calls for an audit.
func TestOlderListOfTheNodes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api, watcher := troubledCluster(t)
		watcher.watch.NodesInterval = 30 * time.Second
		w, stop := following(t, api, watcher)
		defer stop()
		time.Sleep(10 * time.Second)
		backup := 0
		api.do(func() {
			backup = api.version
			api.set(false, "later", &fakePod{node: "n0"})
		})
		time.Sleep(time.Second)
		api.do(func() { api.restore(backup) })
		time.Sleep(30 * time.Second) // long before the first audit
		w.mu.Lock()
		defer w.mu.Unlock()
		if !slices.ContainsFunc(w.why, func(e Watched) bool { return e.Audit != nil && errors.Is(e.Audit.Err, errOlder) }) {
			t.Errorf("no audit found that the list is older: %+v", w.why)
		}
	})
}
