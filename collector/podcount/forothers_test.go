package podcount

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// hurried is a gate that ends answers after some seconds, as if others waited.
type hurried struct {
	ended  atomic.Int32
	failed atomic.Int32
}

// Enter never waits.
func (g *hurried) Enter(_ context.Context, _ bool, end func()) (Place, error) {
	return &hurriedPlace{gate: g, timer: time.AfterFunc(3*time.Second, func() {
		g.ended.Add(1)
		end()
	})}, nil
}

type hurriedPlace struct {
	gate  *hurried
	timer *time.Timer
}

// Yield does nothing.
func (p *hurriedPlace) Yield() {}

// Came does nothing.
func (p *hurriedPlace) Came() {}

// Leave keeps the answer from being ended.
func (p *hurriedPlace) Leave(failed bool) {
	p.timer.Stop()
	if failed {
		p.gate.failed.Add(1)
	}
}

// TestPageEndedForOthers has a page come too slowly while others wait: it is asked for
// again as it was, and with no credential can its reason be guessed.
func TestPageEndedForOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stalled := false
		gate := &hurried{}
		c := sharing(t, nil, roundTrip(func(r *http.Request) (*http.Response, error) {
			getConn(r.Context())
			switch {
			case strings.HasSuffix(r.URL.Path, "/nodes"):
				return nodePage("", "a")(r)
			case !stalled:
				stalled = true
				return answerWith(r, http.StatusOK, io.NopCloser(io.MultiReader(strings.NewReader(strings.Repeat(" ", 2*readyBytes)), until(r.Context().Done())))), nil
			}
			return podPage("", "a")(r)
		}))
		c.cfg.Gate = gate
		before, seen := *c.pods, &recorder{}
		if _, err := countOnce(t.Context(), c, seen); err != nil || *c.pods != before {
			t.Errorf("%v; sizes of pages were %+v, and are %+v", err, before, *c.pods)
		}
		const want = "reading the body: the answer comes too slowly: others wait for its place"
		if e := seen.pages[1].Err; e == nil || e.Reason != Timeout || !e.busy() || !errors.Is(e, context.DeadlineExceeded) || e.Err.Error() != want {
			t.Errorf("the first attempt: %v, want %s", e, want)
		}
		if gate.failed.Load() != 1 {
			t.Errorf("%d places were left with failures, want one", gate.failed.Load())
		}
	})
}

// TestStartEndedForOthers has the initial events of a stream come too slowly while others
// wait: the next start is complete. If that never ends, the cluster is listed.
func TestStartEndedForOthers(t *testing.T) {
	for ends, mode := range map[int32]Mode{1: ModeWatch, 3: ModeWatch, 20: ModeList} {
		t.Run(string(mode), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				api, watcher := interceptedCluster(t, nil)
				gate := &hurried{}
				watcher.cfg.Gate, watcher.stale = gate, maxStale
				var starts atomic.Int32
				api.answerBy(func(r *http.Request) (*http.Response, error) {
					if r.URL.Query().Get("sendInitialEvents") == "" || starts.Add(1) > ends {
						return nil, nil
					}
					event := rowEvent(1, `"columnDefinitions":[{"name":"Name"},{"name":"Node"}],"rows":[{"cells":["p","a"]}]`)
					return answerWith(r, http.StatusOK, io.NopCloser(io.MultiReader(strings.NewReader(event+"\n"), until(r.Context().Done())))), nil
				})
				w, stop := following(t, api.troubled, watcher)
				defer stop()
				time.Sleep(3 * time.Minute)
				w.shows(mode)
				w.mu.Lock()
				defer w.mu.Unlock()
				restarts := int32(0)
				for _, e := range w.why {
					if e.Restart != nil {
						restarts++
						if e.Restart.Reason != EndSilent || !errors.Is(e.Restart.Err, errBusy) {
							t.Errorf("%+v", e.Restart)
						}
					}
				}
				if restarts != min(ends, maxShortSessions-1) || gate.ended.Load() != min(ends, maxShortSessions) {
					t.Errorf("%d starts were ended, and %d others followed", gate.ended.Load(), restarts)
				}
				if gate.failed.Load() != gate.ended.Load() {
					t.Errorf("%d places were left with failures, and %d answers were ended", gate.failed.Load(), gate.ended.Load())
				}
			})
		})
	}
}
