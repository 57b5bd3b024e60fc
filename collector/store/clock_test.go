package store

import (
	"testing"
	"time"
)

func TestSince(t *testing.T) {
	earlier := Instant{Wall: time.Unix(1000, 0), Monotonic: time.Hour}
	for _, tt := range []struct {
		name            string
		wall, monotonic time.Duration // by which each clock has advanced
		want            time.Duration
	}{
		{"no time", 0, 0, 0},
		{"both clocks advance", time.Minute, time.Minute, time.Minute},
		{"the machine was suspended", time.Hour, time.Minute, time.Hour},
		{"the wall clock was set back", -time.Hour, time.Minute, time.Minute},
		{"it was set back and the machine suspended", -time.Hour, 0, 0},
		{"a moment of drift", time.Minute - 1, time.Minute, time.Minute},
	} {
		t.Run(tt.name, func(t *testing.T) {
			now := Instant{Wall: earlier.Wall.Add(tt.wall), Monotonic: earlier.Monotonic + tt.monotonic}
			if got := now.since(earlier); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestAgo(t *testing.T) {
	now := Instant{Wall: time.Unix(1000, 0), Monotonic: time.Hour}
	want := Instant{Wall: time.Unix(940, 0), Monotonic: 59 * time.Minute}
	if got := now.ago(time.Minute); got != want || now.since(got) != time.Minute {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestNewClock(t *testing.T) {
	bubble(t, func(t *testing.T) {
		clock := NewClock()
		first := clock()
		time.Sleep(time.Hour)
		second := clock()
		if second.Wall.Sub(first.Wall) != time.Hour || second.Monotonic-first.Monotonic != time.Hour || first.Monotonic != 0 {
			t.Errorf("an hour is from %+v to %+v", first, second)
		}
	})
	if wall := NewClock()().Wall; wall != wall.Round(0) { // == compares Go's monotonic reading too
		t.Errorf("the wall clock's time is %s, with a monotonic reading", wall)
	}
}
