package store

import (
	"testing"
	"time"
)

func TestBackoffJitter(t *testing.T) {
	for failures := 1; failures < 100; failures++ {
		whole, least := pauseAfter(failures, time.Hour, 0), pauseAfter(failures, time.Hour, 0.999)
		if whole > time.Minute || least >= whole || float64(least) < 0.79*float64(whole) {
			t.Errorf("after %d failures the pause is from %s to %s", failures, least, whole)
		}
	}
}

func TestPauseAfter(t *testing.T) {
	for _, tt := range []struct {
		name     string
		failures int
		ttl      time.Duration
		jitter   float64
		want     time.Duration
	}{
		{"first", 1, time.Hour, 0, 5 * time.Second},
		{"second", 2, time.Hour, 0, 10 * time.Second},
		{"third", 3, time.Hour, 0, 20 * time.Second},
		{"fourth", 4, time.Hour, 0, 40 * time.Second},
		{"the longest", 5, time.Hour, 0, time.Minute},
		{"no longer than that", 6, time.Hour, 0, time.Minute},
		{"after a thousand", 1000, time.Hour, 0, time.Minute},
		{"no longer than the cache TTL", 3, 15 * time.Second, 0, 15 * time.Second},
		{"a short cache TTL", 1, time.Second, 0, time.Second},
		{"half the jitter", 1, time.Hour, 0.5, 4500 * time.Millisecond},
		{"half the jitter of the longest", 9, time.Hour, 0.5, 54 * time.Second},
		{"half the jitter of a cache TTL", 9, 30 * time.Second, 0.5, 27 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := pauseAfter(tt.failures, tt.ttl, tt.jitter); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}
