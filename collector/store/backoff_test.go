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
