package store

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
)

// insistent is a Counter that wants to count again at some time after each count.
type insistent struct {
	after  time.Duration // 0: not
	takes  time.Duration
	began  time.Time
	counts []time.Duration
	again  time.Time
}

func (i *insistent) Count(ctx context.Context, _ podcount.Observer, publish func(*podcount.Snapshot)) error {
	i.counts = append(i.counts, time.Since(i.began))
	if i.again = time.Now().Add(i.after); i.after == 0 {
		i.again = time.Time{}
	}
	select {
	case <-time.After(i.takes):
		publish(snapshotOf(1))
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (i *insistent) Again() time.Time { return i.again }

// TestCountAgain has a Counter that wants to count again before the snapshot's TTL ends.
func TestCountAgain(t *testing.T) {
	const minute = time.Minute
	for _, tt := range []struct {
		name         string
		after, takes time.Duration
		want         []time.Duration
	}{
		{"in ten minutes", 10 * minute, 0, []time.Duration{0, 10 * minute, 20 * minute, 30 * minute}},
		{"after counts that take time", 10 * minute, 4 * minute, []time.Duration{0, 10 * minute, 20 * minute, 30 * minute}},
		{"after counts that take longer", 10 * minute, 14 * minute, []time.Duration{0, 14 * minute, 28 * minute}},
		{"not", 0, 0, []time.Duration{0}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s, _ := newStore(t, func(o *Options) { o.CacheTTL, o.MaxStaleness = 2*time.Hour, 3*time.Hour })
				counter := &insistent{after: tt.after, takes: tt.takes, began: time.Now()}
				s.Set(Target{Name: "a", Counter: counter})
				s.Warm()
				time.Sleep(35 * minute)
				synctest.Wait()
				for i, at := range counter.counts {
					counter.counts[i] = at.Truncate(time.Second) // no timer is of nothing
				}
				if !slices.Equal(counter.counts, tt.want) {
					t.Errorf("counts after %v, want %v", counter.counts, tt.want)
				}
			})
		})
	}
}

// TestCountAgainEndsWithItsCluster removes the cluster after a count and amid one:
// nothing holds it until the next would be due.
func TestCountAgainEndsWithItsCluster(t *testing.T) {
	for _, takes := range []time.Duration{0, time.Minute} {
		bubble(t, func(t *testing.T) {
			s, _ := newStore(t, nil)
			counter := &insistent{after: time.Hour, takes: takes, began: time.Now()}
			s.Set(Target{Name: "a", Counter: counter})
			s.Warm()
			synctest.Wait()
			removed := s.Find("a")
			if waits := removed.again != nil; waits != (takes == 0) {
				t.Errorf("waits for the next count: %t", waits)
			}
			s.Set()
			synctest.Wait()
			if removed.again != nil && removed.again.Stop() {
				t.Errorf("counts of %s: a timer holds the cluster that was removed", takes)
			}
		})
	}
}
