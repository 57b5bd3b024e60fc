package store

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
)

// fakeClock is a pair of clocks that a test sets.
type fakeClock struct{ now Instant }

func (c *fakeClock) read() Instant { return c.now }

// counted is a cluster whose first count is complete, or has ended with err.
func counted(t *testing.T, clock *fakeClock, err error) *Cluster {
	t.Helper()
	s, _ := newStore(t, func(opts *Options) { opts.Clock = clock.read })
	counter := counting(func(_ context.Context, publish func(*podcount.Snapshot)) error {
		if err == nil {
			publish(snapshotOf(1))
		}
		return err
	})
	s.Set(Target{"a", "1", &counter})
	one := s.Find("a")
	one.Refresh()
	synctest.Wait()
	return one
}

// TestViewByAge has a snapshot age, and says from which moment it is what.
func TestViewByAge(t *testing.T) {
	for _, tt := range []struct {
		name            string
		wall, monotonic time.Duration
		state           State
		age             time.Duration
	}{
		{"just counted", 0, 0, Fresh, 0},
		{"almost of the TTL", DefaultCacheTTL - 1, DefaultCacheTTL - 1, Fresh, DefaultCacheTTL - 1},
		{"of the TTL", DefaultCacheTTL, DefaultCacheTTL, Stale, DefaultCacheTTL},
		{"of the max staleness", DefaultMaxStaleness, DefaultMaxStaleness, Stale, DefaultMaxStaleness},
		{"older", DefaultMaxStaleness + 1, DefaultMaxStaleness + 1, Withdrawn, DefaultMaxStaleness + 1},
		{"the machine was suspended", time.Hour, time.Second, Withdrawn, time.Hour},
		{"the wall clock was set back", -time.Hour, DefaultCacheTTL, Stale, DefaultCacheTTL},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				clock := &fakeClock{Instant{Wall: time.Unix(1000, 0), Monotonic: time.Hour}}
				one := counted(t, clock, nil)
				clock.now = Instant{Wall: clock.now.Wall.Add(tt.wall), Monotonic: clock.now.Monotonic + tt.monotonic}
				v := one.View()
				if v.State != tt.state || v.Age != tt.age || v.Snapshot == nil || v.Cluster != "a" {
					t.Errorf("got %+v, want %s at %s", v, tt.state, tt.age)
				}
				if shown := tt.state != Withdrawn; v.Shown() != shown || v.Success != shown || v.Err != nil {
					t.Errorf("shown %t, success %t, error %v; want %t, %t and none", v.Shown(), v.Success, v.Err, shown, shown)
				}
			})
		})
	}
}

// TestAgeOfAnEarlierCount publishes a count whose pages have been complete for a minute.
func TestAgeOfAnEarlierCount(t *testing.T) {
	bubble(t, func(t *testing.T) {
		clock := &fakeClock{Instant{Wall: time.Unix(1000, 0), Monotonic: time.Hour}}
		one := counted(t, clock, nil)
		for _, update := range []bool{false, true} {
			one.publish(&run{}, &podcount.Snapshot{Update: update, Time: time.Now().Add(-time.Minute)})
			if age := one.View().Age; age != time.Minute {
				t.Errorf("update %t: %s old, want a minute", update, age)
			}
		}
	})
}

// TestViewOfErrors says what errors do to what is shown.
func TestViewOfErrors(t *testing.T) {
	bubble(t, func(t *testing.T) {
		failed, fault := errors.New("it failed"), errors.New("its kubeconfig is wrong")
		clock := &fakeClock{Instant{Wall: time.Unix(1000, 0)}}
		s, _ := newStore(t, nil)
		s.Set(Target{"new", "1", &heir{}})
		interrupted := counted(t, clock, nil)
		interrupted.publish(&run{}, &podcount.Snapshot{Update: true, Interrupted: failed, Time: time.Now()})
		later := counted(t, clock, nil)
		later.err = failed
		unusable := counted(t, clock, nil)
		unusable.replace(Unusable(fault))
		for _, tt := range []struct {
			name  string
			of    *Cluster
			state State
			err   error
		}{
			{"not counted yet", s.Find("new"), Pending, nil},
			{"the first count failed", counted(t, clock, failed), Pending, failed},
			{"a later count failed", later, Fresh, failed},
			{"its events are interrupted", interrupted, Fresh, failed},
			{"its configuration is at fault", unusable, Fresh, fault},
		} {
			v := tt.of.View()
			if v.State != tt.state || !errors.Is(v.Err, tt.err) || v.Success || v.Shown() != (tt.state == Fresh) || (v.Snapshot == nil) != (tt.state == Pending) {
				t.Errorf("%s: got %+v, want %s, %v and no success", tt.name, v, tt.state, tt.err)
			}
		}
	})
}
