package podcount

import (
	"context"
	"net/http"
	"strconv"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestOverdueStreams has a server that never ends a stream, although events come without
// a pause: the stream is ended in its place, after the time that was asked for, and goes on.
// Nothing has failed, so nothing of it is an outage, and the numbers are up to date all the time.
func TestOverdueStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api, watcher := interceptedCluster(t, nil)
		var early atomic.Int32
		api.answerBy(func(r *http.Request) (*http.Response, error) {
			if seconds, err := strconv.Atoi(r.URL.Query().Get("timeoutSeconds")); err == nil {
				asked := time.Now()
				context.AfterFunc(r.Context(), func() {
					if time.Since(asked) < time.Duration(seconds)*time.Second {
						early.Add(1)
					}
				})
			}
			return nil, nil
		})
		w, stop := following(t, api.troubled, watcher)
		defer stop()
		time.Sleep(time.Minute)
		for range 30 * 60 {
			api.do(api.change)
			time.Sleep(time.Second)
			w.mu.Lock()
			last := w.last
			w.mu.Unlock()
			if last == nil || last.Interrupted != nil {
				t.Fatalf("the last snapshot is %+v, want one that is up to date", last)
			}
		}
		w.shows(ModeWatch)
		if n := early.Load(); n > 0 {
			t.Errorf("%d streams were ended before the time that was asked for", n)
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		ended := map[string]int{}
		for _, e := range w.why {
			switch {
			case e.Reopened != nil, e.Restart != nil, e.Fallback != nil:
				t.Errorf("%+v, where nothing has failed", e)
			case e.Ended != nil:
				ended[e.Ended.Resource]++
				if e.Ended.Reason != EndClosed || e.Ended.Failure != nil {
					t.Errorf("a stream of %s ended with reason %s: %v", e.Ended.Resource, e.Ended.Reason, e.Ended.Failure)
				}
			}
		}
		if ended[Pods] < 6 || ended[Nodes] < 3 {
			t.Errorf("ended in half an hour: %v streams; want three of each", ended)
		}
	})
}
