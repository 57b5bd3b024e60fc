package podcount

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// held is a body that tells when it is read, and waits before it says anything.
type held struct {
	io.Reader
	read func()
	wait <-chan struct{}
}

// Read waits.
func (h *held) Read(into []byte) (int, error) {
	h.read()
	<-h.wait
	return h.Reader.Read(into)
}

// TestExpiredOfEachRole has both streams of pods expire at once, each where it has come
// to. They have one path: that the one behind is refused too, a little later, must not
// make the resourceVersion of the one ahead forgotten, which the next list shows.
func TestExpiredOfEachRole(t *testing.T) {
	const gone = `{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired"}}`
	for _, tt := range []struct{ name, behind string }{
		{"pods without a node are behind", "spec.nodeName=,"},
		{"bound pods are behind", "spec.nodeName!=,"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				api, watcher := interceptedCluster(t, nil)
				isBehind := func(r *http.Request) bool {
					return strings.HasPrefix(r.URL.Query().Get("fieldSelector"), tt.behind)
				}
				ofPods := func(r *http.Request) bool {
					return isPods(r) && r.URL.Query().Get("watch") != "" && r.URL.Query().Get("sendInitialEvents") == ""
				}
				api.answerBy(func(r *http.Request) (*http.Response, error) {
					if ofPods(r) && isBehind(r) {
						return api.mute(r), nil
					}
					return nil, nil
				})
				w, stop := following(t, api.troubled, watcher)
				defer stop()
				time.Sleep(2 * time.Minute)
				api.do(func() { api.set(true, "n1", &fakePod{}) })
				time.Sleep(2 * time.Minute) // the stream ahead has a bookmark each minute
				var mu sync.Mutex
				read, reading := map[string]int{}, make(chan struct{})
				api.answerBy(func(r *http.Request) (*http.Response, error) {
					if !ofPods(r) {
						return nil, nil
					}
					body := &held{Reader: strings.NewReader(gone), wait: reading}
					var once sync.Once
					body.read = func() {
						once.Do(func() {
							mu.Lock()
							defer mu.Unlock()
							read[r.URL.Query().Get("fieldSelector")+"@"+r.URL.Query().Get("resourceVersion")]++
							if isBehind(r) && len(read) <= 2 {
								body.wait = r.Context().Done() // until the other one has ended the session
								close(reading)
							}
						})
					}
					return answerWith(r, http.StatusOK, io.NopCloser(body)), nil
				})
				api.turn(nil)
				time.Sleep(30 * time.Minute)
				w.shows(ModeWatch) // by streamed starts
				mu.Lock()
				defer mu.Unlock()
				if len(read) < 2 {
					t.Errorf("the streams %v were refused, want one of each kind at least", read)
				}
				for stream, times := range read {
					if times != 1 {
						t.Errorf("%s was refused %d times, want once", stream, times)
					}
				}
			})
		})
	}
}
