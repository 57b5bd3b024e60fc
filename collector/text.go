package collector

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"

	"github.com/kube-node-manager/pod_count_exporter/collector/store"
)

// WriteText writes what the views show, in Prometheus' text format and under the
// names of the exporter's metrics. It is for a process that counts once: there are
// no counters.
func WriteText(w io.Writer, views []store.View) error {
	views = slices.SortedFunc(slices.Values(views), func(a, b store.View) int { return strings.Compare(a.Cluster, b.Cluster) })
	registry, all := prometheus.NewPedanticRegistry(), newMetrics()
	if err := registry.Register(oneCount{all, views}); err != nil {
		return fmt.Errorf("registering the metrics: %w", err)
	}
	gathered, err := registry.Gather()
	if err != nil {
		return fmt.Errorf("gathering the metrics: %w", err)
	}
	return writeFamilies(w, expfmt.FmtText, gathered, all.nodes, views, nil)
}

// oneCount is the prometheus.Collector of views alone.
type oneCount struct {
	families *metrics
	views    []store.View
}

// Describe sends every description that Collect may use.
func (s oneCount) Describe(ch chan<- *prometheus.Desc) { s.families.describe(ch) }

// Collect sends the gauges, except for those of the nodes.
func (s oneCount) Collect(ch chan<- prometheus.Metric) {
	for _, v := range s.views {
		own := &clusterMetrics{families: s.families, name: v.Cluster}
		own.health(ch, v)
		if v.Shown() {
			own.snapshot(ch, v.Snapshot)
		}
	}
}
