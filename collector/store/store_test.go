package store

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
)

// bubble runs a test with a clock that only moves when everything waits.
func bubble(t *testing.T, test func(*testing.T)) {
	t.Helper()
	synctest.Test(t, test)
}

// notes is what the Store reported about its clusters, in order.
type notes struct {
	mu    sync.Mutex
	lines []string
}

func (n *notes) add(format string, values ...any) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.lines = append(n.lines, fmt.Sprintf(format, values...))
}

// take returns the lines so far, and forgets them.
func (n *notes) take() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	lines := n.lines
	n.lines = nil
	return lines
}

func (n *notes) Observe(cluster string) Observer {
	n.add("observe %s", cluster)
	return noted{n, cluster}
}

// noted is the Observer of one cluster.
type noted struct {
	*notes
	cluster string
}

func (n noted) Started(int)            {}
func (n noted) Page(podcount.Page)     {}
func (noted) Event(podcount.Event)     {}
func (noted) Watched(podcount.Watched) {}
func (n noted) Ended(o Outcome) {
	n.add("%s ended: snapshot %t, error %v, shown %t", n.cluster, o.Snapshot != nil, o.Err, o.Shown)
}

// counting is a Counter whose counts are functions.
type counting func(ctx context.Context, publish func(*podcount.Snapshot)) error

func (c *counting) Count(ctx context.Context, _ podcount.Observer, publish func(*podcount.Snapshot)) error {
	return (*c)(ctx, publish)
}

// snapshotOf is one of this moment, with a node of so many pods.
func snapshotOf(pods int) *podcount.Snapshot {
	return &podcount.Snapshot{Nodes: []podcount.Node{{Name: "a", ActivePods: pods}}, Started: time.Now(), Time: time.Now()}
}

// newStore is a Store without randomness that ends with the test.
func newStore(t *testing.T, change func(*Options)) (*Store, *notes) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	opts := DefaultOptions()
	opts.Jitter = func() float64 { return 0 }
	if change != nil {
		change(&opts)
	}
	told := &notes{}
	s := New(ctx, opts, told)
	t.Cleanup(func() {
		cancel()
		s.Wait()
	})
	return s, told
}

// await waits ten seconds at most.
func await(t *testing.T, c *Cluster) View {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	Await(ctx, []*Cluster{c}, func(*Cluster) {})
	return c.View()
}

func TestObserversComeWithTheClusters(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s, told := newStore(t, nil)
		counter := counting(func(_ context.Context, publish func(*podcount.Snapshot)) error {
			publish(snapshotOf(1))
			return nil
		})
		other := counter
		for _, step := range []struct {
			name    string
			targets []Target
			want    []string
		}{
			{"two", []Target{{"a", "1", &counter}, {"b", "2", &counter}}, []string{"observe a", "observe b"}},
			{"the same", []Target{{"a", "1", &counter}, {"b", "2", &counter}}, nil},
			{"other credentials", []Target{{"a", "1", &other}, {"b", "2", &counter}}, nil},
			{"another server of the name", []Target{{"a", "3", &other}, {"b", "2", &counter}}, []string{"observe a"}},
			{"one is gone", []Target{{"b", "2", &counter}}, nil},
			{"one is back", []Target{{"a", "3", &other}, {"b", "2", &counter}}, []string{"observe a"}},
		} {
			s.Set(step.targets...)
			if got := told.take(); !slices.Equal(got, step.want) {
				t.Errorf("%s: told %q, want %q", step.name, got, step.want)
			}
		}
	})
}

// TestFollowing has a Counter that publishes one snapshot after the other, as when it
// follows a stream, until the stream breaks.
func TestFollowing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s, told := newStore(t, nil)
		broken := errors.New("the stream broke")
		var starts atomic.Int32
		counter := counting(func(ctx context.Context, publish func(*podcount.Snapshot)) error {
			starts.Add(1)
			for pods := range 20 {
				select {
				case <-time.After(time.Minute):
					publish(snapshotOf(pods))
				case <-ctx.Done():
					return ctx.Err()
				}
			}
			return broken
		})
		s.Set(Target{"a", "1", &counter})
		one := s.Find("a")
		s.Warm()
		time.Sleep(time.Minute)
		for pods := range 20 {
			synctest.Wait()
			began := time.Now()
			v := await(t, one)
			if time.Since(began) != 0 || v.Snapshot == nil || v.Snapshot.Nodes[0].ActivePods != pods || v.State != Fresh || starts.Load() != 1 {
				t.Fatalf("after minute %d: %+v, %d counts, waited %s", pods, v, starts.Load(), time.Since(began))
			}
			if success := pods < 19; v.Success != success {
				t.Errorf("after minute %d: success %t, want %t", pods, v.Success, success)
			}
			time.Sleep(time.Minute)
		}
		if got := told.take(); got[len(got)-1] != "a ended: snapshot false, error the stream broke, shown true" {
			t.Errorf("told at last %q", got[len(got)-1])
		}
		if await(t, one); starts.Load() != 2 {
			t.Errorf("%d counts after the stream broke, want another one", starts.Load())
		}
	})
}

// TestFreshWhileFollowing asks for a fresh count of a cluster whose count never
// ends: the next snapshot is one.
func TestFreshWhileFollowing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s, _ := newStore(t, nil)
		counter := counting(func(ctx context.Context, publish func(*podcount.Snapshot)) error {
			for {
				select {
				case <-time.After(10 * time.Second):
					publish(snapshotOf(1))
				case <-ctx.Done():
					return ctx.Err()
				}
			}
		})
		s.Set(Target{"a", "1", &counter})
		for _, wait := range []time.Duration{10 * time.Second, 7 * time.Second} {
			began := time.Now()
			if err := s.Find("a").CountFresh(t.Context()); err != nil || time.Since(began) != wait {
				t.Errorf("%v after %s, want a snapshot after %s", err, time.Since(began), wait)
			}
			time.Sleep(13 * time.Second)
		}
	})
}

// heir is a Counter that notes whose progress it is given.
type heir struct {
	counting
	former []*podcount.Counter
}

func (h *heir) Resume(former *podcount.Counter) { h.former = append(h.former, former) }

// TestProgressOutlivesAFault has a kubeconfig that is broken for a while: the next
// usable Counter goes on where the one before the fault was.
func TestProgressOutlivesAFault(t *testing.T) {
	first, err := podcount.New(podcount.DefaultConfig(), http.DefaultClient, &url.URL{Scheme: "http", Host: "api"})
	if err != nil {
		t.Fatal(err)
	}
	fault := errors.New("its kubeconfig is wrong")
	for name, between := range map[string][]Counter{
		"nothing between":      nil,
		"a fault between":      {Unusable(fault)},
		"several, one by one":  {Unusable(fault), Unusable(errors.New("in another way"))},
		"one that never began": {&heir{}},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := newStore(t, nil)
			last := &heir{}
			for _, counter := range append([]Counter{first}, append(between, last)...) {
				s.Set(Target{"a", "1", counter})
			}
			taken := len(last.former) == 1 && last.former[0] == first
			if unbegun := name == "one that never began"; taken == unbegun {
				t.Errorf("progress was handed over %d times", len(last.former))
			}
		})
	}
}

func TestCountsAreSpreadOverTime(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var draws atomic.Int64
		s, _ := newStore(t, func(opts *Options) {
			opts.Jitter = func() float64 { return float64((draws.Add(1)-1)%4) / 4 }
		})
		var targets []Target
		for i := range 4 {
			counter := counting(func(_ context.Context, publish func(*podcount.Snapshot)) error {
				publish(snapshotOf(1))
				return nil
			})
			targets = append(targets, Target{Name: fmt.Sprint(i), Counter: &counter})
		}
		s.Set(targets...)
		for _, step := range []struct {
			name string
			want []time.Duration // until the next counts
		}{
			{"the first counts, all at once", []time.Duration{187500 * time.Millisecond, 225 * time.Second, 262500 * time.Millisecond, 300 * time.Second}},
			{"later ones", []time.Duration{277500 * time.Millisecond, 285 * time.Second, 292500 * time.Millisecond, 300 * time.Second}},
		} {
			time.Sleep(DefaultCacheTTL)
			s.Warm()
			synctest.Wait()
			var ttls []time.Duration
			for _, one := range s.Clusters() {
				ttls = append(ttls, one.ttl)
			}
			slices.Sort(ttls)
			if !slices.Equal(ttls, step.want) {
				t.Errorf("%s: times until the next are %v, want %v", step.name, ttls, step.want)
			}
		}
	})
}

// TestFailingSince has counts and streams fail in turns: a failure that another one
// follows keeps its time, whatever kind both are of, until all is well.
func TestFailingSince(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s, _ := newStore(t, nil)
		steps := make(chan func(publish func(*podcount.Snapshot)) error)
		counter := counting(func(ctx context.Context, publish func(*podcount.Snapshot)) error {
			for {
				select {
				case step := <-steps:
					if err := step(publish); err != nil {
						return err
					}
				case <-ctx.Done():
					return ctx.Err()
				}
			}
		})
		s.Set(Target{"a", "1", &counter})
		shows := func(update bool, interrupted error) func(func(*podcount.Snapshot)) error {
			return func(publish func(*podcount.Snapshot)) error {
				one := snapshotOf(1)
				one.Update, one.Interrupted = update, interrupted
				publish(one)
				return nil
			}
		}
		fails := func(func(*podcount.Snapshot)) error { return errors.New("the count failed") }
		broken := errors.New("the stream broke")
		var since time.Time
		for _, step := range []struct {
			name   string
			do     func(func(*podcount.Snapshot)) error
			begins bool // a failure
			ends   bool
		}{
			{"the first count fails", fails, true, false},
			{"and fails again", fails, false, false},
			{"a count is complete, a stream away", shows(false, broken), false, false},
			{"the stream is back", shows(true, nil), false, true},
			{"it breaks", shows(true, broken), true, false},
			{"another breaks", shows(true, errors.New("so did another")), false, false},
			{"it is listed again, in vain", fails, false, false},
			{"it is listed again", shows(false, nil), false, true},
			{"a stream breaks again", shows(true, broken), true, false},
		} {
			time.Sleep(10 * time.Minute)
			s.Find("a").Refresh()
			steps <- step.do
			synctest.Wait()
			switch {
			case step.begins:
				since = time.Now()
			case step.ends:
				since = time.Time{}
			}
			if v := s.Find("a").View(); !v.FailingSince.Equal(since) || v.FailingSince.IsZero() != (v.Err == nil) {
				t.Errorf("%s: failing since %v, want %v; error %v", step.name, v.FailingSince, since, v.Err)
			}
		}
	})
}

// The places of the options are those that all Counters share, but for the quarter that
// is kept for clusters that are known to be quick.
func TestPlacesOfAStore(t *testing.T) {
	for concurrency, want := range map[int]int{1: 2, 2: 2, 4: 3, 16: 12} {
		bubble(t, func(t *testing.T) {
			s, _ := newStore(t, func(o *Options) { o.Concurrency = concurrency })
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			var all sync.WaitGroup
			var places atomic.Int32
			for range 100 {
				all.Go(func() {
					if _, err := s.Gate().Enter(ctx, false, func() {}); err == nil {
						places.Add(1)
					}
				})
			}
			if all.Wait(); int(places.Load()) != want {
				t.Errorf("%d of 100 new clusters were let in with a concurrency of %d, want %d", places.Load(), concurrency, want)
			}
		})
	}
}
