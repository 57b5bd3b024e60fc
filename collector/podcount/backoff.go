package podcount

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The waits between the attempts at one page. The attempts are made in nextPage.
const (
	firstBackoff  = 250 * time.Millisecond
	longestWait   = 30 * time.Second // of a backoff
	maxRetryAfter = time.Minute      // of what a server asks for
)

// backoff is the wait before the next attempt: full jitter below a limit that
// doubles with every failed attempt, and never less than the server asks for.
func backoff(attempt int, asked time.Duration, jitter float64) time.Duration {
	limit := min(longestWait, firstBackoff<<min(attempt-1, 16))
	return max(time.Duration(jitter*float64(limit)), asked)
}

// retryAfter reads a Retry-After header: seconds or a date (RFC 9110, section
// 10.2.3), at most maxRetryAfter. One that cannot be read is ignored.
func retryAfter(header string, now time.Time) time.Duration {
	if header != "" && strings.Trim(header, "0123456789") == "" {
		seconds, _ := strconv.Atoi(header) // for a number that overflows int, Atoi returns the largest
		return time.Duration(min(seconds, int(maxRetryAfter/time.Second))) * time.Second
	}
	date, _ := http.ParseTime(header) // otherwise a time that is long past
	return min(max(0, date.Sub(now)), maxRetryAfter)
}

// sleep waits, or ends early with the context's error.
func sleep(ctx context.Context, wait time.Duration) error {
	if wait > 0 { // Go 1.26 can crash at a timer of nothing, in a synctest bubble with the race detector
		select {
		case <-time.After(wait):
		case <-ctx.Done():
		}
	}
	return ctx.Err()
}

// Age returns how long before now it was, by the clock that has advanced further: the
// monotonic one stands still while the machine is suspended, and the wall clock can be
// set back. The zero time is older than anything.
func Age(it, now time.Time) time.Duration {
	return max(now.Sub(it), now.Round(0).Sub(it.Round(0)))
}
