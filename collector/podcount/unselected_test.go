package podcount

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestFinishedPodsThatAreListed has a server ignore selectors, from the start or from later on,
// and a pod that has finished run again: a stream says only that it has changed, so the cluster
// is listed.
func TestFinishedPodsThatAreListed(t *testing.T) {
	for _, tt := range []struct {
		name  string
		since time.Duration
		item  bool // a Table was asked for in vain
	}{
		{"from the start", 0, false},
		{"from the start, as objects", 0, true},
		{"from an audit on", time.Minute, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				api, watcher := interceptedCluster(t, nil)
				began := time.Now()
				list := `{"kind":"Table","metadata":{"resourceVersion":"200"},` + definitions(false) + `,"rows":[` +
					tableRowOf("p", fakePod{node: "n0", finished: true}, false) + "," + tableRowOf("q", fakePod{node: "n0"}, false) + "]}"
				if tt.item {
					list = `{"kind":"PodList","metadata":{"resourceVersion":"200"},"items":[{"spec":{"nodeName":"n0"},"status":{"phase":"Failed"}}]}`
				}
				api.answerBy(func(r *http.Request) (*http.Response, error) {
					if lists(r, Pods) && strings.Contains(r.URL.Query().Get("fieldSelector"), "phase") && time.Since(began) >= tt.since {
						return answerOf(list), nil
					}
					return nil, nil
				})
				w, stop := following(t, api.troubled, watcher)
				defer stop()
				time.Sleep(5 * time.Minute)
				if s := w.state(); s == nil || s.Mode != ModeList {
					t.Errorf("the last snapshot is %+v, want one of mode %s", s, ModeList)
				}
				if !w.fellBackFor(errUnselected) {
					t.Error("nothing says that the server selects nothing")
				}
			})
		})
	}
}
