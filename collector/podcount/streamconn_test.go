package podcount

import (
	"net"
	"net/http"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/http2"
)

// TestStreamsConnection has the stream of unscheduled pods fail over a connection that
// other streams use, too. It is closed when no answer comes, and kept when one does:
// whoever sends status 504, or resets one stream, has read the request.
func TestStreamsConnection(t *testing.T) {
	for name, c := range map[string]struct {
		answer func(*http.Request) (*http.Response, error)
		closed bool
	}{
		"504":             {status(http.StatusGatewayTimeout, ""), false},
		"408":             {status(http.StatusRequestTimeout, ""), false},
		"an event of 504": {body(http.StatusOK, `{"type":"ERROR","object":{"kind":"Status","code":504}}`), false},
		"no answer": {func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		}, true},
		"half an event": {body(http.StatusOK, `{"type":"ADD`), false},
		"a stream that is reset": {func(*http.Request) (*http.Response, error) {
			return nil, http2.StreamError{StreamID: 1, Code: http2.ErrCodeInternal}
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				api, watcher := interceptedCluster(t, nil)
				w, stop := following(t, api.troubled, watcher)
				defer stop()
				time.Sleep(time.Minute)
				w.shows(ModeWatch)
				client, server := net.Pipe()
				asked := 0
				api.answerBy(func(r *http.Request) (*http.Response, error) {
					if r.URL.Query().Get("watch") == "" || asked > 0 {
						return nil, nil
					}
					asked++
					getConn(r.Context())
					gotConn(r.Context(), client)
					return c.answer(r)
				})
				api.turn(nil)
				time.Sleep(DefaultPageTimeout + time.Minute)
				_ = server.SetReadDeadline(time.Now().Add(time.Second)) // a pipe has deadlines
				_, err := server.Read(make([]byte, 1))
				if closed := !os.IsTimeout(err); closed != c.closed || asked != 1 {
					t.Errorf("after %d requests, the connection is closed: %t (%v), want %t", asked, closed, err, c.closed)
				}
			})
		})
	}
}
