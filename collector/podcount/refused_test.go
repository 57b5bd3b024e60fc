package podcount

import (
	"io"
	"maps"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestStreamsThatAreRefusedForAWhile has streams that were open be forbidden, as a server does
// that is starting, and lists be answered all along.
func TestStreamsThatAreRefusedForAWhile(t *testing.T) {
	for refused, want := range map[time.Duration]Mode{refusalLife / 2: ModeWatch, 2 * refusalLife: ModeList} {
		t.Run(refused.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				api, watcher := troubledCluster(t)
				w, stop := following(t, api, watcher)
				defer stop()
				time.Sleep(3 * time.Minute)
				api.turn(refusing(http.StatusForbidden))
				time.Sleep(refused)
				api.turn(nil)
				time.Sleep(time.Minute)
				if got := w.state().Mode; got != want {
					t.Errorf("it is counted in mode %s, want %s", got, want)
				}
			})
		})
	}
}

// TestStreamsThatBreakSoon has each stream of pods break some seconds after it was opened: after
// some of them in a row the cluster is listed.
func TestStreamsThatBreakSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api, watcher := interceptedCluster(t, nil)
		var opened atomic.Int32
		api.answerBy(func(r *http.Request) (*http.Response, error) {
			if !strings.HasPrefix(r.URL.Query().Get("fieldSelector"), "spec.nodeName!=,") {
				return nil, nil
			}
			opened.Add(1)
			in, out := io.Pipe()
			time.AfterFunc(10*time.Second, func() { _ = out.CloseWithError(io.ErrUnexpectedEOF) })
			return answerWith(r, http.StatusOK, in), nil
		})
		w, stop := following(t, api.troubled, watcher)
		defer stop()
		time.Sleep(fallbackLife / 2)
		if got := w.state().Mode; got != ModeList || opened.Load() != maxShortStreams {
			t.Errorf("it is counted in mode %s after %d streams, want mode %s after %d", got, opened.Load(), ModeList, maxShortStreams)
		}
	})
}

// TestOutageIsToldOfOnce has all streams fail for a while. That is told of once for each
// resource, when the last of its streams is open again.
func TestOutageIsToldOfOnce(t *testing.T) {
	const away = 20 * time.Second
	synctest.Test(t, func(t *testing.T) {
		api, watcher := troubledCluster(t)
		w, stop := following(t, api, watcher)
		defer stop()
		time.Sleep(3 * time.Minute)
		api.turn(refusing(http.StatusServiceUnavailable))
		time.Sleep(away)
		api.turn(nil)
		time.Sleep(time.Minute)
		w.mu.Lock()
		defer w.mu.Unlock()
		told := map[string]int{}
		for _, e := range w.why {
			if e.Reopened != nil {
				if told[e.Reopened.Resource]++; e.Reopened.Away < away {
					t.Errorf("%s were away for %s, want %s at least", e.Reopened.Resource, e.Reopened.Away, away)
				}
			}
		}
		if want := map[string]int{Pods: 1, Nodes: 1}; !maps.Equal(told, want) {
			t.Errorf("told of %v, want %v", told, want)
		}
	})
}

// TestOpaqueStart has the pages of pods show a resourceVersion at which no stream can begin:
// the cluster is counted in list mode, and what has been listed is not asked for again.
func TestOpaqueStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api, watcher := interceptedCluster(t, nil)
		asked := make(chan struct{}, 10)
		api.answerBy(func(r *http.Request) (*http.Response, error) {
			if !lists(r, Pods) {
				return nil, nil
			}
			asked <- struct{}{}
			return podPageAt("opaque", "", "n0")(r)
		})
		w, stop := following(t, api.troubled, watcher)
		defer stop()
		time.Sleep(time.Second)
		if s := w.state(); s == nil || s.Mode != ModeList || !w.fellBackFor(errOpaque) || len(asked) != 1 {
			t.Errorf("pods were asked for %d times, and shown is %+v; want once, and mode %s", len(asked), s, ModeList)
		}
	})
}
