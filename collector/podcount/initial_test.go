package podcount

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestInconsistentStarts has the pages of pods show several resourceVersions, as on a server
// that cannot keep one for long: after two such starts one is streamed.
func TestInconsistentStarts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api, watcher := interceptedCluster(t, nil)
		api.answerBy(func(r *http.Request) (*http.Response, error) {
			switch {
			case !lists(r, Pods):
				return nil, nil
			case r.URL.Query().Get("continue") == "":
				return podPageAt("100", "next", "n1")(r)
			}
			return podPageAt("101", "", "n1")(r)
		})
		w, stop := following(t, api.troubled, watcher)
		defer stop()
		time.Sleep(time.Minute)
		w.shows(ModeWatch)
	})
}

// slowly gives the parts one by one, each after a pause, and then nothing until ctx ends.
func slowly(ctx context.Context, pause time.Duration, parts ...string) io.ReadCloser {
	in, out := io.Pipe()
	go func() {
		for _, part := range parts {
			if sleep(ctx, pause) != nil {
				break
			}
			_, _ = io.WriteString(out, part)
		}
		<-ctx.Done()
		_ = out.CloseWithError(context.Cause(ctx))
	}()
	return in
}

// initialEvents are the pods of a streamed start, and its end.
func initialEvents(pods int) (events []string) {
	columns := `"columnDefinitions":[{"name":"Name"},{"name":"Node"}],`
	for i := range pods {
		events = append(events, rowEvent(1, fmt.Sprintf(`%s"rows":[{"cells":["p%d","n1"]}]`, columns, i)))
		columns = ""
	}
	return append(events, `{"type":"BOOKMARK","object":{"kind":"Table","metadata":{"resourceVersion":"150"},"rows":[{"object":{"metadata":{"annotations":{"k8s.io/initial-events-end":"true"}}}}]}}`+"\n")
}

// comingGate counts the parts of answers that come.
type comingGate struct{ came atomic.Int32 }

// Enter never waits.
func (g *comingGate) Enter(context.Context, bool, func()) (Place, error) { return g, nil }

// Yield does nothing.
func (g *comingGate) Yield() {}

// Came counts.
func (g *comingGate) Came() { g.came.Add(1) }

// Leave does nothing.
func (g *comingGate) Leave(bool) {}

// TestSlowInitialEvents has the pods of a streamed start come one by one, few of them so late
// that it barely waits for the next. Its place is told of what comes, and not of each event.
func TestSlowInitialEvents(t *testing.T) {
	for pods, pause := range map[int]time.Duration{3: maxIdleStart * 3 / 4, 100: time.Second} {
		t.Run(fmt.Sprint(pods), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				api, watcher := interceptedCluster(t, nil)
				gate := &comingGate{}
				watcher.cfg.Gate, watcher.stale = gate, maxStale
				events := initialEvents(pods)
				api.answerBy(func(r *http.Request) (*http.Response, error) {
					query := r.URL.Query()
					if query.Get("sendInitialEvents") == "" || !strings.HasPrefix(query.Get("fieldSelector"), "spec.nodeName!=,") {
						return nil, nil
					}
					return answerWith(r, http.StatusOK, slowly(r.Context(), pause, events...)), nil
				})
				w, stop := following(t, api.troubled, watcher)
				defer stop()
				time.Sleep(pause*time.Duration(len(events)) + 10*time.Second)
				s := w.state()
				if s == nil || s.Mode != ModeWatch || s.Nodes[0].ActivePods != pods {
					t.Fatalf("shown is %+v, want %d pods on the first node", s, pods)
				}
				bytes := len(strings.Join(events, ""))
				if got, most := int(gate.came.Load()), bytes/partBytes; got > most || got < most/2 {
					t.Errorf("its place was told %d times of %d bytes, want %d times or some fewer", got, bytes, most)
				}
			})
		})
	}
}

// wired sums up what events took on the wire.
type wired struct {
	*watching
	bytes atomic.Int64
}

// Event adds those of pods that are bound or fail.
func (o *wired) Event(e Event) {
	if e.Resource == Pods && (e.Type == EventAdded || e.Type == EventError) {
		o.bytes.Add(e.Bytes)
	}
}

// TestBytesOfEvents has events come one by one, the last of which is an error.
func TestBytesOfEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api, watcher := interceptedCluster(t, nil)
		var parts []string
		api.do(func() {
			for i := range 3 {
				parts = append(parts, rowEvent(api.version+1+i, `"columnDefinitions":[{"name":"Name"},{"name":"Node"}],"rows":[{"cells":["p","n1"]}]`))
			}
		})
		parts = append(parts, `{"type":"ERROR","object":{"kind":"Status","code":500}}`)
		var streams atomic.Int32
		api.answerBy(func(r *http.Request) (*http.Response, error) {
			if query := r.URL.Query(); query.Get("watch") == "" || !strings.HasPrefix(query.Get("fieldSelector"), "spec.nodeName!=,") || streams.Add(1) > 1 {
				return nil, nil
			}
			return answerWith(r, http.StatusOK, slowly(r.Context(), time.Second, parts...)), nil
		})
		o := &wired{watching: &watching{t: t, api: api.fakeAPI, seen: &coverage{}}}
		stop := counting(t, watcher, o, o.keep)
		defer stop()
		time.Sleep(10 * time.Second)
		if got, want := o.bytes.Load(), int64(len(strings.Join(parts, ""))); got != want {
			t.Errorf("the events took %d bytes, want %d", got, want)
		}
	})
}

// TestExpiredWhileItEnds has a stream be ended on this side when the server says that its
// resourceVersion has expired: that is kept. Other failures are the end's.
func TestExpiredWhileItEnds(t *testing.T) {
	for reason, want := range map[Reason]bool{Expired: true, Server: false} {
		x := newExchange(t.Context(), time.Minute, nil, forOthers)
		x.end(errReplaced)
		failure := &PageError{Reason: reason, Err: errors.New("the server says so")}
		if got := errors.Is(x.broken(&stream{}, failure), failure); got != want {
			t.Errorf("%s is kept: %t, want %t", reason, got, want)
		}
		x.close()
	}
}
