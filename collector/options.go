package collector

import (
	"fmt"
	"time"

	"github.com/kube-node-manager/pod_count_exporter/collector/store"
)

// Defaults of Options.
const (
	DefaultTimeoutOffset = 500 * time.Millisecond
	DefaultMaxRequests   = 40 // as node_exporter's
	// DefaultScrapeTimeout is for requests that do not say how long they wait,
	// and is Prometheus' own default (global.scrape_timeout).
	DefaultScrapeTimeout = 10 * time.Second
)

// Options say how long snapshots serve and scrapes wait. Start from
// DefaultOptions.
type Options struct {
	store.Options
	TimeoutOffset time.Duration // subtracted from the scrape's own timeout, so that the answer arrives in time
	MaxRequests   int           // answers that are encoded and sent at once; 0 is no limit
	Watch         bool          // clusters are followed by watch, so the series of watch mode exist
	Shard         int           // of Shards, from 0; for pod_count_shard_info
	Shards        int           // replicas that share the clusters; 1 without sharding
}

// DefaultOptions returns the options that the flags default to.
func DefaultOptions() Options {
	return Options{
		Options:       store.DefaultOptions(),
		TimeoutOffset: DefaultTimeoutOffset,
		MaxRequests:   DefaultMaxRequests,
		Shards:        1,
	}
}

// maxTimeoutOffset is longer than any scrape waits.
const maxTimeoutOffset = time.Minute

// Validate returns an error that begins with the first option that cannot work and its value.
func (o Options) Validate() error {
	switch {
	case o.TimeoutOffset < 0:
		return fmt.Errorf("TimeoutOffset=%s: must not be negative", o.TimeoutOffset)
	case o.TimeoutOffset >= maxTimeoutOffset:
		return fmt.Errorf("TimeoutOffset=%s: leaves no time for scrapes, must be under %s", o.TimeoutOffset, maxTimeoutOffset)
	case o.MaxRequests < 0:
		return fmt.Errorf("MaxRequests=%d: must not be negative", o.MaxRequests)
	case o.Shard < 0 || o.Shard >= o.Shards:
		return fmt.Errorf("Shard=%d: must be from 0 to %d", o.Shard, o.Shards-1)
	}
	return o.Options.Validate()
}
