package lint

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"regexp"
	"slices"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
)

// own are series that are not in the golden exposition: Prometheus itself makes
// up and scrape_duration_seconds, and the others are of a process, which the
// exposition is not.
func own() []string {
	return []string{
		"up", "ALERTS", "scrape_duration_seconds",
		"process_start_time_seconds", "process_cpu_seconds_total", "process_resident_memory_bytes", "go_goroutines", "pod_count_exporter_build_info",
	}
}

// watched are series that only an exporter in watch mode has, which the golden
// exposition is not of. A test holds them against docs/metrics.md.
func watched() []string {
	return []string{
		"pod_count_watch_events_total", "pod_count_watch_restarts_total", "pod_count_watch_audits_total", "pod_count_watch_drift_pods",
		"pod_count_watch_last_event_timestamp_seconds", "pod_count_watch_last_bookmark_timestamp_seconds",
		"pod_count_bound_total", "pod_count_left_total",
	}
}

// Known returns the names of the series in an exposition and of the rules in a
// rule file.
func Known(exposition, rules string) (map[string]bool, error) {
	known := map[string]bool{}
	for _, name := range slices.Concat(own(), watched()) {
		known[name] = true
	}
	text, err := os.ReadFile(exposition)
	if err != nil {
		return nil, fmt.Errorf("reading the exposition: %w", err)
	}
	for _, match := range regexp.MustCompile(`(?m)^([a-z_]+)[{ ]`).FindAllSubmatch(text, -1) {
		known[string(match[1])] = true
	}
	groups, err := Rules(rules)
	if err != nil {
		return nil, err
	}
	for _, group := range groups.Groups {
		for _, rule := range group.Rules {
			if rule.Record != "" {
				known[rule.Record] = true
			}
		}
	}
	return known, nil
}

// Rules reads a file of alerts or recording rules.
func Rules(file string) (*rulefmt.RuleGroups, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading the rules: %w", err)
	}
	groups, errs := rulefmt.Parse(bytes.TrimSpace(text), false, model.UTF8Validation, parser.NewParser(parser.Options{}), slog.New(slog.DiscardHandler))
	if len(errs) > 0 {
		return nil, fmt.Errorf("%s: %w", file, errs[0])
	}
	return groups, nil
}

// Severities returns the severity of each alert in a rule file.
func Severities(file string) (map[string]string, error) {
	groups, err := Rules(file)
	if err != nil {
		return nil, err
	}
	severities := map[string]string{}
	for _, group := range groups.Groups {
		for _, rule := range group.Rules {
			if rule.Alert != "" {
				severities[rule.Alert] = rule.Labels["severity"]
			}
		}
	}
	return severities, nil
}
