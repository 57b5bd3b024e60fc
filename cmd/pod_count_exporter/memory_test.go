package main

import (
	"math"
	"runtime/debug"
	"testing"
)

func TestLimitGarbage(t *testing.T) {
	for name, c := range map[string]struct {
		limit int64
		gogc  string
		want  int
	}{
		"GOMEMLIMIT":          {128 << 20, "", gcPercent},
		"GOMEMLIMIT and GOGC": {128 << 20, "80", 100},
		"neither":             {math.MaxInt64, "", 100},
	} {
		t.Run(name, func(t *testing.T) {
			limit := debug.SetMemoryLimit(c.limit)
			defer debug.SetMemoryLimit(limit)
			before := debug.SetGCPercent(100)
			defer debug.SetGCPercent(before)
			t.Setenv("GOGC", c.gogc)
			limitGarbage()
			if got := debug.SetGCPercent(100); got != c.want {
				t.Errorf("the heap may grow by %d %%, want %d", got, c.want)
			}
		})
	}
}
