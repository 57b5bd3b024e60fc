package collector

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
	"github.com/kube-node-manager/pod_count_exporter/collector/store"
)

// clusterMetrics are the series of one cluster. All exist from the start, at 0:
// a rate over a counter that appears with its first failure misses it.
type clusterMetrics struct {
	families     *metrics
	name         string
	pages        prometheus.Counter
	pageFailures map[podcount.Reason]prometheus.Counter
	pageDuration prometheus.Observer
	bytes        prometheus.Counter
	duration     prometheus.Observer
	succeeded    prometheus.Counter
	erred        prometheus.Counter
	logs         map[message]prometheus.Counter
	failures     prometheus.Counter
	panics       prometheus.Counter
	watch        *watchMetrics // nil in a process that lists only
}

func (m *metrics) forCluster(name string, watches bool) *clusterMetrics {
	own := &clusterMetrics{
		families:     m,
		name:         name,
		pages:        m.pages.of(name),
		pageFailures: make(map[podcount.Reason]prometheus.Counter),
		pageDuration: m.pageDuration.of(name),
		bytes:        m.bytes.of(name),
		duration:     m.duration.of(name),
		succeeded:    m.requests.of(name, "success"),
		erred:        m.requests.of(name, "error"),
		logs:         make(map[message]prometheus.Counter),
		failures:     m.failures.of(name),
		panics:       m.panics.of(name),
	}
	for _, reason := range podcount.Reasons() {
		own.pageFailures[reason] = m.pageFailures.of(name, string(reason))
	}
	all := messages()
	if watches {
		own.watch, all = m.forWatch(name), append(all, watchMessages()...)
	}
	for _, message := range all {
		own.logs[message] = m.logs.of(name, message.level, message.text)
	}
	return own
}

// page counts one request.
func (c *clusterMetrics) page(page podcount.Page) {
	c.bytes.Add(float64(page.Bytes))
	c.pageDuration.Observe(page.Duration.Seconds())
	if page.Err != nil {
		c.erred.Inc()
		c.pageFailures[page.Err.Reason].Inc()
		return
	}
	c.succeeded.Inc()
	if page.Resource == podcount.Pods {
		c.pages.Inc()
	}
}

// collect sends the series of the cluster, except for those of its nodes.
func (c *clusterMetrics) collect(ch chan<- prometheus.Metric, v store.View) {
	ch <- c.pages
	ch <- c.bytes
	ch <- c.succeeded
	ch <- c.erred
	ch <- c.failures
	ch <- c.panics
	ch <- c.pageDuration.(prometheus.Metric)
	ch <- c.duration.(prometheus.Metric)
	for _, failures := range c.pageFailures {
		ch <- failures
	}
	for _, logged := range c.logs {
		ch <- logged
	}
	if c.watch != nil {
		c.watch.collect(ch, c)
	}
	c.health(ch, v)
	if v.Shown() {
		c.snapshot(ch, v.Snapshot)
	}
}

// health sends what stays when the counts themselves are withdrawn.
func (c *clusterMetrics) health(ch chan<- prometheus.Metric, v store.View) {
	c.gauge(ch, c.families.success, boolValue(v.Success))
	if v.Snapshot == nil {
		c.gauge(ch, c.families.lastSuccess, 0)
		return
	}
	c.gauge(ch, c.families.lastSuccess, float64(v.Snapshot.Time.UnixMilli())/1000)
	c.gauge(ch, c.families.consistent, boolValue(v.Snapshot.Consistent))
	c.gauge(ch, c.families.lastPages, float64(v.Snapshot.Pages))
}

// snapshot sends what is said of a snapshot as a whole. The series of its nodes are
// encoded part by part.
func (c *clusterMetrics) snapshot(ch chan<- prometheus.Metric, snapshot *podcount.Snapshot) {
	if !snapshot.Selected {
		c.gauge(ch, c.families.unscheduledPods, float64(snapshot.UnscheduledPods))
	}
	if snapshot.KnowsUnknownNodes() {
		c.gauge(ch, c.families.unknownNodePods, float64(snapshot.UnknownNodePods))
	}
	if snapshot.Mode != "" {
		c.gauge(ch, c.families.modeInfo, 1, string(snapshot.Mode))
	}
	if snapshot.Source != "" {
		c.gauge(ch, c.families.sourceInfo, 1, string(snapshot.Source))
	}
}

func (c *clusterMetrics) gauge(ch chan<- prometheus.Metric, desc *prometheus.Desc, value float64, labels ...string) {
	ch <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, append([]string{c.name}, labels...)...)
}

func boolValue(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
