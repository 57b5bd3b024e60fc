package collector

import (
	"fmt"
	"time"
)

// Defaults of Options.
const (
	DefaultCacheTTL      = 5 * time.Minute
	DefaultMaxStaleness  = 30 * time.Minute
	DefaultTimeoutOffset = 500 * time.Millisecond
	// DefaultScrapeTimeout is for requests that do not say how long they wait,
	// and is Prometheus' own default (global.scrape_timeout).
	DefaultScrapeTimeout = 10 * time.Second
)

// Options say how long snapshots serve and scrapes wait. Start from
// DefaultOptions.
type Options struct {
	CacheTTL      time.Duration // a snapshot older than this is counted anew
	MaxStaleness  time.Duration // a snapshot older than this is withdrawn
	TimeoutOffset time.Duration // taken off the scrape's own timeout, for the way back
}

// DefaultOptions returns the options that the flags default to.
func DefaultOptions() Options {
	return Options{CacheTTL: DefaultCacheTTL, MaxStaleness: DefaultMaxStaleness, TimeoutOffset: DefaultTimeoutOffset}
}

// Validate names the first option that cannot work, and its value.
func (o Options) Validate() error {
	switch {
	case o.CacheTTL <= 0:
		return fmt.Errorf("cache TTL must be positive, is %s", o.CacheTTL)
	case o.MaxStaleness < o.CacheTTL:
		return fmt.Errorf("max staleness must be at least the cache TTL %s, is %s", o.CacheTTL, o.MaxStaleness)
	case o.TimeoutOffset < 0:
		return fmt.Errorf("timeout offset must not be negative, is %s", o.TimeoutOffset)
	}
	return nil
}
