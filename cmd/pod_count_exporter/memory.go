package main

import (
	"math"
	"os"
	"runtime/debug"
)

// gcPercent is how much the heap may grow between two collections, in percent of what
// lives, where GOMEMLIMIT is set. Go's own value is 100.
const gcPercent = 25

// memoryLimit is GOMEMLIMIT in bytes, or math.MaxInt64 when it is not set.
func memoryLimit() int64 {
	return debug.SetMemoryLimit(-1) // which only reads it
}

// spareMemory keeps the process well below GOMEMLIMIT, and returns that. Go alone would
// not: beside hundreds of hostile clusters, garbage and freed memory fill it up, and the
// program itself, some 20 MiB, comes on top of it. So Go works harder to return memory
// from two thirds of the limit on. It is too soft a limit to stop anything.
func spareMemory() int64 {
	limit := memoryLimit()
	if limit == math.MaxInt64 {
		return limit
	}
	debug.SetMemoryLimit(limit / 3 * 2)
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	return limit
}
