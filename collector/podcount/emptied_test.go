package podcount

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestNamespaceThatLosesItsLastPod has a namespace lose its last pod again and again: it is
// looked up soon after that, but a minute after the look-up before at the earliest.
func TestNamespaceThatLosesItsLastPod(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api, watcher := interceptedCluster(t, func(cfg *Config) { cfg.Namespaces = []string{"x"} })
		watcher.watch.AuditInterval = 0 // an audit looks up too
		var mu sync.Mutex
		var looks []time.Time
		api.answerBy(func(r *http.Request) (*http.Response, error) {
			if !strings.HasSuffix(r.URL.Path, "/namespaces/x") {
				return nil, nil
			}
			mu.Lock()
			defer mu.Unlock()
			looks = append(looks, time.Now())
			return body(http.StatusOK, `{"kind":"Namespace"}`)(r)
		})
		_, stop := following(t, api.troubled, watcher)
		defer stop()
		var want []time.Time
		for _, e := range []struct{ rest, wait time.Duration }{
			{10 * time.Second, emptiedWait},
			{emptiedWait, lookupPause - emptiedWait},
			{lookupPause - emptiedWait/2, emptiedWait},
		} {
			api.do(func() { api.set(false, "p00", &fakePod{node: "n0"}) })
			time.Sleep(e.rest) // since the look-up before
			api.do(func() {
				for _, key := range slices.Collect(maps.Keys(api.pods)) {
					api.set(false, key, nil)
				}
			})
			want = append(want, time.Now().Add(e.wait))
			time.Sleep(e.wait)
			synctest.Wait()
		}
		mu.Lock()
		defer mu.Unlock()
		if !slices.Equal(looks, want) {
			t.Errorf("looked up at %v, want %v", looks, want)
		}
	})
}
