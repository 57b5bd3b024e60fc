package collector

import (
	"sync"
	"time"
)

const (
	// presumed is the time to encode one series of a large exposition on a slow core.
	// It is used until one has been measured.
	presumed = 4 * time.Microsecond
	// Up to fewSeries, encoding takes no noticeable time.
	fewSeries = 10_000
	// remembered is how much of the longest time still counts at the next encoding,
	// so that a single slow one is forgotten.
	remembered = 0.9
	// leastWait is the part of a scrape's time that is spent waiting for counts,
	// however long encoding takes.
	leastWait = 0.1
)

// reserve is the part of a scrape's time that is kept back from waiting for counts,
// so that what it shows can be encoded in time.
type reserve struct {
	mu     sync.Mutex
	series float64 // nanoseconds for each, in the slowest recent encoding of many
	queue  float64 // nanoseconds, of the longest recent wait for others to be encoded
}

// note records how long an answer of that many series waited for its turn, and took.
func (r *reserve) note(series int, waited, took time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.queue = max(float64(waited), remembered*r.queue)
	r.series = max(float64(took)/float64(max(series, fewSeries)), remembered*r.series)
}

// wait returns how much of limit a scrape of that many series may wait for counts.
func (r *reserve) wait(limit time.Duration, series int) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	kept := time.Duration(r.series * float64(max(series, fewSeries)))
	kept = max(kept, presumed*time.Duration(max(0, series-fewSeries))) + time.Duration(r.queue)
	return max(limit-kept, time.Duration(leastWait*float64(limit)))
}
