package collector

import (
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
)

// The results of audits, as a label.
const (
	auditEqual     = "equal"
	auditDifferent = "different"
	auditUnknown   = "unknown"
)

// watchMetrics are the series of one cluster in watch mode.
type watchMetrics struct {
	events      map[podcount.EventType]prometheus.Counter
	restarts    map[podcount.WatchEnd]prometheus.Counter
	audits      map[string]prometheus.Counter
	bound, left prometheus.Counter

	mu                      sync.Mutex // a scrape reads what the streams write
	drift                   int
	lastEvent, lastBookmark time.Time
}

func (m *metrics) forWatch(name string) *watchMetrics {
	own := &watchMetrics{
		events: make(map[podcount.EventType]prometheus.Counter), restarts: make(map[podcount.WatchEnd]prometheus.Counter),
		audits: make(map[string]prometheus.Counter),
		bound:  m.bound.of(name), left: m.left.of(name),
	}
	for _, kind := range podcount.EventTypes() {
		own.events[kind] = m.watchEvents.of(name, strings.ToLower(string(kind)))
	}
	for _, reason := range podcount.WatchEnds() {
		own.restarts[reason] = m.watchRestarts.of(name, string(reason))
	}
	for _, result := range []string{auditEqual, auditDifferent, auditUnknown} {
		own.audits[result] = m.watchAudits.of(name, result)
	}
	return own
}

// event counts one event.
func (w *watchMetrics) event(e podcount.Event) {
	w.events[e.Type].Inc()
	if e.Bound {
		w.bound.Inc()
	}
	if e.Left {
		w.left.Inc()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if e.Type == podcount.EventBookmark {
		w.lastBookmark = e.Time
	} else {
		w.lastEvent = e.Time
	}
}

// audited counts one audit, and keeps its difference until another has compared: only
// that shows whether the new start has helped. Until then scrapes have time to see it.
func (w *watchMetrics) audited(a *podcount.Audit) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case a.Err != nil:
		w.audits[auditUnknown].Inc()
		return
	case len(a.Differences) > 0:
		w.audits[auditDifferent].Inc()
	default:
		w.audits[auditEqual].Inc()
	}
	w.drift = a.Drift()
}

// collect sends the series.
func (w *watchMetrics) collect(ch chan<- prometheus.Metric, c *clusterMetrics) {
	for _, events := range w.events {
		ch <- events
	}
	for _, restarts := range w.restarts {
		ch <- restarts
	}
	for _, audits := range w.audits {
		ch <- audits
	}
	ch <- w.bound
	ch <- w.left
	w.mu.Lock()
	defer w.mu.Unlock()
	c.gauge(ch, c.families.watchDrift, float64(w.drift))
	c.gauge(ch, c.families.lastEvent, unixSeconds(w.lastEvent))
	c.gauge(ch, c.families.lastBookmark, unixSeconds(w.lastBookmark))
}

// unixSeconds returns 0 for the zero time.
func unixSeconds(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMilli()) / 1000
}
