package collector

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
	"github.com/kube-node-manager/pod_count_exporter/collector/store"
)

// stalls answers requests for pods in ways that would keep a place for long. All else is
// quick.
func stalls(kind string) func(http.Handler) http.Handler {
	var lists atomic.Int32
	const head = `{"kind":"Table","metadata":{"resourceVersion":"%d","continue":"%s"},"columnDefinitions":[{"name":"Name"},{"name":"Node"}],"rows":[`
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			query := r.URL.Query()
			n := lists.Load()
			if strings.HasSuffix(r.URL.Path, "/pods") && query.Get("watch") == "" {
				n = lists.Add(1)
			}
			w.Header().Set("Content-Type", "application/json")
			switch {
			case strings.HasSuffix(r.URL.Path, "/nodes"), kind == "later" && n <= 3:
				next.ServeHTTP(w, r)
			case query.Get("sendInitialEvents") != "":
				trickle(w, r)
			case query.Get("watch") != "":
				_ = http.NewResponseController(w).Flush()
				<-r.Context().Done()
			case kind == "streams": // pages of several resourceVersions
				token := map[bool]string{true: fmt.Sprint("t", n)}[query.Get("continue") == ""]
				_, _ = fmt.Fprintf(w, head+"]}", 10+len(token), token)
			default:
				_, _ = fmt.Fprintf(w, head+strings.Repeat(" ", 6000), 10, "")
				_ = http.NewResponseController(w).Flush()
				<-r.Context().Done()
			}
		})
	}
}

// trickle sends the initial events of a stream, one each 20 seconds, without end.
func trickle(w http.ResponseWriter, r *http.Request) {
	for i := 100; ; i++ {
		_, _ = fmt.Fprintf(w, `{"type":"ADDED","object":{"kind":"Table","metadata":{"resourceVersion":"%d"},"columnDefinitions":[{"name":"Name"},{"name":"Node"}],"rows":[{"cells":["p","n0"]}]}}`, i)
		_ = http.NewResponseController(w).Flush()
		select {
		case <-time.After(20 * time.Second):
		case <-r.Context().Done():
			return
		}
	}
}

// TestManyThatStall has more clusters whose answers stall than answers can be read at once,
// even beside the places: a healthy one among them is counted soon, and as often as alone.
func TestManyThatStall(t *testing.T) {
	for _, kind := range []string{"at once", "later", "streams"} {
		for _, stalling := range []int{260, 300} {
			if share > 1 && (stalling > 260 || kind == "later") { // the race detector finds nothing more in them
				continue
			}
			t.Run(fmt.Sprint(stalling, " ", kind), func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					opts := steady()
					opts.CacheTTL, opts.Watch = 10*time.Second, kind == "streams"
					e := empty(t, opts)
					first, worst := e.amongStalling(kind, stalling)
					t.Logf("first count after %s, and then up to %s old", first, worst)
					if first > 5*time.Second {
						t.Errorf("the healthy cluster is counted first after %s", first)
					}
					if worst > 2*opts.CacheTTL {
						t.Errorf("its snapshot is up to %s old", worst)
					}
				})
			})
		}
	}
}

// amongStalling observes a healthy cluster for a while: when it is counted first, and
// how old its snapshot becomes after that.
func (e *exporter) amongStalling(kind string, stalling int) (first, worst time.Duration) {
	e.t.Helper()
	var targets []store.Target
	add := func(name string, intercept func(http.Handler) http.Handler) {
		cfg := slow(small(), 20*time.Millisecond)
		cfg.Cluster, cfg.Intercept = name, intercept
		var pages podcount.Config
		var config *rest.Config
		one, _ := e.simulate(cfg, func(c *podcount.Config, r *rest.Config) {
			c.PageSize, c.MaxPageSize = 20, 20
			pages, config = *c, r
		})
		if kind == "streams" && intercept != nil {
			one.Counter = newWatcher(e.t, pages, podcount.DefaultWatchConfig(), config)
		}
		targets = append(targets, one)
	}
	for i := range stalling {
		add(fmt.Sprintf("bad-%03d", i), stalls(kind))
	}
	add("well", nil)
	e.Store.Set(targets...)
	pause := 100 * time.Millisecond
	for began := time.Now(); time.Since(began) < 90*time.Second; time.Sleep(pause) {
		e.Store.Warm() // as a scrape does
		for _, one := range e.Store.Clusters() {
			s := one.View()
			if one.Name() != "well" || s.Snapshot == nil {
				continue
			}
			if first == 0 {
				first, pause = time.Since(began), time.Second
			}
			worst = max(worst, s.Age)
		}
	}
	if first == 0 {
		e.t.Error("the healthy cluster is not counted")
	}
	return first, worst
}
