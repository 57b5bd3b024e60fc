//go:build e2e

package e2e

import (
	"math/rand/v2"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

const (
	// churnRounds rounds of churnTime each end at a quiet point.
	churnRounds = 3
	churnTime   = 20 * time.Second
	// cutsOfStream is how often each stream is cut in all rounds. Five short lives would
	// have the cluster listed, and the restart of the API server takes two.
	cutsOfStream = 2
)

// TestWatchFollows has pods created, bound, run, finish, fail, run again, be evicted,
// deleted, forced and made anew under the same name, at hundreds of changes a second,
// while streams are cut at random, amid events too, and the API server is killed and
// started again. At each quiet point the counts are those of a list, and the audits agree.
// Pods change while no other test runs, for that would slow it down. SEED repeats a run's
// choices.
func TestWatchFollows(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("SEED"); text != "" {
		var err error
		seed, err = strconv.ParseUint(text, 10, 64)
		must(t, err)
	}
	t.Logf("SEED=%d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	cp := startControlPlane(t, clusterArgs(31, 20, 1000)...)
	proxy := startStreamProxy(t, cp)
	e := startExporter(t, proxy.kubeconfig(t, watcherToken(t, cp)), "--collector.mode=watch", "--watch.audit-interval=5s")
	followed(t, cp, e)
	churn := newChurn(cp, seed)
	for _, round := range drawRounds(random, proxy, func() {
		cp.kill(t)
		cp.run(t)
	}) {
		before := audits(t, e)["equal"]
		churn.during(t, func() { round.run(t) })
		followed(t, cp, e)
		if n := audits(t, e)["equal"] - before; n == 0 {
			t.Error("no audit while the pods changed")
		}
		wantNoDrift(t, e)
	}
	churn.check(t)
	if n := proxy.cutSoFar(); n < cutsOfStream*2 { // one may be closed when it is its turn
		t.Errorf("%d streams were cut, want %d", n, cutsOfStream*2)
	}
	t.Parallel() // in the quiet an audit waits for a bookmark, which may take a minute
	before := audits(t, e)["equal"]
	eventually(t, "an audit in the quiet", func() bool { return audits(t, e)["equal"] > before })
	followed(t, cp, e)
	wantNoDrift(t, e)
}

func audits(t *testing.T, e *exporter) map[string]float64 {
	t.Helper()
	return e.scrape(t).by(t, "pod_count_watch_audits_total", "result")
}

func wantNoDrift(t *testing.T, e *exporter) {
	t.Helper()
	got := e.scrape(t)
	if drift := got.value(t, "pod_count_watch_drift_pods"); drift != 0 {
		t.Errorf("drift of %v pods where no event was lost", drift)
	}
	if n := got.by(t, "pod_count_watch_restarts_total", "reason")["drift"]; n != 0 {
		t.Errorf("%v restarts for drift where no event was lost", n)
	}
	if n := got.by(t, "pod_count_watch_audits_total", "result")["different"]; n != 0 {
		t.Errorf("%v audits found a difference where no event was lost", n)
	}
}

// disturbance is something that happens to streams at a moment of a round.
type disturbance struct {
	at   time.Duration
	name string
	do   func()
}

// round is what happens while pods change, in order.
type round []disturbance

func (r round) run(t *testing.T) {
	t.Helper()
	began := time.Now()
	for _, d := range r {
		time.Sleep(time.Until(began.Add(d.at))) // the churn is what passes the time
		t.Logf("%5.1fs: %s", d.at.Seconds(), d.name)
		d.do()
	}
	time.Sleep(time.Until(began.Add(churnTime)))
}

// drawRounds draws when each stream is cut, and when the API server is killed.
func drawRounds(random *rand.Rand, proxy *streamProxy, restart func()) []round {
	rounds := make([]round, churnRounds)
	add := func(n int, name string, do func()) {
		at := time.Duration(random.Int64N(int64(churnTime - 2*time.Second)))
		rounds[n] = append(rounds[n], disturbance{at, name, do})
	}
	for _, stream := range watchedStreams() {
		for range cutsOfStream {
			amid := random.IntN(2) == 0 && stream.name != "nodes" // which have few events
			name := "the stream of " + stream.name + " is cut"
			if amid {
				name += " amid an event"
			}
			add(random.IntN(churnRounds), name, func() { proxy.cut(stream.fits, amid) })
		}
	}
	add(random.IntN(churnRounds), "the API server is killed", restart)
	for _, r := range rounds {
		slices.SortFunc(r, func(a, b disturbance) int { return int(a.at - b.at) })
	}
	return rounds
}

// watchedStream is one of the streams that the exporter holds.
type watchedStream struct {
	name string
	fits func(watch *url.URL) bool
}

func watchedStreams() []watchedStream {
	of := func(resource, selector string) func(*url.URL) bool {
		return func(watch *url.URL) bool {
			return strings.HasSuffix(watch.Path, "/"+resource) && strings.Contains(watch.Query().Get("fieldSelector"), selector)
		}
	}
	return []watchedStream{
		{"pods on nodes", of("pods", "spec.nodeName!=")},
		{"pods without a node", of("pods", "spec.nodeName=")},
		{"nodes", of("nodes", "")},
	}
}
