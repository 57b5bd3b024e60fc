package podcount

import (
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestHiddenInitialEvents has a proxy hide rows without objects from a streamed start, whether
// or not pods were listed as such rows before it came.
func TestHiddenInitialEvents(t *testing.T) {
	for name, tt := range map[string]struct{ trusted, expired bool }{
		"of a new server":       {false, false},
		"of one that was known": {true, false},
		"of nodes, too":         {true, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				api, watcher := interceptedCluster(t, nil)
				watcher.watch.AuditInterval = 0
				watcher.stale, watcher.forms.trusted = maxStale, tt.trusted
				if tt.expired {
					watcher.expired.note(nodeStream.key(watcher.cfg.Nodes.listing()), fmt.Sprint(api.version))
				}
				var hides atomic.Bool
				hides.Store(true)
				api.hiding(&hides)
				w, stop := following(t, api.troubled, watcher)
				defer stop()
				time.Sleep(time.Minute)
				w.shows(ModeWatch)
			})
		})
	}
}
