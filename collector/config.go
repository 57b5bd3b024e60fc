package collector

import (
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// configState is the outcome of the latest reading of the configuration.
type configState struct {
	mu   sync.Mutex
	ok   bool
	good time.Time // when it last was read without an error; zero if never
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

// look returns the time as Unix seconds.
func (s *configState) look() (ok bool, good float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.good.IsZero() {
		good = float64(s.good.UnixMilli()) / 1000
	}
	return s.ok, good
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
	ok, good := c.collector.config.look()
	send := func(desc *prometheus.Desc, value float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, labels...)
	}
	send(m.configSuccess, truth(ok))
	send(m.configTime, good)
	send(m.shardInfo, 1, strconv.Itoa(opts.Shard), strconv.Itoa(opts.Shards))
}
