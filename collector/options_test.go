package collector

import (
	"strings"
	"testing"
	"time"
)

func TestOptionsValidate(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Options)
		names  string // what the error must name; empty: no error
	}{
		{"defaults", func(*Options) {}, ""},
		{"no TTL", func(o *Options) { o.CacheTTL = 0 }, "CacheTTL=0s: "},
		{"staleness below TTL", func(o *Options) { o.MaxStaleness = time.Minute }, "MaxStaleness=1m0s: must be at least CacheTTL, which is 5m0s"},
		{"negative offset", func(o *Options) { o.TimeoutOffset = -1 }, "TimeoutOffset=-1ns: "},
		{"an offset that leaves no time", func(o *Options) { o.TimeoutOffset = time.Minute }, "leaves no time"},
		{"negative requests", func(o *Options) { o.MaxRequests = -1 }, "MaxRequests=-1: "},
		{"no such shard", func(o *Options) { o.Shard = 1 }, "Shard=1: must be from 0 to 0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			opts := DefaultOptions()
			c.change(&opts)
			err := opts.Validate()
			if (err == nil) != (c.names == "") || err != nil && !strings.Contains(err.Error(), c.names) {
				t.Errorf("got %v, want an error with %q", err, c.names)
			}
		})
	}
}
