package collector

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// Defaults of Options.
const (
	DefaultCacheTTL      = 5 * time.Minute
	DefaultMaxStaleness  = 30 * time.Minute
	DefaultTimeoutOffset = 500 * time.Millisecond
	DefaultConcurrency   = 10
	DefaultMaxRequests   = 40 // as node_exporter's
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
	Concurrency   int           // answers of API servers that are read at once, beside slow ones
	MaxRequests   int           // answers that are encoded and sent at once; 0 is no limit
	Shard         int           // of Shards, from 0; for pod_count_shard_info
	Shards        int           // replicas that share the clusters; 1 without sharding

	// Jitter draws from [0, 1) to spread the counts of many clusters over time.
	Jitter func() float64
	// Clock gives the time by which snapshots age.
	Clock func() Instant
}

// DefaultOptions returns the options that the flags default to.
func DefaultOptions() Options {
	return Options{
		CacheTTL:      DefaultCacheTTL,
		MaxStaleness:  DefaultMaxStaleness,
		TimeoutOffset: DefaultTimeoutOffset,
		Concurrency:   DefaultConcurrency,
		MaxRequests:   DefaultMaxRequests,
		Shards:        1,
		Jitter:        rand.Float64,
		Clock:         NewClock(),
	}
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
	case o.Concurrency < 1:
		return fmt.Errorf("concurrency must be at least 1, is %d", o.Concurrency)
	case o.MaxRequests < 0:
		return fmt.Errorf("max requests must not be negative, is %d", o.MaxRequests)
	case o.Shard < 0 || o.Shard >= o.Shards:
		return fmt.Errorf("shard must be from 0 to %d, is %d", o.Shards-1, o.Shard)
	case o.Jitter == nil:
		return errors.New("there is no jitter")
	case o.Clock == nil:
		return errors.New("there is no clock")
	}
	return nil
}
