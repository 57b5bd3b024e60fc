package podcount

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// reloads are the ways by which a cluster can come from one Watcher to another.
var reloads = []struct {
	name string
	hand func(t *testing.T, i *intercepted, first *Watcher) *Watcher
}{
	{"one reload", func(t *testing.T, i *intercepted, first *Watcher) *Watcher {
		t.Helper()
		return i.successor(t, first)
	}},
	{"two reloads, no count between", func(t *testing.T, i *intercepted, first *Watcher) *Watcher {
		t.Helper()
		return i.successor(t, i.successor(t, first))
	}},
	{"two reloads, a count between that is cancelled at once", func(t *testing.T, i *intercepted, first *Watcher) *Watcher {
		t.Helper()
		second := i.successor(t, first)
		first.busy <- struct{}{} // as if its count was still ending
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := second.Count(ctx, &recorder{}, func(*Snapshot) { t.Error("something is shown") }); ctx.Err() == nil {
			t.Errorf("the second Watcher does not wait for the first: %v", err)
		}
		first.leave()
		return i.successor(t, second)
	}},
}

// successor is a Watcher with other credentials that has yet to count.
func (i *intercepted) successor(t *testing.T, former *Watcher) *Watcher {
	t.Helper()
	next := newWatcher(t, former.cfg, i, DefaultWatchConfig())
	next.Follow(former)
	return next
}

// TestReloadsGoOnWithTheStreams hands a cluster over that is followed: nothing is listed,
// and what happened meanwhile is not lost.
func TestReloadsGoOnWithTheStreams(t *testing.T) {
	for _, tt := range reloads {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				api, first := interceptedCluster(t, nil)
				w, stop := following(t, api.troubled, first)
				time.Sleep(time.Minute)
				w.shows(ModeWatch)
				stop()
				last := tt.hand(t, api, first)
				for range 10 {
					api.do(api.change)
				}
				api.answerBy(func(r *http.Request) (*http.Response, error) {
					if lists(r, "pods") {
						t.Errorf("the pods are listed anew: %s", r.URL)
					}
					return nil, nil
				})
				w, stop = following(t, api.troubled, last)
				defer stop()
				time.Sleep(30 * time.Second) // the first audit comes later
				w.shows(ModeWatch)
			})
		})
	}
}

// TestReloadsWithASlowPlugin has the first requests with new credentials wait for a plugin.
// Up to ten seconds that is no failure; one that fails is shown soon.
func TestReloadsWithASlowPlugin(t *testing.T) {
	for _, tt := range []struct {
		name  string
		takes time.Duration
		fails bool
		from  time.Duration // after the reload, when it is shown; 0: never
	}{
		{"three seconds", 3 * time.Second, false, 0},
		{"nearly ten seconds", 9 * time.Second, false, 0},
		{"longer", 15 * time.Second, false, reloadGrace},
		{"a failure", 3 * time.Second, true, 3*time.Second + reopenGrace},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				api, first := interceptedCluster(t, nil)
				_, stop := following(t, api.troubled, first)
				time.Sleep(time.Minute)
				stop()
				began := time.Now()
				api.answerBy(func(r *http.Request) (*http.Response, error) {
					_ = sleep(r.Context(), tt.takes-time.Since(began))
					if tt.fails {
						return refusedWith(http.StatusInternalServerError)(r)
					}
					return nil, nil
				})
				w, stop := following(t, api.troubled, api.successor(t, first))
				defer stop()
				shown := time.Duration(0)
				for shown == 0 && time.Since(began) < time.Minute {
					time.Sleep(100 * time.Millisecond)
					if s := w.state(); s != nil && s.Interrupted != nil {
						shown = time.Since(began)
					}
				}
				if shown < tt.from || shown > tt.from+time.Second || tt.from == 0 && shown > 0 {
					t.Errorf("the streams count as closed after %s, want %s", shown, tt.from)
				}
				if ours := errors.Is(w.state().Interrupted, errNewCredentials); shown > 0 && ours != (!tt.fails && time.Since(began) < tt.takes) {
					t.Errorf("what is shown is %v", w.state().Interrupted)
				}
			})
		})
	}
}

// TestManyReloadsOfClosedStreams has the credentials change again and again before the streams
// are open: that they are closed is shown after ten seconds all the same.
func TestManyReloadsOfClosedStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLive(newAccount(nil), DefaultConfig())
		s := &stream{opened: make(chan struct{})}
		l.streams = append(l.streams, s)
		for range 3 {
			l.noteEnded(s, errNewCredentials)
			time.Sleep(4 * time.Second)
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		if err := l.interruption(); !errors.Is(err, errNewCredentials) {
			t.Errorf("after twelve seconds %v is shown", err)
		}
	})
}

// TestReloadsKnowWhatHasExpired hands a cluster over whose streams have expired, on a
// server on which nothing happens: they are never asked for again.
func TestReloadsKnowWhatHasExpired(t *testing.T) {
	for _, tt := range reloads {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				api, first := interceptedCluster(t, nil)
				g := &goneAt{t: t, answer: refusing(http.StatusGone), gone: isPods, asked: map[string]bool{}}
				api.answerBy(g.reply)
				w, stop := following(t, api.troubled, first)
				time.Sleep(time.Minute)
				w.shows(ModeWatch)
				stop()
				w, stop = following(t, api.troubled, tt.hand(t, api, first))
				defer stop()
				time.Sleep(20 * time.Minute)
				w.shows(ModeWatch)
				if len(g.asked) == 0 {
					t.Error("nothing has expired")
				}
			})
		})
	}
}
