package store

import (
	"context"
	"testing"
	"time"
)

func TestUsedUp(t *testing.T) {
	for _, tt := range []struct {
		name       string
		vain, left time.Duration
		want       bool
	}{
		{"nobody has waited", 0, time.Second, false},
		{"nobody has waited, and no time is left", 0, 0, false},
		{"less time", 10 * time.Second, time.Second, true},
		{"as much time", 10 * time.Second, 10 * time.Second, true},
		{"about as much", 10 * time.Second, 10100 * time.Millisecond, true},
		{"more time", 10 * time.Second, 10100*time.Millisecond + 1, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := &Cluster{vain: tt.vain}
			if got := c.usedUp(tt.left); got != tt.want {
				t.Errorf("got %t, want %t", got, tt.want)
			}
		})
	}
}

// TestWaits has scrapes of one cluster, one after the other: the first that waits in
// vain shortens the waits of those after it.
func TestWaits(t *testing.T) {
	const never = 1000 * time.Hour
	bubble(t, func(t *testing.T) {
		c := &Cluster{}
		for _, tt := range []struct {
			name    string
			timeout time.Duration // 0: none
			done    time.Duration // when the count has ended
			cancel  time.Duration // when the client goes
			reset   bool          // a count was complete before
			want    time.Duration
		}{
			{"a count ends in time", 10 * time.Second, 9 * time.Second, never, false, 9 * time.Second},
			{"and the next one too", 10 * time.Second, 8 * time.Second, never, false, 8 * time.Second},
			{"the client goes", 60 * time.Second, never, 20 * time.Second, false, 20 * time.Second},
			{"in vain", 10 * time.Second, never, never, false, 10 * time.Second},
			{"again", 10 * time.Second, never, never, false, shortWait},
			{"with less time", 5 * time.Second, never, never, false, shortWait},
			{"with about as much", 10100 * time.Millisecond, never, never, false, shortWait},
			{"with more than about as much", 10150 * time.Millisecond, never, never, false, 10150 * time.Millisecond},
			{"a count ends within the short wait", 10 * time.Second, 300 * time.Millisecond, never, false, 300 * time.Millisecond},
			{"less time than the short wait", 500 * time.Millisecond, never, never, false, 500 * time.Millisecond},
			{"that shortened no other wait", 10 * time.Second, never, never, false, shortWait},
			{"more time", 15 * time.Second, never, never, false, 15 * time.Second},
			{"again", 15 * time.Second, never, never, false, shortWait},
			{"without a timeout", 0, 40 * time.Second, never, false, 40 * time.Second},
			{"without a timeout, in vain", 0, never, 50 * time.Second, false, 50 * time.Second},
			{"that is noted of none", 30 * time.Second, never, 25 * time.Second, false, 25 * time.Second},
			{"after a complete count", 10 * time.Second, never, never, true, 10 * time.Second},
		} {
			if tt.reset {
				c.vain = 0
			}
			ctx, cancel := context.WithCancel(t.Context())
			if tt.timeout > 0 {
				ctx, cancel = context.WithTimeout(t.Context(), tt.timeout)
			}
			w := newWaiting(ctx, 1)
			w.add(c)
			ends, goes := time.AfterFunc(tt.done, func() { w.heard <- c }), time.AfterFunc(tt.cancel, cancel)
			began := time.Now()
			w.wait(ctx, func(*Cluster) {})
			if got := time.Since(began); got != tt.want {
				t.Errorf("%s: waited %s, want %s", tt.name, got, tt.want)
			}
			ends.Stop()
			goes.Stop()
			cancel()
		}
	})
}
