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
	TimeoutOffset time.Duration // taken off the scrape's own timeout, for the way back
	MaxRequests   int           // answers that are encoded and sent at once; 0 is no limit
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

// Validate names the first option that cannot work, and its value.
func (o Options) Validate() error {
	switch {
	case o.TimeoutOffset < 0:
		return fmt.Errorf("timeout offset must not be negative, is %s", o.TimeoutOffset)
	case o.MaxRequests < 0:
		return fmt.Errorf("max requests must not be negative, is %d", o.MaxRequests)
	case o.Shard < 0 || o.Shard >= o.Shards:
		return fmt.Errorf("shard must be from 0 to %d, is %d", o.Shards-1, o.Shard)
	}
	return o.Options.Validate()
}
