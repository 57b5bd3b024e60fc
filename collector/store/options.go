package store

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// Defaults of Options.
const (
	DefaultCacheTTL     = 5 * time.Minute
	DefaultMaxStaleness = 30 * time.Minute
	DefaultConcurrency  = 10
)

// Options say how long snapshots serve, and how much is counted at once. Start
// from DefaultOptions.
type Options struct {
	CacheTTL     time.Duration // a snapshot older than this is counted again
	MaxStaleness time.Duration // a snapshot older than this is withdrawn
	Concurrency  int           // answers that are read at once, not counting slow ones; requests that wait for an answer are not limited

	// Jitter draws from [0, 1) to spread the counts of many clusters over time.
	Jitter func() float64
	// Clock gives the time by which snapshots age.
	Clock func() Instant
}

// DefaultOptions returns the options that the flags default to.
func DefaultOptions() Options {
	return Options{
		CacheTTL:     DefaultCacheTTL,
		MaxStaleness: DefaultMaxStaleness,
		Concurrency:  DefaultConcurrency,
		Jitter:       rand.Float64,
		Clock:        NewClock(),
	}
}

// Validate returns an error that begins with the first option that cannot work and its value.
func (o Options) Validate() error {
	switch {
	case o.CacheTTL <= 0:
		return fmt.Errorf("CacheTTL=%s: must be positive", o.CacheTTL)
	case o.MaxStaleness < o.CacheTTL:
		return fmt.Errorf("MaxStaleness=%s: must be at least CacheTTL, which is %s", o.MaxStaleness, o.CacheTTL)
	case o.Concurrency < 1:
		return fmt.Errorf("Concurrency=%d: must be at least 1", o.Concurrency)
	case o.Jitter == nil:
		return errors.New("Jitter: must be set")
	case o.Clock == nil:
		return errors.New("Clock: must be set")
	}
	return nil
}
