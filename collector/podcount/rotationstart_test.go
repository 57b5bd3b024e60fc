package podcount

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestReloadsKeepAStart has the credentials change before the streams of a start are open,
// again and again: the streams that have been open and the pages that have been read stay,
// and the cluster is soon followed.
func TestReloadsKeepAStart(t *testing.T) {
	for _, tt := range []struct{ every, slow, opening, within time.Duration }{
		{time.Hour, 0, 8 * time.Second, 30 * time.Second}, // three streams, one after the other
		{20 * time.Second, 0, 8 * time.Second, 40 * time.Second},
		{10 * time.Second, 0, 8 * time.Second, 50 * time.Second},
		{20 * time.Second, 7 * time.Second, 8 * time.Second, 5 * time.Minute},
		{25 * time.Second, 0, 20 * time.Second, 2 * time.Minute},
	} {
		t.Run(fmt.Sprintf("%+v", tt), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRotated(t, 3, DefaultWatchConfig())
				r.takes(tt.slow, tt.opening)
				began := time.Now()
				r.until(tt.every, tt.within, func() bool { return r.state() != nil })
				if r.state() == nil {
					t.Fatalf("nothing is shown after %s", time.Since(began))
				}
				if n := r.first("pods"); n != 1 {
					t.Errorf("the pods were listed %d times", n)
				}
				r.takes(0, 0)
				stop := counting(t, r.watcher, r.watching, r.keep)
				defer stop()
				time.Sleep(3 * time.Minute)
				r.shows(ModeWatch)
				r.audited(nil)
			})
		})
	}
}

// TestReloadsOfStreamsThatHang has no stream be answered, and the credentials change more
// often than a start waits for the next one: the cluster is listed all the same, and no more
// often than without these changes.
func TestReloadsOfStreamsThatHang(t *testing.T) {
	for _, every := range []time.Duration{time.Hour, 45 * time.Second, 20 * time.Second, 5 * time.Second} {
		t.Run(every.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRotated(t, 500, DefaultWatchConfig())
				r.takes(0, time.Hour)
				r.until(every, 70*time.Second, func() bool { return r.state() != nil })
				if s := r.state(); s == nil || s.Mode != ModeList || !r.fellBackFor(errNotOpened) {
					t.Fatalf("after 70 seconds %+v is shown, and %+v was told", s, r.told())
				}
				tried := r.tried()
				r.turns(every, fallbackLife-2*time.Minute)
				if now := r.tried(); now != tried {
					t.Errorf("watching was tried again: %d streams", now-tried)
				}
				r.takes(0, 0)
				r.turns(every, 3*time.Minute)
				if s := r.state(); s.Mode != ModeWatch {
					t.Errorf("later %+v is shown, want a cluster that is followed", s)
				}
			})
		})
	}
}

// TestReloadsMayPermitWatches has a cluster be listed as its credentials may not watch. New
// ones may.
func TestReloadsMayPermitWatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api, first := interceptedCluster(t, nil)
		api.turn(refusing(http.StatusForbidden))
		w, stop := following(t, api.troubled, first)
		time.Sleep(time.Minute)
		w.shows(ModeList)
		stop()
		api.turn(nil)
		w, stop = following(t, api.troubled, api.successor(t, first))
		defer stop()
		time.Sleep(5 * time.Second)
		w.shows(ModeWatch)
	})
}

// TestReloadsKnowOfInconsistentStarts hands a cluster over whose lists have shown several
// resourceVersions: the next start is a streamed one.
func TestReloadsKnowOfInconsistentStarts(t *testing.T) {
	for _, tt := range reloads {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				api, first := interceptedCluster(t, nil)
				first.stale = maxStale
				var streamed atomic.Bool
				api.answerBy(func(r *http.Request) (*http.Response, error) {
					if r.URL.Query().Get("sendInitialEvents") != "" {
						streamed.Store(true)
					}
					return nil, nil
				})
				w, stop := following(t, api.troubled, tt.hand(t, api, first))
				defer stop()
				time.Sleep(time.Minute)
				if w.shows(ModeWatch); !streamed.Load() {
					t.Error("the start is another list")
				}
			})
		})
	}
}

// TestFallbackAtAReload has the credentials change at the moment at which streams have been
// refused for long enough: that is known afterwards.
func TestFallbackAtAReload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api, watcher := interceptedCluster(t, nil)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		w := &watching{t: t, api: api.fakeAPI, seen: &coverage{}}
		time.AfterFunc(30*time.Second, func() { api.turn(refusing(http.StatusServiceUnavailable)) })
		err := watcher.Count(ctx, w, func(s *Snapshot) {
			if errors.As(s.Interrupted, new(*unwatchableError)) {
				cancel()
			}
		})
		if !errors.Is(err, context.Canceled) || watcher.listedUntil.IsZero() {
			t.Errorf("the count ended with %v; it is listed until %s", err, watcher.listedUntil)
		}
		next := api.successor(t, watcher)
		_, stop := following(t, api.troubled, next)
		time.Sleep(time.Second)
		stop()
		if next.listedUntil != watcher.listedUntil {
			t.Errorf("listed until %s, then %s", watcher.listedUntil, next.listedUntil)
		}
	})
}
