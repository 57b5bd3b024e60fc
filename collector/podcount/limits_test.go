package podcount

import (
	"strings"
	"testing"
	"time"
)

// TestConfigsAtTheirLimits has fields that are just good enough, and just not.
func TestConfigsAtTheirLimits(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*Config, *WatchConfig)
		says   string // of the error; none when empty
	}{
		"one row":          {func(c *Config, _ *WatchConfig) { c.PageSize = 1 }, ""},
		"no rows":          {func(c *Config, _ *WatchConfig) { c.PageSize = 0 }, "PageSize=0: "},
		"one size":         {func(c *Config, _ *WatchConfig) { c.MaxPageSize = c.PageSize }, ""},
		"sizes turned":     {func(c *Config, _ *WatchConfig) { c.MaxPageSize = c.PageSize - 1 }, "MaxPageSize=499: "},
		"a short deadline": {func(c *Config, _ *WatchConfig) { c.PageTimeout = 1 }, ""},
		"no deadline":      {func(c *Config, _ *WatchConfig) { c.PageTimeout = 0 }, "PageTimeout=0s: "},
		"one attempt":      {func(c *Config, _ *WatchConfig) { c.PageAttempts = 1 }, ""},
		"no attempts":      {func(c *Config, _ *WatchConfig) { c.PageAttempts = 0 }, "PageAttempts=0: "},
		"no audits":        {func(_ *Config, c *WatchConfig) { c.AuditInterval = 0 }, ""},
		"audits before":    {func(_ *Config, c *WatchConfig) { c.AuditInterval = -time.Second }, "AuditInterval=-1s: "},
		"many lists":       {func(_ *Config, c *WatchConfig) { c.NodesInterval = 1 }, ""},
		"lists all along":  {func(_ *Config, c *WatchConfig) { c.NodesInterval = 0 }, "NodesInterval=0s: "},
	} {
		t.Run(name, func(t *testing.T) {
			cfg, watch := DefaultConfig(), DefaultWatchConfig()
			tt.change(&cfg, &watch)
			said := ""
			for _, err := range []error{cfg.Validate(), watch.Validate()} {
				if err != nil {
					said += err.Error()
				}
			}
			if (said == "") != (tt.says == "") || !strings.HasPrefix(said, tt.says) {
				t.Errorf("got %q, want it to begin with %q", said, tt.says)
			}
		})
	}
}
