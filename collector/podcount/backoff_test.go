package podcount

import (
	"context"
	"errors"
	"math"
	"net/http"
	"strconv"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"
)

func TestBackoff(t *testing.T) {
	const almostOne = 1 - 1e-9
	tests := []struct {
		name     string
		attempt  int
		asked    time.Duration
		jitter   float64
		min, max time.Duration
	}{
		{"least jitter", 1, 0, 0, 0, 0},
		{"first", 1, 0, almostOne, 249 * time.Millisecond, 250 * time.Millisecond},
		{"second", 2, 0, almostOne, 499 * time.Millisecond, 500 * time.Millisecond},
		{"fourth, half", 4, 0, 0.5, time.Second, time.Second},
		{"longest", 8, 0, almostOne, 29 * time.Second, 30 * time.Second},
		{"no overflow", 1000, 0, almostOne, 29 * time.Second, 30 * time.Second},
		{"asked for more", 1, 5 * time.Second, almostOne, 5 * time.Second, 5 * time.Second},
		{"asked for less", 5, time.Second, 0.5, 2 * time.Second, 2 * time.Second},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := backoff(test.attempt, test.asked, test.jitter); got < test.min || got > test.max {
				t.Errorf("got %s, want %s to %s", got, test.min, test.max)
			}
		})
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)
	tests := []struct {
		name   string
		header string
		want   time.Duration
	}{
		{"none", "", 0},
		{"seconds", "7", 7 * time.Second},
		{"zero", "0", 0},
		{"leading zeros", "007", 7 * time.Second},
		{"negative", "-7", 0},
		{"longest", "60", time.Minute},
		{"longer", "61", time.Minute},
		{"would overflow a duration", strconv.Itoa(math.MaxInt64), time.Minute},
		{"overflows an integer", "99999999999999999999999", time.Minute},
		{"negative overflow", "-99999999999999999999999", 0},
		{"fraction", "1.5", 0},
		{"unit", "7s", 0},
		{"plus sign", "+7", 0},
		{"garbage", "soon", 0},
		{"garbage after an overflow", "18700000000000000000A", 0},
		{"date", now.Add(20 * time.Second).Format(http.TimeFormat), 20 * time.Second},
		{"date in the past", now.Add(-time.Hour).Format(http.TimeFormat), 0},
		{"date far ahead", now.AddDate(100, 0, 0).Format(http.TimeFormat), time.Minute},
		{"date in year 1", "Mon, 01 Jan 0001 00:00:00 GMT", 0},
		{"RFC 850 date", now.Add(20 * time.Second).Format(time.RFC850), 20 * time.Second},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := retryAfter(test.header, now); got != test.want {
				t.Errorf("%q: got %s, want %s", test.header, got, test.want)
			}
		})
	}
}

func TestSleep(t *testing.T) {
	tests := []struct {
		name   string
		wait   time.Duration
		cancel time.Duration
		took   time.Duration
		err    error
	}{
		{"to its end", time.Second, time.Hour, time.Second, nil},
		{"no wait", 0, time.Hour, 0, nil},
		{"cut short", time.Minute, time.Second, time.Second, context.DeadlineExceeded},
		{"cancelled before", time.Minute, -time.Second, 0, context.DeadlineExceeded},
		{"cancelled before, no wait", 0, -time.Second, 0, context.DeadlineExceeded},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), test.cancel)
				defer cancel()
				start := time.Now()
				if err := sleep(ctx, test.wait); !errors.Is(err, test.err) {
					t.Errorf("got %v, want %v", err, test.err)
				}
				if took := time.Since(start); took != test.took {
					t.Errorf("took %s, want %s", took, test.took)
				}
			})
		})
	}
}

// suspended is a time at which the wall clock has advanced by d more than the monotonic
// one. Package time has no other way to make it: bubbles have no monotonic clock.
func suspended(it time.Time, d time.Duration) time.Time {
	parts := (*struct { // as in time.Time
		wall uint64 // a flag, 33 bits of seconds, and 30 of nanoseconds
		ext  int64
		loc  *time.Location
	})(unsafe.Pointer(&it))
	parts.wall += uint64(d/time.Second) << 30
	return it
}

func TestAge(t *testing.T) {
	it := time.Now()
	soon := it.Add(time.Minute)
	if suspended(soon, time.Hour).Sub(it) != time.Minute || suspended(soon, time.Hour).Round(0).Sub(it.Round(0)) != 61*time.Minute {
		t.Fatal("a time.Time has other parts than it had")
	}
	for name, c := range map[string]struct {
		it, now time.Time
		want    time.Duration
	}{
		"both clocks":                 {it, soon, time.Minute},
		"no time":                     {it, it, 0},
		"the machine was suspended":   {it, suspended(soon, time.Hour), 61 * time.Minute},
		"the wall clock was set back": {it, suspended(soon, -time.Hour), time.Minute},
		"no monotonic reading":        {it.Round(0), soon, time.Minute},
		"never":                       {time.Time{}, it, math.MaxInt64},
	} {
		if got := Age(c.it, c.now); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}
