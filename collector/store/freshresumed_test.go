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

// suspending is a Counter whose counts go on, in a second, with the one before, if that
// has failed. A whole one takes four.
type suspending struct {
	errs    []error // of the counts, one after the other; nil of all others
	counts  atomic.Int32
	started time.Time // of the count that was set aside
}

func (s *suspending) Count(_ context.Context, _ podcount.Observer, publish func(*podcount.Snapshot)) error {
	takes, at := time.Second, int(s.counts.Add(1))-1
	if s.started.IsZero() {
		takes, s.started = 4*time.Second, time.Now()
	}
	time.Sleep(takes)
	if at < len(s.errs) && s.errs[at] != nil {
		return s.errs[at]
	}
	snapshot := snapshotOf(1)
	snapshot.Started, s.started = s.started, time.Time{}
	publish(snapshot)
	return nil
}

// TestFreshAfterACountThatWasSetAside is asked for after a count has failed. The next one
// goes on with it, and so is not fresh: a whole one follows at once, and is shared within
// ten seconds as others are.
func TestFreshAfterACountThatWasSetAside(t *testing.T) {
	down := errors.New("the server is down")
	type request struct {
		after, wait time.Duration // since the first request, and until the answer
		err         error
		counts      int32 // until then
	}
	for _, tt := range []struct {
		name     string
		errs     []error
		requests []request
	}{
		{"it is healed", []error{down}, []request{{0, 5 * time.Second, nil, 3}}},
		{"requests while it goes on, and after", []error{down}, []request{
			{0, 5 * time.Second, nil, 3},
			{time.Second / 2, 4500 * time.Millisecond, nil, 3},
			{2 * time.Second, 3 * time.Second, nil, 3},
			{11*time.Second - 1, 0, nil, 3},
			{11 * time.Second, 4 * time.Second, nil, 4},
		}},
		{"it is not healed", []error{down, down, down}, []request{
			{0, time.Second, down, 2},
			{5 * time.Second, 6 * time.Second, down, 3},
			{15 * time.Second, 10 * time.Second, nil, 5},
		}},
		{"it fails again after that", []error{down, nil, down}, []request{
			{0, 5 * time.Second, down, 3},
			{6 * time.Second, 6 * time.Second, nil, 4}, // of the count of five seconds before, which goes on
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				counter := &suspending{errs: tt.errs}
				s, _ := newStore(t, nil)
				s.Set(Target{"a", "1", counter})
				s.Warm()
				time.Sleep(time.Minute)
				var all sync.WaitGroup
				for _, r := range tt.requests {
					all.Go(func() {
						time.Sleep(r.after)
						asked := time.Now()
						err := s.Find("a").CountFresh(t.Context())
						if wait := time.Since(asked); !errors.Is(err, r.err) || wait != r.wait || counter.counts.Load() != r.counts {
							t.Errorf("after %s: %v after %s and %d counts, want %v after %s and %d", r.after, err, wait, counter.counts.Load(), r.err, r.wait, r.counts)
						}
					})
				}
				all.Wait()
				synctest.Wait()
			})
		})
	}
}

// restarting is a Counter that fails, then goes on with that count and follows the cluster,
// and lists it when it is asked to.
type restarting struct {
	*audited
	started time.Time
}

func (f *restarting) Count(ctx context.Context, _ podcount.Observer, publish func(*podcount.Snapshot)) error {
	if f.started.IsZero() {
		f.started = time.Now()
		return errors.New("the server is down")
	}
	s := snapshotOf(1)
	s.Started, s.Mode = f.started, f.mode
	for {
		publish(s)
		select {
		case <-f.asked:
			s = snapshotOf(1)
			s.Mode = f.mode
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// TestFreshAfterAStartThatWasSetAside has the start of a cluster that is followed go on: it
// is listed at once.
func TestFreshAfterAStartThatWasSetAside(t *testing.T) {
	bubble(t, func(t *testing.T) {
		counter := &restarting{audited: &audited{mode: podcount.ModeWatch, asked: make(chan struct{}, 1)}}
		s, _ := newStore(t, nil)
		s.Set(Target{"a", "1", counter})
		s.Warm()
		time.Sleep(time.Minute)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		asked := time.Now()
		if err := s.Find("a").CountFresh(ctx); err != nil || time.Since(asked) != 0 || counter.audits.Load() != 1 {
			t.Errorf("%v after %s and %d lists, want none at once and one", err, time.Since(asked), counter.audits.Load())
		}
	})
}
