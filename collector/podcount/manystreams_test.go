package podcount

import (
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// TestManyStreamsAreOpened has a distant server open the streams of many namespaces, one
// after the other: as long as there are more of them, the start goes on.
func TestManyStreamsAreOpened(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api, watcher := interceptedCluster(t, func(cfg *Config) {
			for i := range 50 {
				cfg.Namespaces = append(cfg.Namespaces, fmt.Sprint("n", i))
			}
		})
		api.answerBy(func(r *http.Request) (*http.Response, error) {
			if r.URL.Query().Get("watch") != "" {
				time.Sleep(time.Second) // on the way
			}
			return nil, nil
		})
		w, stop := following(t, api.troubled, watcher)
		defer stop()
		time.Sleep(3 * time.Minute)
		api.turn(nil) // all are opened again
		time.Sleep(3 * time.Minute)
		w.mu.Lock()
		defer w.mu.Unlock()
		for _, e := range w.why {
			if e.Fallback != nil || e.Restart != nil {
				t.Errorf("%+v", e)
			}
		}
		if w.last == nil || w.last.Mode != ModeWatch || w.last.Interrupted != nil {
			t.Error("the last snapshot is not one of a cluster that is followed")
		}
	})
}
