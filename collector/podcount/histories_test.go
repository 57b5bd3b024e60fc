package podcount

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// randomHistories is how many histories are followed; SEED repeats one.
const randomHistories = 10_000

// TestRandomHistories follows small clusters whose pods and nodes change at random.
// Their streams are cut, repeat events, and have bookmarks and columns in unusual
// positions; there are both forms of 410, and compactions. The fake server keeps
// every pod, so each snapshot can be compared at its resourceVersion, and the last
// one at the end; and so can the pods that events say were bound or left.
func TestRandomHistories(t *testing.T) {
	first, count := uint64(1), uint64(randomHistories/share)
	if soak, err := strconv.ParseUint(os.Getenv("SOAK"), 10, 64); err == nil {
		count = soak
	}
	if seed, err := strconv.ParseUint(os.Getenv("SEED"), 10, 64); err == nil {
		first, count = seed, 1
	}
	seen := coverage{}
	for seed := first; seed < first+count; seed++ {
		if !t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { followRandomly(t, seed, &seen) })
		}) {
			t.Fatalf("repeat it with SEED=%d", seed)
		}
	}
	t.Logf("%d histories: %+v", count, seen)
	seen.check(t, count)
}

// watching follows one fake server, and compares what is published.
type watching struct {
	t    *testing.T
	api  *fakeAPI
	seen *coverage

	mu     sync.Mutex
	last   *Snapshot
	why    []Watched
	errors int // ERROR events
	bound  int // pods that events say were bound
	left   int // or finished or gone
}

func (w *watching) Started(int) {}
func (w *watching) Page(Page)   {}

// Event counts ERROR events, and pods that come and go.
func (w *watching) Event(e Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if e.Bound {
		w.bound++
	}
	if e.Left {
		w.left++
	}
	if e.Type == EventError {
		w.errors++
	}
}

// Watched counts what happens.
func (w *watching) Watched(e Watched) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.why = append(w.why, e)
	switch {
	case e.Restart != nil:
		w.seen.Restarts++
	case e.Ended != nil:
		w.seen.Ended++
	case e.Fallback != nil:
		w.seen.Fallbacks++
	case e.Audit != nil && e.Audit.Err == nil:
		w.seen.Audits++
	case e.Audit != nil:
		w.seen.AuditsWithout++
	}
}

func (w *watching) publish(s *Snapshot) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.last = s; s.Update {
		w.seen.Updates++
	} else {
		w.seen.Counts++
	}
	if s.Consistent {
		w.compare(s)
	}
}

// compare compares the numbers of bound pods with those at the snapshot's version, also
// those of nodes that are shown with none. What waits for a node is known at that version
// only by a list: as events, it has a stream of its own.
func (w *watching) compare(s *Snapshot) {
	version, err := strconv.Atoi(s.ResourceVersion)
	if err != nil {
		w.t.Fatalf("resourceVersion %q", s.ResourceVersion)
	}
	w.api.mu.Lock()
	want, unbound := w.api.truth(version)
	w.api.mu.Unlock()
	all, sum := 0, 0
	for _, n := range want {
		all += n
	}
	for _, node := range s.Nodes {
		if sum += node.ActivePods; node.ActivePods != want[node.Name] {
			w.t.Fatalf("at %d node %s has %d pods, want %d", version, node.Name, node.ActivePods, want[node.Name])
		}
		if w.seen.Nodes++; node.ActivePods == 0 {
			w.seen.Zeros++
		}
	}
	if sum+s.UnknownNodePods != all {
		w.t.Fatalf("at %d there are %d pods on nodes and %d on unknown ones, want %d", version, sum, s.UnknownNodePods, all)
	}
	if s.Mode == ModeList && s.UnscheduledPods != unbound {
		w.t.Fatalf("at %d there are %d pods without a node, want %d", version, s.UnscheduledPods, unbound)
	}
}

// keep takes a snapshot that need not be true.
func (w *watching) keep(s *Snapshot) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.last = s
}

// counting has a Watcher count again and again, as the store does, until stop.
func counting(t *testing.T, watcher *Watcher, observer Observer, publish func(*Snapshot)) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			_ = watcher.Count(ctx, observer, publish)
			_ = sleep(ctx, 30*time.Second)
		}
	}()
	return func() {
		cancel()
		<-done
	}
}

func followRandomly(t *testing.T, seed uint64, seen *coverage) {
	api := newFakeAPI(seed)
	api.trouble = true
	random := rand.New(rand.NewPCG(seed, 2))
	cfg := DefaultConfig()
	cfg.PageSize, cfg.MaxPageSize = 1+random.IntN(12), 12
	cfg.Jitter = func() float64 { return 0.3 }
	w := &watching{t: t, api: api, seen: seen}
	watcher := newWatcher(t, cfg, api, WatchConfig{AuditInterval: time.Duration(random.IntN(10)) * time.Minute, NodesInterval: time.Minute})
	stop := counting(t, watcher, w, w.publish)
	removed := random.IntN(4) == 0 // the cluster goes at any moment, and nothing may stay
	for range random.IntN(120) {
		if removed && random.IntN(20) == 0 {
			break
		}
		time.Sleep(time.Duration(random.ExpFloat64() * float64(4*time.Second)))
		api.mu.Lock()
		api.change()
		if random.IntN(10) == 0 {
			api.compacted = api.version - random.IntN(20)
		}
		api.mu.Unlock()
	}
	if removed {
		seen.Removed++
	} else {
		api.mu.Lock()
		api.trouble = false
		api.mu.Unlock()
		time.Sleep(25 * time.Minute) // a fallback ends, and the streams with hostile bodies
		synctest.Wait()
		w.atTheEnd()
		if seed%16 == 0 { // which takes as long as all else
			w.churns(random)
			w.atTheEnd()
		}
	}
	stop()
	synctest.Wait()
	seen.add(&api.done)
}

func newWatcher(t *testing.T, cfg Config, transport http.RoundTripper, watch WatchConfig) *Watcher {
	t.Helper()
	client := &http.Client{Transport: transport}
	cfg.Cores = oneCore(t)
	counter, err := New(cfg, client, &url.URL{Scheme: "http", Host: "api"})
	if err != nil {
		t.Fatal(err)
	}
	watcher, err := NewWatcher(counter, client, watch)
	if err != nil {
		t.Fatal(err)
	}
	return watcher
}

// atTheEnd requires the cluster to be followed at the end, and all numbers of the
// last snapshot to be true.
func (w *watching) atTheEnd() {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.last
	if s == nil || s.Mode != ModeWatch || s.Interrupted != nil {
		w.t.Fatalf("the last snapshot is %+v, want one of a cluster that is followed", s)
	}
	w.api.mu.Lock()
	bound, unbound := w.api.truth(w.api.version)
	nodes := w.api.at(w.api.version, true)
	w.api.mu.Unlock()
	got := map[string]int{}
	for _, node := range s.Nodes {
		if got[node.Name] = node.ActivePods; !node.HasAllocatable {
			w.t.Errorf("node %s has no allocatable pods", node.Name)
		}
	}
	want, unknown := map[string]int{}, 0
	for name := range nodes {
		want[name] = bound[name]
	}
	for name, n := range bound {
		if _, exists := nodes[name]; !exists {
			unknown += n
		}
	}
	if !maps.Equal(got, want) || s.UnknownNodePods != unknown || s.UnscheduledPods != unbound {
		w.t.Fatalf("at the end: nodes %v, unknown %d, unscheduled %d; want %v, %d, %d", got, s.UnknownNodePods, s.UnscheduledPods, want, unknown, unbound)
	}
	for _, e := range w.why {
		if e.Audit != nil && len(e.Audit.Differences) > 0 || e.Restart != nil && e.Restart.Reason == EndDrift {
			w.t.Errorf("there is drift where no event was lost: %+v %+v", e.Audit, e.Restart)
		}
	}
}
