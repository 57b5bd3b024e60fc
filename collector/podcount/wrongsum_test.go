package podcount

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// eventAt is an event with one row, at a resourceVersion that is after all others.
func eventAt(version, kind, name, node string) string {
	return fmt.Sprintf(`{"type":%q,"object":{"kind":"Table","metadata":{"resourceVersion":%q},%s,"rows":[{"cells":["%s","%s"]}]}}`+"\n",
		kind, version, definitions(false), name, node)
}

// nodesWithLongNames are events of more names than fit into one step of a budget.
func nodesWithLongNames() string {
	var events strings.Builder
	for i := range 10 {
		events.WriteString(eventAt(fmt.Sprint(99999990+i), "ADDED", "p", fmt.Sprint(i, strings.Repeat("n", 200))))
	}
	return events.String()
}

// TestEventThatCannotBeApplied has one event come that says nothing of the sum, or a wrong
// thing: the numbers are unknown from then on, so the pods are listed again at once.
func TestEventThatCannotBeApplied(t *testing.T) {
	const last = "99999999"
	for name, tt := range map[string]struct {
		of    string // begins the field selector of the streams that get it
		event string
		want  WatchEnd
		why   error
	}{
		"not newer":             {"spec.nodeName!=", eventAt("1", "ADDED", "p", "n0"), EndMalformed, errOrder},
		"a name in two lines":   {"spec.nodeName!=", eventAt(last, "ADDED", "p", `n\n0`), EndMalformed, errOddName},
		"a credential":          {"spec.nodeName!=", eventAt(last, "ADDED", "p", "hunter2-token"), EndMalformed, errEchoed},
		"a node without a name": {"", eventAt(last, "ADDED", "", ""), EndMalformed, errNodeName},
		"too much for names":    {"spec.nodeName!=", nodesWithLongNames(), EndMalformed, errNoRoom},
		"one too few":           {"spec.nodeName!=", eventAt(last, "DELETED", "p", "unknown"), EndDrift, errNegative},
		"one too few, unbound":  {"spec.nodeName=,", eventAt(last, "DELETED", "p", noNode), EndDrift, errNegative},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				api, _ := interceptedCluster(t, nil)
				api.do(func() {
					for key, pod := range api.pods {
						if pod.node == "" {
							api.set(false, key, nil)
						}
					}
				})
				cfg := DefaultConfig()
				cfg.Jitter = func() float64 { return 0.5 }
				cfg.Budget = NewBudget(200 << 10)
				w, stop := following(t, api.troubled, newWatcher(t, cfg, authorized{api}, DefaultWatchConfig()))
				defer stop()
				time.Sleep(3 * time.Minute)
				w.shows(ModeWatch)
				taken := make(chan []*account, 1)
				var once sync.Once
				api.answerBy(func(r *http.Request) (response *http.Response, err error) {
					fields := r.URL.Query().Get("fieldSelector")
					if r.URL.Query().Get("watch") == "" || isPods(r) != (tt.of != "") || !strings.HasPrefix(fields, tt.of) {
						return nil, nil
					}
					once.Do(func() {
						if tt.why == errNoRoom { //nolint:errorlint // it is the case
							taken <- takeAll(cfg.Budget)
						}
						response = answerWith(r, http.StatusOK, io.NopCloser(io.MultiReader(strings.NewReader(tt.event), silence{r})))
					})
					return response, nil
				})
				api.turn(nil)
				time.Sleep(10 * time.Second)
				if tt.why == errNoRoom { //nolint:errorlint // it is the case
					for _, a := range <-taken {
						a.leave()
					}
				}
				w.restarted(tt.want, tt.why)
				api.do(func() { api.set(false, "another", &fakePod{node: "n0"}) })
				time.Sleep(time.Minute)
				w.shows(ModeWatch)
			})
		})
	}
}

// takeAll has many clusters come, which take all that a Budget has for another one.
func takeAll(b *Budget) (clusters []*account) {
	for range 50 {
		clusters = append(clusters, newAccount(b))
		for ledger := clusters[len(clusters)-1].open(); ledger.take(1 << 10); {
		}
	}
	return clusters
}

// silence is the rest of an answer that does not end.
type silence struct{ of *http.Request }

func (s silence) Read([]byte) (int, error) {
	<-s.of.Context().Done()
	return 0, s.of.Context().Err()
}

// restarted requires one restart, for this reason, of which nothing is quoted.
func (w *watching) restarted(reason WatchEnd, why error) {
	w.t.Helper()
	restarts := 0
	for _, e := range w.told() {
		if e.Restart == nil {
			continue
		}
		restarts++
		if text := e.Restart.Err.Error(); e.Restart.Reason != reason || !strings.Contains(text, why.Error()) || strings.Contains(text, "watch of :") {
			w.t.Errorf("listed again for %s: %s; want %s: %s", e.Restart.Reason, text, reason, why)
		}
	}
	if restarts != 1 {
		w.t.Errorf("listed again %d times, want once", restarts)
	}
}

// TestWrongSumEndsSession has every kind of error of an event, and of the end of a start:
// no stream is opened again after it.
func TestWrongSumEndsSession(t *testing.T) {
	for _, why := range []error{
		errOrder, errEchoed, errNodeName, errOddName, errNoRoom, errManyNames, errNameBytes, errNegative, errUnfiltered,
		&restartError{EndExpired, errShort},
	} {
		for _, starting := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, starting %t", why, starting), func(t *testing.T) {
				l, s := streamAt("100", false)
				s.starting = starting
				f := &session{w: &Watcher{shortStreams: map[string]int{}}, live: l}
				if f.sessionEnd(s, wrongSum(why), time.Now(), true) == nil {
					t.Error("the stream would be opened again")
				}
			})
		}
	}
}
