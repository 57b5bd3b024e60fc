package podcount

import (
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestOnlyStartsAskForPacking has streams that began with all pods be opened again. A proxy
// that packs may hold events back, so only the many at the start are asked for packed.
func TestOnlyStartsAskForPacking(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api, watcher := interceptedCluster(t, nil)
		watcher.stale = maxStale
		var starts, later atomic.Int32
		api.answerBy(func(r *http.Request) (*http.Response, error) {
			query := r.URL.Query()
			if query.Get("watch") == "" {
				return nil, nil
			}
			start, packed := query.Get("sendInitialEvents") != "", r.Header.Get("Accept-Encoding") == "gzip"
			if start {
				starts.Add(1)
			} else {
				later.Add(1)
			}
			if packed != start {
				t.Errorf("start %t, and gzip asked for %t: %s", start, packed, r.URL)
			}
			return nil, nil
		})
		w, stop := following(t, api.troubled, watcher)
		defer stop()
		time.Sleep(time.Minute)
		w.shows(ModeWatch)
		api.turn(nil)
		time.Sleep(10 * time.Second)
		w.shows(ModeWatch)
		if starts.Load() != 2 || later.Load() != 4 { // of the nodes one, and then three
			t.Errorf("%d streams began with all pods and %d did not, want 2 and 4", starts.Load(), later.Load())
		}
	})
}
