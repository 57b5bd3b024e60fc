package podcount

import (
	"context"
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
				time.Sleep(time.Minute) // the first audit comes later
				w.shows(ModeWatch)
			})
		})
	}
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
