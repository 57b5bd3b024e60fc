//go:build e2e

package e2e

import (
	"cmp"
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
	// churnRounds rounds of churnTime, and one more, each end at a quiet point.
	churnRounds = 2
	churnTime   = 25 * time.Second
	// cutsOfStream is how often each stream is cut in those rounds. Five short lives would
	// have the cluster listed.
	cutsOfStream = 2
)

// TestWatchFollows has pods created, bound, run, finish, fail, run again, be evicted,
// deleted, forced and made anew under the same name, at hundreds of changes a second,
// while streams are cut at random, amid events too, and then while the API server is
// killed and started again. At each quiet point the counts are those of a list, and the
// audits agree. Streams that were cut go on where they were.
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
	followedFrom := churnedPods(t, e)
	churn := newChurn(cp, seed)
	for _, round := range cutsAtRandom(random, proxy) {
		before := audits(t, e)["equal"]
		churn.during(t, func() { round.run(t) })
		followed(t, cp, e)
		if n := audits(t, e)["equal"] - before; n == 0 {
			t.Error("no audit while the pods changed")
		}
		wantNoDrift(t, e)
	}
	churn.check(t)
	wantCuts(t, proxy, e)
	followedFrom.wantCame(t, churnedPods(t, e))

	t.Parallel() // in the quiet an audit waits for a bookmark, which may take a minute
	settled := time.Now()
	auditedInQuiet(t, e)
	time.Sleep(time.Until(settled.Add(time.Minute))) // streams that have lived so long may end
	killed := round{drawn(random, "the API server is killed", func() {
		cp.kill(t)
		cp.run(t)
	})}
	churn.during(t, func() { killed.run(t) })
	followed(t, cp, e)
	wantNoDrift(t, e)
	auditedInQuiet(t, e)
	killedInQuiet(t, cp, e, churn)
	auditedInQuiet(t, e)
	followed(t, cp, e)
	wantNoDrift(t, e)
}

// killedInQuiet has the API server killed while no pod changes, and pods change once the
// cluster is followed again. What was bound or left while a server was being killed is
// told of by no stream, so only here can the pods that are told of be held against those
// that are there: a new start tells of none.
func killedInQuiet(t *testing.T, cp *controlPlane, e *exporter, churn *churn) {
	t.Helper()
	followed(t, cp, e)
	from, starts := churnedPods(t, e), newStarts(t, e)
	cp.kill(t)
	eventually(t, "the streams are gone", func() bool { return e.scrape(t).value(t, "pod_count_success") == 0 })
	cp.run(t)
	eventually(t, "a new start", func() bool { return newStarts(t, e) > starts })
	followed(t, cp, e)
	if now := churnedPods(t, e); now != from {
		t.Errorf("%+v after a new start, want what there was before, %+v", now, from)
	}
	churn.during(t, func() { time.Sleep(churnTime / 2) }) // the churn is what passes the time
	followed(t, cp, e)
	from.wantCame(t, churnedPods(t, e))
}

// newStarts is how often the cluster was listed anew: a server that was started again
// does not remember what its streams had come to.
func newStarts(t *testing.T, e *exporter) float64 {
	t.Helper()
	return e.scrape(t).by(t, "pod_count_watch_restarts_total", "reason")["expired"]
}

// wantCuts requires each kind of cut, and that each stream went on where it was.
func wantCuts(t *testing.T, proxy *streamProxy, e *exporter) {
	t.Helper()
	atOnce, amid := proxy.cutSoFar()
	t.Logf("%d streams were cut at once and %d amid an event", atOnce, amid)
	if most := len(watchedStreams()) * cutsOfStream; atOnce == 0 || amid == 0 || atOnce+amid < most-1 {
		t.Errorf("%d streams were cut at once and %d amid an event, want some of both and %d in all", atOnce, amid, most)
	}
	got := e.scrape(t).by(t, "pod_count_watch_restarts_total", "reason")
	if got["expired"] != 0 || got["network"] < float64(atOnce+amid) {
		t.Errorf("streams ended by %v, want %d by network and none listed anew", got, atOnce+amid)
	}
}

// came is what is shown of pods on nodes at a quiet point.
type came struct{ bound, left, active float64 }

func churnedPods(t *testing.T, e *exporter) came {
	t.Helper()
	got := e.scrape(t)
	counted := got.counted(t)
	return came{
		bound: got.value(t, "pod_count_bound_total"), left: got.value(t, "pod_count_left_total"),
		active: counted.ActivePods + counted.UnknownNodePods,
	}
}

// wantCame requires the pods that came and went until another quiet point to be those by
// which the counts differ: each is told once, whatever was cut.
func (c came) wantCame(t *testing.T, now came) {
	t.Helper()
	bound, left := now.bound-c.bound, now.left-c.left
	t.Logf("%v pods were bound and %v left, %+v are there", bound, left, now.active-c.active)
	if bound-left != now.active-c.active || bound == 0 || left == 0 {
		t.Errorf("%v pods were bound and %v left, want a difference of %v", bound, left, now.active-c.active)
	}
}

// auditedInQuiet waits for an audit that finds no difference.
func auditedInQuiet(t *testing.T, e *exporter) {
	t.Helper()
	before := audits(t, e)["equal"]
	eventually(t, "an audit in the quiet", func() bool { return audits(t, e)["equal"] > before })
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

func drawn(random *rand.Rand, name string, do func()) disturbance {
	return disturbance{time.Duration(random.Int64N(int64(churnTime - 5*time.Second))), name, do}
}

// round is what happens while pods change, in order.
type round []disturbance

// run lasts churnTime, and as long as the disturbances take.
func (r round) run(t *testing.T) {
	t.Helper()
	began := time.Now()
	for _, d := range r {
		time.Sleep(time.Until(began.Add(d.at))) // the churn is what passes the time
		t.Logf("%5.1fs: %s", d.at.Seconds(), d.name)
		now := time.Now()
		d.do()
		began = began.Add(time.Since(now))
	}
	time.Sleep(time.Until(began.Add(churnTime)))
}

// cutsAtRandom draws when each stream is cut. One cut of each of the streams of pods is
// amid an event.
func cutsAtRandom(random *rand.Rand, proxy *streamProxy) []round {
	rounds := make([]round, churnRounds)
	for _, stream := range watchedStreams() {
		for i := range cutsOfStream {
			amid := i == 0 && stream.name != "nodes" // which have few events
			name := "the stream of " + stream.name + " is cut"
			if amid {
				name += " amid an event"
			}
			n := random.IntN(churnRounds)
			rounds[n] = append(rounds[n], drawn(random, name, func() {
				for began := time.Now(); !proxy.cut(stream.fits, amid) && time.Since(began) < churnTime; {
					time.Sleep(50 * time.Millisecond) // until it is open again
				}
			}))
		}
	}
	for _, r := range rounds {
		slices.SortFunc(r, func(a, b disturbance) int { return cmp.Compare(a.at, b.at) })
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
