package podcount

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// TestAuditThatIsOwed has audits switched off, and a server that is restored from a backup
// and soon gets further than it was. A list shows that while the streams are closed, so
// that the audit it calls for finds nothing out: it is repeated until it does.
func TestAuditThatIsOwed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api, watcher := interceptedCluster(t, nil)
		watcher.watch.AuditInterval = 0
		w, stop := following(t, api.troubled, watcher)
		defer stop()
		time.Sleep(time.Minute)
		var backup int
		api.do(func() { backup = api.version })
		for range 40 {
			api.do(api.change)
			time.Sleep(2 * time.Second)
		}
		w.shows(ModeWatch)
		w.audited()
		var last int
		api.do(func() { last = api.version; api.restore(backup) })
		api.turn(refusing(http.StatusServiceUnavailable))
		synctest.Wait() // until the streams are closed
		watcher.Audit() // as the next list of the nodes would
		time.Sleep(5 * time.Second)
		w.audited(errAway)
		api.do(func() {
			for api.version <= last {
				api.change()
			}
		})
		api.turn(nil)
		time.Sleep(15 * time.Minute)
		w.mu.Lock()
		w.why = nil // the difference is found
		w.mu.Unlock()
		w.shows(ModeWatch)
	})
}
