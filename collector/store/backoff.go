package store

import "time"

// The pause after a failed count doubles with each failure in a row.
const (
	firstPause   = 5 * time.Second
	longestPause = time.Minute
	// pauseSpread is the part of a pause that jitter may take off, so that
	// clusters that failed together do not come back together.
	pauseSpread = 0.2
)

// pauseAfter is how long after the failures-th failed count in a row the next may
// begin. It is never longer than the cache TTL: a cluster that has healed is
// counted as soon as it would be without the failure. jitter is from [0, 1).
func pauseAfter(failures int, ttl time.Duration, jitter float64) time.Duration {
	pause := min(firstPause<<min(failures-1, 16), longestPause, ttl)
	return pause - time.Duration(jitter*pauseSpread*float64(pause))
}
