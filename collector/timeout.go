package collector

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// timeoutHeader is the header with Prometheus' scrape_timeout, in seconds.
const timeoutHeader = "X-Prometheus-Scrape-Timeout-Seconds"

// longestTimeout bounds what a request can ask for: nobody waits for an hour,
// and the number of nanoseconds must not overflow.
const longestTimeout = time.Hour

// scrapeTimeout reads the header; without one it is DefaultScrapeTimeout.
func scrapeTimeout(header string) (time.Duration, error) {
	if header == "" {
		return DefaultScrapeTimeout, nil
	}
	seconds, err := strconv.ParseFloat(header, 64)
	if err != nil || math.IsNaN(seconds) || math.IsInf(seconds, 0) || seconds <= 0 {
		return 0, fmt.Errorf("header %s must be a positive number of seconds", timeoutHeader)
	}
	return time.Duration(min(seconds, longestTimeout.Seconds()) * float64(time.Second)), nil
}
