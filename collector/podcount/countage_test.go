package podcount

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// TestAgeOfACountWithoutStreams has pages come at once and streams never: the cluster is
// listed by those pages, which do not become younger by the wait.
func TestAgeOfACountWithoutStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api, watcher := interceptedCluster(t, nil)
		var listed time.Time
		api.answerBy(func(r *http.Request) (*http.Response, error) {
			switch {
			case r.URL.Query().Get("watch") != "":
				<-r.Context().Done()
				return nil, r.Context().Err()
			case isPods(r) && listed.IsZero():
				listed = time.Now()
			}
			return nil, nil
		})
		w, stop := following(t, api.troubled, watcher)
		defer stop()
		for w.state() == nil {
			time.Sleep(time.Second)
		}
		if s := w.state(); s.Mode != ModeList || !s.Time.Equal(listed) || time.Since(listed) < time.Minute {
			t.Errorf("mode %s, said to be of %s, listed at %s; it is %s", s.Mode, s.Time, listed, time.Now())
		}
	})
}
