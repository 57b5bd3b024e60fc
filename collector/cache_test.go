package collector

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
	"github.com/kube-node-manager/pod_count_exporter/collector/store"
)

// scripted is a Counter that takes a while and then returns a prepared result.
type scripted struct {
	calls atomic.Int32
	takes time.Duration
	err   error
}

func (s *scripted) Count(ctx context.Context, _ podcount.Observer, publish func(*podcount.Snapshot)) error {
	calls := s.calls.Add(1)
	select {
	case <-time.After(s.takes):
	case <-ctx.Done():
		return ctx.Err()
	}
	if s.err != nil {
		return s.err
	}
	publish(&podcount.Snapshot{
		Nodes: []podcount.Node{{Name: "a", ActivePods: int(calls)}}, Started: time.Now().Add(-s.takes), Time: time.Now(),
		Consistent: true, Pages: 1,
	})
	return nil
}

// succeeding is a Counter whose counts take these times; the last one is repeated.
type succeeding struct {
	scripted
	times []time.Duration
}

func (s *succeeding) Count(ctx context.Context, o podcount.Observer, publish func(*podcount.Snapshot)) error {
	s.takes = s.times[min(int(s.calls.Load()), len(s.times)-1)]
	return s.scripted.Count(ctx, o, publish)
}

func scriptedExporter(t *testing.T, counter store.Counter) *exporter {
	t.Helper()
	e := empty(t, steady())
	e.Store.Set(store.Target{Name: "one", Counter: counter})
	return e
}

func TestFiftyScrapesShareOneCount(t *testing.T) {
	bubble(t, func(t *testing.T) {
		counter := &scripted{takes: 5 * time.Second}
		e := scriptedExporter(t, counter)
		var scrapes sync.WaitGroup
		for range 50 {
			scrapes.Go(func() {
				if got := value(e.scrape("10"), "node_active_pods"); got != "1" {
					t.Errorf("a scrape shows %s, want the one count", got)
				}
			})
		}
		scrapes.Wait()
		if calls := counter.calls.Load(); calls != 1 {
			t.Errorf("%d counts for 50 scrapes at once, want 1", calls)
		}
	})
}

// TestLifeOfASnapshot follows one snapshot through fresh, stale while a count
// runs or fails, and withdrawn.
func TestLifeOfASnapshot(t *testing.T) {
	bubble(t, func(t *testing.T) {
		counter := &scripted{takes: time.Second}
		e := scriptedExporter(t, counter)
		expect := func(what, nodes, success string, calls int32) {
			t.Helper()
			body := e.scrape("10")
			if got := value(body, "node_active_pods"); got != nodes {
				t.Errorf("%s: node_active_pods is %s, want %s", what, got, nodes)
			}
			if got := value(body, "pod_count_success"); got != success {
				t.Errorf("%s: pod_count_success is %s, want %s", what, got, success)
			}
			if got := counter.calls.Load(); got != calls {
				t.Errorf("%s: %d counts so far, want %d", what, got, calls)
			}
		}
		expect("first count", "1", "1", 1)
		firstSuccess := value(e.scrape("10"), "pod_count_last_success_timestamp_seconds")
		time.Sleep(store.DefaultCacheTTL - time.Second)
		expect("fresh", "1", "1", 1)
		time.Sleep(time.Second)
		expect("stale, counted anew", "2", "1", 2)
		counter.err = errors.New("no luck")
		time.Sleep(store.DefaultCacheTTL)
		expect("a failed count", "2", "0", 3)
		if got := value(e.scrape("10"), "pod_count_last_success_timestamp_seconds"); got <= firstSuccess {
			t.Errorf("last success is %s, was %s before the second count", got, firstSuccess)
		}
		time.Sleep(store.DefaultMaxStaleness)
		expect("withdrawn", "absent", "0", 4)
		expect("withdrawn, in the pause after a failure", "absent", "0", 4)
		if got := value(e.scrape("10"), "pod_count_last_success_timestamp_seconds"); got == "absent" {
			t.Error("health metrics were withdrawn too")
		}
		counter.err = nil
		time.Sleep(time.Minute)
		expect("recovered", "5", "1", 5)
	})
}

func TestSlowClusterDelaysNoOther(t *testing.T) {
	bubble(t, func(t *testing.T) {
		fast := &scripted{takes: time.Second}
		e := scriptedExporter(t, fast)
		e.Store.Set(store.Target{Name: "one", Counter: fast}, store.Target{Name: "slow", Counter: &scripted{takes: time.Hour}})
		body := e.scrape("10")
		if got := series(body, "node_active_pods"); len(got) != 1 {
			t.Errorf("series %v, want that of the fast cluster", got)
		}
		if got := series(body, "pod_count_success"); len(got) != 2 {
			t.Errorf("health of %d clusters, want 2: %v", len(got), got)
		}
	})
}

func TestFailuresAreHeldBack(t *testing.T) {
	bubble(t, func(t *testing.T) {
		opts := steady()
		opts.CacheTTL = time.Second // and no longer pause
		e := empty(t, opts)
		e.Store.Set(store.Target{Name: "one", Counter: &scripted{err: errors.New("no luck")}})
		for range 600 { // ten minutes of a scrape a second
			e.scrape("10")
			time.Sleep(time.Second)
		}
		lines := strings.Count(e.log.String(), "\n")
		if lines < failureBurst || lines > failureBurst+11 {
			t.Errorf("%d lines in ten minutes", lines)
		}
		if !strings.Contains(e.log.String(), "held_back=") {
			t.Error("no line says how many were held back")
		}
		counted := series(e.scrape("10"), "log_messages_total")
		if !strings.Contains(strings.Join(counted, "\n"), `message="Paginated pod count failed, there is no snapshot to show"} 601`) {
			t.Errorf("lines held back are not counted: %v", counted)
		}
	})
}
