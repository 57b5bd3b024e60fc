package collector

import (
	"sync"
	"time"
)

const (
	// presumed is what a series of a large exposition takes to encode before any
	// was measured, on a slow core.
	presumed = 4 * time.Microsecond
	// fewSeries take no time to speak of beside what every answer takes.
	fewSeries = 10_000
	// remembered is the part of the longest time that the next encoding leaves of
	// it, so that a single hindrance is forgotten.
	remembered = 0.9
	// leastWait is the part of a scrape's time that is spent waiting for counts
	// whatever encoding takes.
	leastWait = 0.1
)

// reserve is the time that scrapes keep back from waiting, so that there is
// enough left to encode what they show.
type reserve struct {
	mu     sync.Mutex
	series float64 // nanoseconds that one of many took at the slowest of late
}

// note learns from an answer of so many series.
func (r *reserve) note(series int, took time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.series = max(float64(took)/float64(max(series, fewSeries)), remembered*r.series)
}

// wait is how much of limit a scrape of so many series may wait for counts.
func (r *reserve) wait(limit time.Duration, series int) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	kept := time.Duration(r.series * float64(max(series, fewSeries)))
	kept = max(kept, presumed*time.Duration(max(0, series-fewSeries)))
	return max(limit-kept, time.Duration(leastWait*float64(limit)))
}
