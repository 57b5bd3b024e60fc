package collector

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
	"github.com/kube-node-manager/pod_count_exporter/collector/store"
)

// collect sends all series of the cluster.
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
	c.health(ch, v)
	if v.Shown() {
		c.nodes(ch, v.Snapshot)
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

func (c *clusterMetrics) nodes(ch chan<- prometheus.Metric, snapshot *podcount.Snapshot) {
	for _, node := range snapshot.Nodes {
		c.gauge(ch, c.families.activePods, float64(node.ActivePods), node.Name)
		if node.HasAllocatable {
			c.gauge(ch, c.families.allocatablePods, float64(node.AllocatablePods), node.Name)
		}
	}
	if !snapshot.Selected {
		c.gauge(ch, c.families.unscheduledPods, float64(snapshot.UnscheduledPods))
		c.gauge(ch, c.families.unknownNodePods, float64(snapshot.UnknownNodePods))
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
