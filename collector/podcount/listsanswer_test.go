package podcount

import (
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestListsAnswerAmidAnAudit has the lists fail for a while, and answer again in an audit that
// has to wait for its streams: from then on nothing has failed.
func TestListsAnswerAmidAnAudit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api, watcher := interceptedCluster(t, nil)
		var ill atomic.Bool
		api.answerBy(func(r *http.Request) (*http.Response, error) {
			if ill.Load() && r.URL.Query().Get("watch") == "" {
				return refusing(http.StatusInternalServerError)(r), nil
			}
			return nil, nil
		})
		w, stop := following(t, api.troubled, watcher)
		defer stop()
		time.Sleep(4*time.Minute + 10*time.Second)
		ill.Store(true)
		for range 100_000 { // until the next list of the nodes has failed
			if time.Sleep(time.Millisecond); w.state().Interrupted != nil {
				break
			}
		}
		if w.state().Interrupted == nil {
			t.Fatal("the lists fail, and nothing shows it")
		}
		ill.Store(false)
		api.do(func() { api.version++ }) // by another resource, which no event says
		watcher.Audit()
		time.Sleep(5 * time.Second)
		w.audited(nil) // two minutes after the start, and not since
		if err := w.state().Interrupted; err != nil {
			t.Errorf("interrupted although all lists were answered: %v", err)
		}
	})
}
