package main

import (
	"math"
	"os"
	"runtime/debug"
)

// gcPercent is how much the heap may grow between two collections, in percent of what
// lives, where GOMEMLIMIT is set. Go's own value is 100: beside hundreds of hostile
// clusters, the garbage alone then fills the memory up to the limit.
const gcPercent = 50

// memoryLimit is GOMEMLIMIT in bytes, or math.MaxInt64 when it is not set.
func memoryLimit() int64 {
	return debug.SetMemoryLimit(-1) // which only reads it
}

// limitGarbage keeps the process well below GOMEMLIMIT, unless GOGC says how much
// garbage there may be.
func limitGarbage() {
	if memoryLimit() < math.MaxInt64 && os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
}
