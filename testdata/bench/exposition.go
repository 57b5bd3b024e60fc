package main

import (
	"fmt"
	"io"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// shown is what a scrape of one cluster shows.
type shown struct {
	tally
	success bool
	bytes   float64 // of the API server's answers since the exporter started
	took    float64 // seconds of all complete counts since then
}

func parseExposition(r io.Reader) (shown, error) {
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(r)
	if err != nil {
		return shown{}, fmt.Errorf("reading the exposition: %w", err)
	}
	s := shown{tally: tally{Nodes: map[string]int{}}}
	for _, m := range families["node_active_pods"].GetMetric() {
		s.Nodes[label(m, "node")] = int(m.GetGauge().GetValue())
	}
	for name, take := range map[string]func(*dto.Metric){
		"pod_count_unscheduled_pods":     func(m *dto.Metric) { s.Unscheduled = int(m.GetGauge().GetValue()) },
		"pod_count_unknown_node_pods":    func(m *dto.Metric) { s.UnknownNode = int(m.GetGauge().GetValue()) },
		"pod_count_success":              func(m *dto.Metric) { s.success = m.GetGauge().GetValue() == 1 },
		"pod_count_response_bytes_total": func(m *dto.Metric) { s.bytes = m.GetCounter().GetValue() },
		"pod_count_duration_seconds":     func(m *dto.Metric) { s.took = m.GetHistogram().GetSampleSum() },
	} {
		all := families[name].GetMetric()
		if len(all) != 1 {
			return shown{}, fmt.Errorf("reading the exposition: %s has %d series, not 1", name, len(all))
		}
		take(all[0])
	}
	return s, nil
}

func label(m *dto.Metric, name string) string {
	for _, l := range m.GetLabel() {
		if l.GetName() == name {
			return l.GetValue()
		}
	}
	return ""
}
