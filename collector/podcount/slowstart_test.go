package podcount

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestSlowStart has pages come so slowly that a start takes ten minutes, with changes all
// the while, and the resourceVersion of its first page go out of the server's memory of
// events after five. The streams are open by then, and go on from where they are, also
// when they end in time. Where the continue tokens expire with it, the pages begin anew
// once, with streams from their own resourceVersion.
func TestSlowStart(t *testing.T) {
	const pages, slow = 30, 20 * time.Second
	for _, tt := range []struct {
		name     string
		readable bool
		lasts    time.Duration
		starts   int // first pages
	}{
		{"events are forgotten", true, pages * slow, 1},
		{"events are forgotten, and tokens expire", false, pages*slow + pages*slow/2, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				api, watcher := interceptedCluster(t, func(cfg *Config) { cfg.PageSize, cfg.MaxPageSize = 2, 2 })
				api.do(func() {
					api.readable = tt.readable
					for i := range 2 * pages {
						api.set(false, fmt.Sprintf("q%02d", i), &fakePod{node: fmt.Sprintf("n%d", i%2)}) // after all that change
					}
					for key := range api.pods {
						if key[0] == 'p' {
							api.set(false, key, nil)
						}
					}
				})
				var mu sync.Mutex
				starts, read := 0, 0
				api.answerBy(func(r *http.Request) (*http.Response, error) {
					if !lists(r, "pods") {
						return nil, nil
					}
					mu.Lock()
					defer mu.Unlock()
					if read++; r.URL.Query().Get("continue") == "" {
						starts++
					}
					time.Sleep(slow)
					if read == pages/2 {
						api.do(func() { api.compacted = api.version })
					}
					if starts < 2 { // so that the last start has the pages that it is to have
						api.do(func() { api.set(false, fmt.Sprintf("z%02d", read), &fakePod{node: "n0"}) })
						api.do(func() { api.set(false, fmt.Sprintf("q%02d", read), nil) })
					}
					return nil, nil
				})
				w := &watching{t: t, api: api.fakeAPI, seen: &coverage{}}
				stop := counting(t, watcher, w, w.publish)
				defer stop()
				time.Sleep(tt.lasts - slow)
				if s := w.state(); s != nil {
					t.Errorf("published before the start is complete: %+v", s)
				}
				time.Sleep(3 * slow)
				w.shows(ModeWatch)
				mu.Lock()
				defer mu.Unlock()
				if starts != tt.starts {
					t.Errorf("the pages began %d times, want %d", starts, tt.starts)
				}
				for _, e := range w.told() {
					if e.Restart != nil || e.Fallback != nil {
						t.Errorf("the start failed: %+v", e)
					}
				}
			})
		})
	}
}

// TestStartWithoutOneStream has pages that are slow, and one stream that never opens. The
// others end in time and are opened again, which brings the start no further: the cluster
// is listed.
func TestStartWithoutOneStream(t *testing.T) {
	const slow, life = 25 * time.Second, shortStream + 2*time.Second
	synctest.Test(t, func(t *testing.T) {
		api, watcher := interceptedCluster(t, nil)
		api.answerBy(func(r *http.Request) (*http.Response, error) {
			switch selector := r.URL.Query().Get("fieldSelector"); {
			case lists(r, "pods"):
				return nil, sleep(r.Context(), slow)
			case r.URL.Query().Get("watch") == "":
				return nil, nil
			case strings.HasPrefix(selector, "spec.nodeName=,"):
				return refusing(http.StatusServiceUnavailable)(r), nil
			}
			ends := failing(func() error { return cmp.Or(sleep(r.Context(), life), io.EOF) })
			return answerWith(r, http.StatusOK, io.NopCloser(ends)), nil
		})
		w, stop := following(t, api.troubled, watcher)
		defer stop()
		time.Sleep(5 * time.Minute)
		w.shows(ModeList)
		if !w.fellBackFor(errNotOpened) {
			t.Errorf("it was told of %+v, want a fallback for %v", w.told(), errNotOpened)
		}
	})
}
