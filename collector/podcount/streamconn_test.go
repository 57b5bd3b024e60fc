package podcount

import (
	"context"
	"net"
	"net/http"
	"net/http/httptrace"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/http2"
)

// TestStreamsConnection has the stream of unscheduled pods fail over a connection that
// other streams use, too. It is closed when no answer comes, and kept when one does:
// whoever sends status 504, or resets a stream, has read the request. One that is reset
// again and again gets another connection.
func TestStreamsConnection(t *testing.T) {
	reset := func(*http.Request) (*http.Response, error) {
		return nil, http2.StreamError{StreamID: 1, Code: http2.ErrCodeInternal}
	}
	refused := func(r *http.Request) (*http.Response, error) {
		httptrace.ContextClientTrace(r.Context()).WroteHeaders()
		getConn(r.Context()) // as a transport does whose request was refused before it was read
		return nil, context.Cause(r.Context())
	}
	for name, c := range map[string]struct {
		answer func(*http.Request) (*http.Response, error)
		times  int
		closed bool
	}{
		"504":             {status(http.StatusGatewayTimeout, ""), 1, false},
		"504 again":       {status(http.StatusGatewayTimeout, ""), 3, false},
		"408":             {status(http.StatusRequestTimeout, ""), 1, false},
		"an event of 504": {body(http.StatusOK, `{"type":"ERROR","object":{"kind":"Status","code":504}}`), 1, false},
		"no answer": {func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		}, 1, true},
		"refused, tried on another": {refused, 1, false},
		"refused three times, too":  {refused, 3, true},
		"half an event":             {body(http.StatusOK, `{"type":"ADD`), 1, false},
		"a stream that is reset":    {reset, 1, false},
		"two that are reset":        {reset, 2, false},
		"three in a row":            {reset, 3, true},
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
					if !strings.HasPrefix(r.URL.Query().Get("fieldSelector"), "spec.nodeName=,") || asked == c.times {
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
				if closed := !os.IsTimeout(err); closed != c.closed || asked != c.times {
					t.Errorf("after %d requests, the connection is closed: %t (%v), want %t", asked, closed, err, c.closed)
				}
			})
		})
	}
}
