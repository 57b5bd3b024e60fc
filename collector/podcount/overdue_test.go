package podcount

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestOverdueStreams has a server that never ends a stream, although events come without
// a pause: the stream is ended in its place, and goes on. Nothing has failed, so nothing
// of it is an outage, and the numbers are up to date all the time.
func TestOverdueStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api, watcher := interceptedCluster(t, nil)
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
