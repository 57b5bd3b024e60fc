package collector

import (
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// configState is the outcome of the latest reading of the configuration.
type configState struct {
	mu      sync.Mutex
	ok      bool
	good    time.Time // when it last was read without an error; zero if never
	invalid int       // contexts that cannot be used
}

// Reloaded notes whether the configuration could be read, for the metrics.
func (c *Collector) Reloaded(ok bool) {
	c.config.mu.Lock()
	defer c.config.mu.Unlock()
	c.config.ok = ok
	if ok {
		c.config.good = time.Now()
	}
}

// SetInvalidContexts notes how many contexts were asked for and cannot be used,
// for the metrics.
func (c *Collector) SetInvalidContexts(n int) {
	c.config.mu.Lock()
	defer c.config.mu.Unlock()
	c.config.invalid = n
}

// current returns the time as Unix seconds.
func (s *configState) current() (ok bool, good float64, invalid int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.good.IsZero() {
		good = float64(s.good.UnixMilli()) / 1000
	}
	return s.ok, good, s.invalid
}

// configMetrics are the series that belong to no cluster.
type configMetrics struct{ collector *Collector }

// Describe sends their descriptions.
func (c configMetrics) Describe(ch chan<- *prometheus.Desc) {
	c.collector.metrics.describeProcess(ch)
}

// Collect sends them.
func (c configMetrics) Collect(ch chan<- prometheus.Metric) {
	m, opts := c.collector.metrics, c.collector.opts
	ok, good, invalid := c.collector.config.current()
	send := func(desc *prometheus.Desc, value float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, labels...)
	}
	send(m.configSuccess, boolValue(ok))
	send(m.configTime, good)
	send(m.configInvalid, float64(invalid))
	send(m.clusters, float64(len(c.collector.Store.Clusters())))
	send(m.cacheTTL, opts.CacheTTL.Seconds())
	send(m.maxStaleness, opts.MaxStaleness.Seconds())
	send(m.shardInfo, 1, strconv.Itoa(opts.Shard), strconv.Itoa(opts.Shards))
}
