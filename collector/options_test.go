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
		{"no TTL", func(o *Options) { o.CacheTTL = 0 }, "cache TTL"},
		{"staleness below TTL", func(o *Options) { o.MaxStaleness = time.Minute }, "max staleness"},
		{"negative offset", func(o *Options) { o.TimeoutOffset = -1 }, "timeout offset"},
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
