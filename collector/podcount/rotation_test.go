package podcount

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// rotated follows a cluster whose credentials change again and again, and counts the lists
// that begin.
type rotated struct {
	*intercepted
	*watching
	watcher *Watcher

	lists sync.Mutex
	begun map[string]int // first pages that were answered, by resource
	slow  time.Duration  // of each page
	quiet bool           // nothing happens in the cluster

	watches int           // that were asked for
	opening time.Duration // of each stream
}

func newRotated(t *testing.T, pageSize int, watch WatchConfig) *rotated {
	t.Helper()
	api, watcher := interceptedCluster(t, func(cfg *Config) { cfg.PageSize, cfg.MaxPageSize = pageSize, pageSize })
	watcher.watch = watch
	r := &rotated{
		intercepted: api, watcher: watcher, begun: map[string]int{},
		watching: &watching{t: t, api: api.fakeAPI, seen: &coverage{}},
	}
	api.answerBy(r.list)
	return r
}

func (r *rotated) list(request *http.Request) (*http.Response, error) {
	query := request.URL.Query()
	r.lists.Lock()
	slow, opening := r.slow, r.opening
	if query.Get("watch") != "" {
		r.watches++
		slow = opening
	}
	r.lists.Unlock()
	if err := sleep(request.Context(), slow); err != nil || query.Get("watch") != "" {
		return nil, err
	}
	r.lists.Lock()
	defer r.lists.Unlock()
	for _, resource := range []string{"pods", "nodes"} {
		if query.Get("continue") == "" && lists(request, resource) {
			r.begun[resource]++
		}
	}
	return nil, nil
}

// takes sets how long each page takes, and each stream until it is open.
func (r *rotated) takes(slow, opening time.Duration) {
	r.lists.Lock()
	defer r.lists.Unlock()
	r.slow, r.opening = slow, opening
}

// first returns how many first pages of a resource were answered.
func (r *rotated) first(resource string) int {
	r.lists.Lock()
	defer r.lists.Unlock()
	return r.begun[resource]
}

// tried returns how many streams were asked for.
func (r *rotated) tried() int {
	r.lists.Lock()
	defer r.lists.Unlock()
	return r.watches
}

// turns has the credentials change so often, as often as fits, with changes of the cluster
// meanwhile.
func (r *rotated) turns(every, lasts time.Duration) {
	r.t.Helper()
	r.until(every, lasts, func() bool { return false })
}

// until does so until done says so, for so long at most.
func (r *rotated) until(every, lasts time.Duration, done func() bool) {
	r.t.Helper()
	for began := time.Now(); time.Since(began) < lasts && !done(); {
		stop := counting(r.t, r.watcher, r.watching, r.keep)
		for turn := time.Now(); time.Since(turn) < every && time.Since(began) < lasts && !done(); {
			time.Sleep(5 * time.Second)
			if !r.quiet {
				r.do(r.change)
			}
		}
		stop()
		next := r.successor(r.t, r.watcher)
		next.watch = r.watcher.watch
		r.watcher = next
	}
}

// audits returns how many have compared.
func (r *rotated) audits() (compared int) {
	for _, e := range r.told() {
		if e.Audit != nil && e.Audit.Err == nil {
			compared++
		}
	}
	return compared
}

// TestReloadsPutNothingOff has the credentials change for two hours, more or less often: the
// nodes are listed, and the streams audited, as if they did not.
func TestReloadsPutNothingOff(t *testing.T) {
	const lasts = 2 * time.Hour
	for _, tt := range []struct {
		every, slow time.Duration
		audit       time.Duration
		quiet       bool
	}{
		{lasts, 0, DefaultAuditInterval, false},
		{time.Hour, 0, DefaultAuditInterval, false},
		{95 * time.Second, 0, DefaultAuditInterval, false},
		{45 * time.Second, 0, DefaultAuditInterval, false},
		{45 * time.Second, 10 * time.Second, DefaultAuditInterval, false}, // an audit takes longer
		{10 * time.Second, 0, DefaultAuditInterval, false},
		{10 * time.Second, 0, DefaultAuditInterval, true}, // no bookmark comes in time
		{95 * time.Second, 0, 0, false},
		{10 * time.Second, 6 * time.Second, 0, false},
	} {
		t.Run(fmt.Sprintf("%+v", tt), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRotated(t, 3, WatchConfig{AuditInterval: tt.audit, NodesInterval: DefaultNodesInterval})
				r.turns(time.Minute, time.Minute) // so that the start is complete
				r.takes(tt.slow, 0)
				r.quiet = tt.quiet
				r.turns(tt.every, lasts)
				r.takes(0, 0) // an audit may be under way
				stop := counting(t, r.watcher, r.watching, r.keep)
				time.Sleep(3 * time.Minute)
				r.shows(ModeWatch)
				stop()
				if audits := r.audits(); tt.audit == 0 && audits > 0 || tt.audit > 0 && (audits < 4 || audits > 5) {
					t.Errorf("%d audits have compared", audits)
				}
				if starts := r.first("pods") - r.audits(); starts != 1 {
					t.Errorf("the pods were listed %d times without an audit, want 1: the start", starts)
				}
				most := 2 + int(lasts/DefaultNodesInterval) + r.audits() + r.joins()
				if n := r.first("nodes"); n < int(lasts/DefaultNodesInterval)-2 || n > most {
					t.Errorf("the nodes were listed %d times, want up to %d", n, most)
				}
			})
		})
	}
}

// joins returns how many nodes have joined: each has the nodes listed.
func (r *rotated) joins() (joined int) {
	r.do(func() {
		for _, c := range r.log {
			if c.nodes && c.old == nil {
				joined++
			}
		}
	})
	return joined
}

// TestReloadsFindWhatWasLost has an event lost while the credentials change more often than
// an audit can end: it is found.
func TestReloadsFindWhatWasLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRotated(t, 3, DefaultWatchConfig())
		r.turns(time.Minute, time.Minute)
		r.do(func() {
			r.set(false, "lost", &fakePod{node: "n1"})
			r.dropped = r.version
		})
		r.takes(10*time.Second, 0)
		r.turns(40*time.Second, 45*time.Minute)
		r.takes(0, 0)
		stop := counting(t, r.watcher, r.watching, r.keep)
		defer stop()
		time.Sleep(time.Minute)
		found := false
		r.watching.mu.Lock()
		for _, e := range r.why {
			found = found || e.Audit != nil && len(e.Audit.Differences) > 0
		}
		r.why = nil
		r.watching.mu.Unlock()
		if !found {
			t.Error("no audit has found the event that was lost")
		}
		r.shows(ModeWatch)
	})
}

// TestReloadsKeepWhatWasAskedFor asks for an audit at the moment of a change of credentials.
func TestReloadsKeepWhatWasAskedFor(t *testing.T) {
	for _, tt := range reloads {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				api, first := interceptedCluster(t, nil)
				_, stop := following(t, api.troubled, first)
				time.Sleep(10 * time.Second)
				stop()
				first.Audit()
				w, stop := following(t, api.troubled, tt.hand(t, api, first))
				defer stop()
				time.Sleep(time.Second)
				api.do(func() { api.set(false, "new", &fakePod{node: "n1"}) })
				api.do(func() { api.set(false, "new2", &fakePod{}) }) // so that both streams pass the list
				time.Sleep(10 * time.Second)
				w.audited(nil)
			})
		})
	}
}

// TestAuditAfterAPause has credentials be gone for minutes amid an audit, whose list shows what
// no stream has had: it is not compared before the streams could have it.
func TestAuditAfterAPause(t *testing.T) {
	for _, pause := range []time.Duration{time.Minute, 5 * time.Minute, 7 * time.Minute, time.Hour} {
		t.Run(pause.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				api, watcher := interceptedCluster(t, nil)
				w, stop := following(t, api.troubled, watcher)
				time.Sleep(100 * time.Second)
				listed, away := make(chan struct{}, 100), true
				api.answerBy(func(r *http.Request) (*http.Response, error) {
					switch {
					case lists(r, "pods"):
						listed <- struct{}{}
					case r.URL.Query().Get("watch") == "":
					case away:
						return answerWith(r, http.StatusOK, io.NopCloser(until(r.Context().Done()))), nil
					default: // events come a moment after the headers
						response, err := api.troubled.RoundTrip(r)
						if err == nil {
							body := response.Body
							response.Body = struct {
								io.Reader
								io.Closer
							}{io.MultiReader(failing(func() error {
								return cmp.Or(sleep(r.Context(), 100*time.Millisecond), io.EOF)
							}), body), body}
						}
						return response, err
					}
					return nil, nil
				})
				api.turn(nil) // streams end, and come again without events
				time.Sleep(5 * time.Second)
				api.do(func() { api.set(false, "late", &fakePod{node: "n1"}) })
				watcher.Audit()
				<-listed
				time.Sleep(time.Second)
				stop()
				away = false
				time.Sleep(pause)
				stop = counting(t, api.successor(t, watcher), w, w.keep)
				defer stop()
				time.Sleep(10 * time.Minute)
				for _, e := range w.told() {
					if e.Audit != nil && len(e.Audit.Differences) > 0 || e.Restart != nil {
						t.Errorf("it was told of %+v, audit %+v", e, e.Audit)
					}
				}
			})
		})
	}
}
