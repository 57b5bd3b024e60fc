package store

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
)

// turn is one count of a cluster, or one request for a fresh one.
type turn struct {
	name  string
	rest  time.Duration // before it is asked for
	takes time.Duration // of the count that it begins, if it begins one
	fails error         // of that count
	wait  time.Duration // until the request is answered
	err   error         // of its answer
	begun int32         // counts that have been begun by then
}

// TestCountFresh asks for fresh counts one after the other.
func TestCountFresh(t *testing.T) {
	down := errors.New("the server is down")
	for _, tt := range []struct {
		name  string
		turns []turn
	}{
		{"a count for each", []turn{
			{"first", 0, time.Second, nil, time.Second, nil, 1},
			{"at the end of the interval", 9 * time.Second, 2 * time.Second, nil, 2 * time.Second, nil, 2},
			{"much later", time.Hour, 0, nil, 0, nil, 3},
		}},
		{"shared within the interval", []turn{
			{"first", 0, time.Second, nil, time.Second, nil, 1},
			{"at once", 0, 0, nil, 0, nil, 1},
			{"just within", 9*time.Second - 1, 0, nil, 0, nil, 1},
			{"just after", 1, 3 * time.Second, nil, 3 * time.Second, nil, 2},
		}},
		{"a count that takes longer than the interval", []turn{
			{"first", 0, time.Minute, nil, time.Minute, nil, 1},
			{"the next", 0, time.Second, nil, time.Second, nil, 2},
		}},
		{"failures", []turn{
			{"first", 0, time.Second, down, time.Second, down, 1},
			{"not before the end of the interval", 2 * time.Second, time.Second, down, 8 * time.Second, down, 2},
			{"and it is healed", 20 * time.Second, time.Second, nil, time.Second, nil, 3},
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				var begun atomic.Int32
				var now turn
				counter := counting(func(_ context.Context, publish func(*podcount.Snapshot)) error {
					begun.Add(1)
					snapshot := snapshotOf(1)
					time.Sleep(now.takes)
					if now.fails == nil {
						publish(snapshot)
					}
					return now.fails
				})
				s, _ := newStore(t, nil)
				s.Set(Target{"a", "1", &counter})
				for _, now = range tt.turns {
					time.Sleep(now.rest)
					began := time.Now()
					err := s.Find("a").CountFresh(t.Context())
					if wait := time.Since(began); !errors.Is(err, now.err) || wait != now.wait || begun.Load() != now.begun {
						t.Errorf("%s: %v after %s and %d counts, want %v after %s and %d", now.name, err, wait, begun.Load(), now.err, now.wait, now.begun)
					}
					synctest.Wait()
				}
			})
		})
	}
}

// TestFreshBesideAnEarlierCount is asked for while a count is running that began
// before: neither its snapshot nor its error is the answer.
func TestFreshBesideAnEarlierCount(t *testing.T) {
	down := errors.New("the server is down")
	for _, tt := range []struct {
		name    string
		results []error // of the counts, of five seconds each
		want    error
		counts  int32
	}{
		{"both are complete", []error{nil, nil}, nil, 2},
		{"the earlier one fails", []error{down, nil}, nil, 2},
		{"the later one fails", []error{nil, down}, down, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				var begun atomic.Int32
				counter := counting(func(_ context.Context, publish func(*podcount.Snapshot)) error {
					err, snapshot := tt.results[begun.Add(1)-1], snapshotOf(1)
					time.Sleep(5 * time.Second)
					if err == nil {
						publish(snapshot)
					}
					return err
				})
				s, _ := newStore(t, nil)
				s.Set(Target{"a", "1", &counter})
				s.Warm()
				time.Sleep(time.Second)
				began := time.Now()
				err := s.Find("a").CountFresh(t.Context())
				if wait := time.Since(began); !errors.Is(err, tt.want) || wait != 9*time.Second || begun.Load() != tt.counts {
					t.Errorf("%v after %s and %d counts, want %v after 9s and %d", err, wait, begun.Load(), tt.want, tt.counts)
				}
			})
		})
	}
}

// TestFreshEnds says what else ends the wait for a fresh count.
func TestFreshEnds(t *testing.T) {
	fault := errors.New("its kubeconfig is wrong")
	for _, tt := range []struct {
		name    string
		happens func(s *Store, cancel context.CancelFunc) // done after a second
		wait    time.Duration
		want    error
	}{
		{"the request is cancelled", func(_ *Store, cancel context.CancelFunc) { cancel() }, time.Second, context.Canceled},
		{"its time is over", func(*Store, context.CancelFunc) {}, time.Minute, context.DeadlineExceeded},
		{"the cluster goes", func(s *Store, _ context.CancelFunc) { s.Set() }, time.Second, context.Canceled},
		{"its configuration breaks", func(s *Store, _ context.CancelFunc) { s.Set(Target{"a", "1", Unusable(fault)}) }, time.Second, fault},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				counter := counting(func(ctx context.Context, _ func(*podcount.Snapshot)) error {
					<-ctx.Done()
					return ctx.Err()
				})
				s, _ := newStore(t, nil)
				s.Set(Target{"a", "1", &counter})
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				time.AfterFunc(time.Second, func() { tt.happens(s, cancel) })
				began := time.Now()
				err := s.Find("a").CountFresh(ctx)
				if wait := time.Since(began); !errors.Is(err, tt.want) || wait != tt.wait {
					t.Errorf("%v after %s, want %v after %s", err, wait, tt.want, tt.wait)
				}
			})
		})
	}
}

// TestFreshOfUnusable has the configuration at fault: nothing is begun, and a snapshot
// that is fresh for the request is still an answer.
func TestFreshOfUnusable(t *testing.T) {
	bubble(t, func(t *testing.T) {
		fault := errors.New("its kubeconfig is wrong")
		counter := counting(func(_ context.Context, publish func(*podcount.Snapshot)) error {
			publish(snapshotOf(1))
			return nil
		})
		s, _ := newStore(t, nil)
		s.Set(Target{"a", "1", &counter})
		one := s.Find("a")
		if err := one.CountFresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.Set(Target{"a", "1", Unusable(fault)})
		if err := one.CountFresh(t.Context()); err != nil {
			t.Errorf("within the interval: %v, want the snapshot that there is", err)
		}
		time.Sleep(freshInterval)
		for range 2 { // no count that the second would have to wait for is begun
			began := time.Now()
			var config *ConfigError
			if err := one.CountFresh(t.Context()); !errors.As(err, &config) || !errors.Is(err, fault) || time.Since(began) != 0 {
				t.Errorf("after it: %v after %s, want %v at once", err, time.Since(began), fault)
			}
		}
		one.cancel()
		if err := one.CountFresh(t.Context()); !errors.Is(err, context.Canceled) {
			t.Errorf("of a cluster that is gone: %v, want %v", err, context.Canceled)
		}
	})
}

// audited is a Counter that publishes a snapshot every 30 seconds, and one more when it
// is asked to list the cluster.
type audited struct {
	mode   podcount.Mode
	takes  time.Duration // a list
	asked  chan struct{}
	audits atomic.Int32
}

func (a *audited) Audit() {
	a.audits.Add(1)
	a.asked <- struct{}{}
}

func (a *audited) Count(ctx context.Context, _ podcount.Observer, publish func(*podcount.Snapshot)) error {
	for {
		s := snapshotOf(1)
		s.Mode = a.mode
		publish(s)
		select {
		case <-time.After(30 * time.Second):
		case <-a.asked:
			time.Sleep(a.takes)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// TestFreshHasAFollowedClusterListed asks for fresh counts of a cluster that is
// followed: it is listed at once, but not more often than once in the interval.
func TestFreshHasAFollowedClusterListed(t *testing.T) {
	for _, tt := range []struct {
		name   string
		mode   podcount.Mode
		audits []int32         // after each request
		waits  []time.Duration // of each request, three seconds after the one before
	}{
		{"followed", podcount.ModeWatch, []int32{1, 1, 1, 1, 2}, []time.Duration{0, 0, 0, 0, 0}},
		{"listed", podcount.ModeList, []int32{0, 0}, []time.Duration{29 * time.Second, 27 * time.Second}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				counter := &audited{mode: tt.mode, asked: make(chan struct{}, 1)}
				s, _ := newStore(t, nil)
				s.Set(Target{"a", "1", counter})
				s.Warm()
				time.Sleep(time.Second)
				for i, want := range tt.audits {
					began := time.Now()
					if err := s.Find("a").CountFresh(t.Context()); err != nil {
						t.Fatal(err)
					}
					if wait := time.Since(began); wait != tt.waits[i] || counter.audits.Load() != want {
						t.Errorf("request %d: answered after %s and %d lists, want %s and %d", i, wait, counter.audits.Load(), tt.waits[i], want)
					}
					time.Sleep(3 * time.Second)
				}
			})
		})
	}
}

// TestFreshSharesAList has requests come while the cluster is being listed for an earlier
// one: it is not listed once more for them.
func TestFreshSharesAList(t *testing.T) {
	bubble(t, func(t *testing.T) {
		counter := &audited{mode: podcount.ModeWatch, takes: 5 * time.Second, asked: make(chan struct{}, 10)}
		s, _ := newStore(t, nil)
		s.Set(Target{"a", "1", counter})
		s.Warm()
		time.Sleep(time.Second)
		asked := time.Now()
		var all sync.WaitGroup
		for after := range 4 {
			all.Go(func() {
				time.Sleep(time.Duration(after) * time.Second)
				if err := s.Find("a").CountFresh(t.Context()); err != nil || time.Since(asked) != counter.takes {
					t.Errorf("the request after %d seconds: %v after %s, want the list after %s", after, err, time.Since(asked), counter.takes)
				}
			})
		}
		all.Wait()
		if got := counter.audits.Load(); got != 1 {
			t.Errorf("the cluster was listed %d times, want once", got)
		}
	})
}

// TestFreshEndsBeforeTheNextCount has the cluster go while a request waits until another
// count may begin.
func TestFreshEndsBeforeTheNextCount(t *testing.T) {
	bubble(t, func(t *testing.T) {
		down := errors.New("the server is down")
		counter := counting(func(context.Context, func(*podcount.Snapshot)) error { return down })
		s, _ := newStore(t, nil)
		s.Set(Target{"a", "1", &counter})
		one := s.Find("a")
		if err := one.CountFresh(t.Context()); !errors.Is(err, down) {
			t.Errorf("the first: %v, want %v", err, down)
		}
		synctest.Wait()
		time.AfterFunc(time.Second, func() { s.Set() })
		began := time.Now()
		if err := one.CountFresh(t.Context()); !errors.Is(err, context.Canceled) || time.Since(began) != time.Second {
			t.Errorf("the second: %v after %s, want %v after 1s", err, time.Since(began), context.Canceled)
		}
	})
}
