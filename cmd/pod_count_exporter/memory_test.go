package main

import (
	"math"
	"runtime/debug"
	"testing"
)

func TestSpareMemory(t *testing.T) {
	for name, c := range map[string]struct {
		limit     int64
		gogc      string
		want      int64
		wantGrown int
	}{
		"GOMEMLIMIT":          {120 << 20, "", 80 << 20, gcPercent},
		"GOMEMLIMIT and GOGC": {120 << 20, "80", 80 << 20, 100},
		"neither":             {math.MaxInt64, "", math.MaxInt64, 100},
	} {
		t.Run(name, func(t *testing.T) {
			limit := debug.SetMemoryLimit(c.limit)
			defer debug.SetMemoryLimit(limit)
			grown := debug.SetGCPercent(100)
			defer debug.SetGCPercent(grown)
			t.Setenv("GOGC", c.gogc)
			if got := spareMemory(); got != c.limit {
				t.Errorf("the limit is said to be %d bytes, want %d", got, c.limit)
			}
			if got := memoryLimit(); got != c.want {
				t.Errorf("Go's limit is %d bytes, want %d", got, c.want)
			}
			if got := debug.SetGCPercent(100); got != c.wantGrown {
				t.Errorf("the heap may grow by %d %%, want %d", got, c.wantGrown)
			}
		})
	}
}
