package store

import (
	"testing"
	"time"
)

func TestOptionsValidate(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*Options)
		want   string // empty: they are valid
	}{
		{"the defaults", func(*Options) {}, ""},
		{"shortest cache TTL", func(o *Options) { o.CacheTTL = 1 }, ""},
		{"no cache TTL", func(o *Options) { o.CacheTTL = 0 }, "CacheTTL=0s: must be positive"},
		{"negative cache TTL", func(o *Options) { o.CacheTTL = -time.Second }, "CacheTTL=-1s: must be positive"},
		{"staleness of the cache TTL", func(o *Options) { o.MaxStaleness = o.CacheTTL }, ""},
		{"less staleness", func(o *Options) { o.MaxStaleness = o.CacheTTL - 1 }, "MaxStaleness=4m59.999999999s: must be at least CacheTTL, which is 5m0s"},
		{"one at once", func(o *Options) { o.Concurrency = 1 }, ""},
		{"none at once", func(o *Options) { o.Concurrency = 0 }, "Concurrency=0: must be at least 1"},
		{"no jitter", func(o *Options) { o.Jitter = nil }, "Jitter: must be set"},
		{"no clock", func(o *Options) { o.Clock = nil }, "Clock: must be set"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			opts := DefaultOptions()
			tt.change(&opts)
			got := ""
			if err := opts.Validate(); err != nil {
				got = err.Error()
			}
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
