package podcount

import (
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestTroubleOfAnEmptyClusterIsNoDrift has a usual server lose its pods, and answer 500 for as
// long as an audit asks for them: the next audit finds none in either form, so nothing is hidden.
func TestTroubleOfAnEmptyClusterIsNoDrift(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api, watcher := interceptedCluster(t, nil)
		var ill atomic.Bool
		api.answerBy(func(r *http.Request) (*http.Response, error) {
			if ill.Load() && lists(r, Pods) {
				return refusing(http.StatusInternalServerError)(r), nil
			}
			return nil, nil
		})
		w, stop := following(t, api.troubled, watcher)
		defer stop()
		time.Sleep(5 * time.Minute)
		api.do(func() {
			for key := range api.pods {
				api.set(false, key, nil)
			}
		})
		ill.Store(true)
		watcher.Audit()
		time.Sleep(time.Minute)
		ill.Store(false)
		time.Sleep(6 * time.Minute)
		audits := 0
		for _, e := range w.told() {
			switch {
			case e.Audit != nil:
				audits++
			case e.Restart != nil:
				t.Errorf("restarted: %s: %v", e.Restart.Reason, e.Restart.Err)
			}
		}
		if audits != 3 {
			t.Errorf("%d audits, want 3: one before the trouble, one in it, and one after", audits)
		}
		w.shows(ModeWatch)
	})
}
