package podcount

import (
	"fmt"
	"net/http"
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
				r.slow, r.opening = tt.slow, tt.opening
				began := time.Now()
				r.until(tt.every, tt.within, func() bool { return r.state() != nil })
				if r.state() == nil {
					t.Fatalf("nothing is shown after %s", time.Since(began))
				}
				if n := r.begun["pods"]; n != 1 {
					t.Errorf("the pods were listed %d times", n)
				}
				r.slow, r.opening = 0, 0
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
				r.opening = time.Hour
				r.until(every, 70*time.Second, func() bool { return r.state() != nil })
				if s := r.state(); s == nil || s.Mode != ModeList || !r.fellBackFor(errNotOpened) {
					t.Fatalf("after 70 seconds %+v is shown, and %+v was told", s, r.told())
				}
				tried := r.watches
				r.turns(every, fallbackLife-2*time.Minute)
				if r.watches != tried {
					t.Errorf("watching was tried again: %d streams", r.watches-tried)
				}
				r.opening = 0
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
