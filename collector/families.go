package collector

import (
	"iter"
	"slices"

	dto "github.com/prometheus/client_model/go"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
	"github.com/kube-node-manager/pod_count_exporter/collector/store"
)

// nodeFamily is a gauge with a series for each node. Such families are nearly all of an
// exposition, and are encoded part by part: gathered whole, each takes some hundred bytes.
type nodeFamily struct {
	name, help string
	value      func(podcount.Node) (value float64, known bool)
}

// head is the family without its series.
func (f nodeFamily) head() *dto.MetricFamily {
	return &dto.MetricFamily{Name: &f.name, Help: &f.help, Type: dto.MetricType_GAUGE.Enum()}
}

// parts yields the series in the order of the views and of their nodes, which are sorted.
// No part is empty, and each is valid until the next.
func (f nodeFamily) parts(views []store.View) iter.Seq[[]*dto.Metric] {
	return func(yield func([]*dto.Metric) bool) {
		var room part
		for _, v := range views {
			if !v.Shown() {
				continue
			}
			for nodes := range slices.Chunk(v.Snapshot.Nodes, partSeries) {
				if series := room.fill(v.Cluster, nodes, f.value); len(series) > 0 && !yield(series) {
					return
				}
			}
		}
	}
}

// partSeries is how many series a part has at most.
const partSeries = 500

// part is the memory of the series of one part.
type part struct {
	cluster dto.LabelPair
	series  [partSeries]nodeSeries
	filled  []*dto.Metric
}

type nodeSeries struct {
	metric dto.Metric
	labels [2]*dto.LabelPair // sorted by name
	node   dto.LabelPair
	gauge  dto.Gauge
	value  float64
}

// fill returns the series of the nodes that have a value.
func (p *part) fill(cluster string, nodes []podcount.Node, valueOf func(podcount.Node) (float64, bool)) []*dto.Metric {
	clusterLabel, nodeLabel := "cluster", "node"
	p.filled = p.filled[:0]
	p.cluster.Name, p.cluster.Value = &clusterLabel, &cluster
	for i := range nodes {
		value, known := valueOf(nodes[i])
		if !known {
			continue
		}
		s := &p.series[len(p.filled)]
		s.node.Name, s.node.Value = &nodeLabel, &nodes[i].Name
		s.labels = [...]*dto.LabelPair{&p.cluster, &s.node}
		s.value = value
		s.gauge.Value = &s.value
		s.metric.Label, s.metric.Gauge = s.labels[:], &s.gauge
		p.filled = append(p.filled, &s.metric)
	}
	return p.filled
}
