package podcount

import (
	"context"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// TestReopeningMakesNoNumberYounger cuts the streams of a server that sends bookmarks.
// What happened meanwhile is unknown until an event or a bookmark comes.
func TestReopeningMakesNoNumberYounger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api, watcher := interceptedCluster(t, nil)
		w, stop := following(t, api.troubled, watcher)
		defer stop()
		time.Sleep(90 * time.Second)
		w.shows(ModeWatch)
		before, cut := w.state().Time, time.Now()
		api.turn(nil)
		time.Sleep(20 * time.Second)
		w.shows(ModeWatch)
		if got := w.state().Time; !got.Equal(before) {
			t.Errorf("20s after the cut the numbers are of %s after it, want those of %s before it", got.Sub(cut), cut.Sub(before))
		}
		time.Sleep(time.Minute)
		w.shows(ModeWatch)
		if got := w.state().Time; !got.After(cut) {
			t.Errorf("after the next bookmark the numbers are of %s before the cut", cut.Sub(got))
		}
	})
}

// TestReopeningWithoutBookmarks has a server that never sends any: that it lets a stream
// be opened again is all that it ever says when nothing happens.
func TestReopeningWithoutBookmarks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api, watcher := interceptedCluster(t, nil)
		api.answerBy(func(r *http.Request) (*http.Response, error) {
			if r.URL.Query().Get("watch") == "" {
				return nil, nil
			}
			life, cancel := context.WithTimeout(r.Context(), 2*time.Minute)
			context.AfterFunc(r.Context(), cancel)
			return answerWith(r, http.StatusOK, io.NopCloser(until(life.Done())), "Content-Type", "application/json"), nil
		})
		w, stop := following(t, api.troubled, watcher)
		defer stop()
		time.Sleep(time.Minute)
		w.shows(ModeWatch)
		before := w.state().Time
		time.Sleep(2 * time.Minute)
		w.shows(ModeWatch)
		if got := w.state().Time; got.Sub(before) < time.Minute {
			t.Errorf("the numbers are only %s younger after the streams were opened again", got.Sub(before))
		}
	})
}
