package podcount

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestPace has a cluster keep a place, and reads how slow it counts as: never slower than
// those that had to leave theirs, or they would all go before it for as long as there are
// any.
func TestPace(t *testing.T) {
	for name, tt := range map[string]struct {
		before, keeps time.Duration
		event, ended  bool
		want          time.Duration
	}{
		"fast":                       {0, time.Second, false, false, time.Second},
		"fast, after a slow one":     {8 * time.Second, time.Second, false, false, 4 * time.Second},
		"slow, alone":                {0, 20 * time.Second, false, false, longestLargeTime},
		"a stream that was cut off":  {0, 8 * time.Minute, true, false, longestLargeTime},
		"had to leave":               {time.Second, 2 * time.Second, false, true, longestLargeTime},
		"at once, after the slowest": {longestLargeTime, 0, false, false, longestLargeTime / 2},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				own := &turn{account: newAccount(NewBudget(128 << 20)), exchange: openExchange(t), event: tt.event}
				own.account.pace = tt.before
				if !own.enter() {
					t.Fatal("there is no place")
				}
				time.Sleep(tt.keeps)
				if tt.ended {
					own.exchange.end(errSlowLarge)
				}
				if own.leave(); own.account.pace != tt.want {
					t.Errorf("pace %s, want %s", own.account.pace, tt.want)
				}
			})
		})
	}
}

// TestWaitingIsNoPace has an event wait for a larger place until it must leave the one that
// it has: others need that, but its cluster is not slow.
func TestWaitingIsNoPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		budget := NewBudget(128 << 20)
		enter := func(event bool) *turn {
			own := &turn{account: newAccount(budget), exchange: openExchange(t), event: event}
			if !own.enter() {
				t.Error("there is no place")
			}
			return own
		}
		for range budget.rooms[1].places {
			large := enter(false)
			go func() {
				for range 8 {
					time.Sleep(stallTime / 2)
					large.progressed()
				}
				large.leave()
			}()
		}
		waits := enter(true)
		for range budget.rooms[0].places - 1 {
			other := enter(true)
			time.AfterFunc(10*stallTime, other.leave)
		}
		go func() { enter(true).leave() }()
		synctest.Wait()
		waits.account.pace = time.Second
		if waits.enter() || waits.account.pace != time.Second {
			t.Errorf("the event that waited has a pace of %s, or a place", waits.account.pace)
		}
		time.Sleep(20 * stallTime)
	})
}
