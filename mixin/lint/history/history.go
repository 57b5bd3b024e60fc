// Package history is some hours of a Prometheus with the mixin's rules, made in
// a moment: what it scraped comes from scenario, what it recorded is evaluated
// by Prometheus' own engine, step by step, as it does.
package history

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/tsdb"

	"github.com/kube-node-manager/pod_count_exporter/mixin/lint/scenario"
)

// evaluation is the interval of the rules.
const evaluation = time.Minute

// History is a database of series.
type History struct {
	DB     *tsdb.DB
	Start  time.Time
	End    time.Time
	engine *promql.Engine

	shown  map[string]map[string]labels.Labels // by rule: what it recorded last
	active map[string]time.Time                // by labels of an alert: since when
}

// New fills a database in dir with a history that ends at end, and evaluates the
// rules over it.
func New(dir string, end time.Time, length, scrape, ttl time.Duration, rules ...*rulefmt.RuleGroups) (*History, error) {
	opts := tsdb.DefaultOptions()
	opts.RetentionDuration = 0
	opts.MinBlockDuration = (31 * 24 * time.Hour).Milliseconds() // all in the head
	opts.MaxBlockDuration = opts.MinBlockDuration
	db, err := tsdb.Open(dir, slog.New(slog.DiscardHandler), nil, opts, nil)
	if err != nil {
		return nil, fmt.Errorf("opening a database: %w", err)
	}
	h := &History{
		DB: db, Start: end.Add(-length), End: end,
		engine: promql.NewEngine(promql.EngineOpts{MaxSamples: 50e6, Timeout: time.Minute, LookbackDelta: 5 * time.Minute, EnableAtModifier: true, EnableNegativeOffset: true}),
		shown:  map[string]map[string]labels.Labels{}, active: map[string]time.Time{},
	}
	if err := h.scraped(scenario.History(length, scrape, ttl)); err != nil {
		return nil, err
	}
	for t := h.Start; !t.After(end); t = t.Add(evaluation) {
		for _, file := range rules {
			if err := h.evaluate(file, t); err != nil {
				return nil, err
			}
		}
	}
	return h, nil
}

// timestamps are the metrics whose values are times, which a history counts from
// its start.
func isTimestamp(name string) bool {
	return strings.HasSuffix(name, "_timestamp_seconds") || name == "process_start_time_seconds"
}

func (h *History) scraped(all map[string][]scenario.Sample) error {
	app := h.DB.Appender(context.Background())
	names := parser.NewParser(parser.Options{})
	for series, samples := range all {
		lset, err := names.ParseMetric(series)
		if err != nil {
			return fmt.Errorf("%s: %w", series, err)
		}
		for i, sample := range samples {
			at, v := h.Start.Add(sample.After), sample.Value
			if isTimestamp(lset.Get(model.MetricNameLabel)) && v > 0 {
				v += float64(h.Start.Unix())
			}
			if _, err := app.Append(0, lset, at.UnixMilli(), v); err != nil {
				return fmt.Errorf("%s: %w", series, err)
			}
			// A series that ends is marked so at the next scrape.
			if next := i + 1; next < len(samples) && samples[next].After-sample.After > 5*time.Minute {
				if _, err := app.Append(0, lset, at.Add(evaluation).UnixMilli(), staleNaN()); err != nil {
					return fmt.Errorf("%s: %w", series, err)
				}
			}
		}
	}
	return app.Commit()
}

func (h *History) evaluate(file *rulefmt.RuleGroups, t time.Time) error {
	for _, group := range file.Groups {
		for i, rule := range group.Rules {
			result, err := h.Query(rule.Expr, t)
			if err != nil {
				return fmt.Errorf("%s%s: %w", rule.Record, rule.Alert, err)
			}
			if rule.Alert != "" {
				result = h.firing(rule, result, t)
			}
			if err := h.record(fmt.Sprint(group.Name, i), rule, result, t); err != nil {
				return err
			}
		}
	}
	return nil
}

// firing are those that have been active for long enough.
func (h *History) firing(rule rulefmt.Rule, result promql.Vector, t time.Time) promql.Vector {
	var firing promql.Vector
	now := map[string]time.Time{}
	for _, sample := range result {
		key := rule.Alert + sample.Metric.String()
		since, ok := h.active[key]
		if !ok {
			since = t
		}
		now[key] = since
		if t.Sub(since) >= time.Duration(rule.For) {
			firing = append(firing, promql.Sample{Metric: sample.Metric, F: 1})
		}
	}
	for key := range h.active {
		if _, ok := now[key]; !ok && len(key) > len(rule.Alert) && key[:len(rule.Alert)] == rule.Alert && key[len(rule.Alert)] == '{' {
			delete(h.active, key)
		}
	}
	for key, since := range now {
		h.active[key] = since
	}
	return firing
}

// record appends a rule's result, and marks as stale what it no longer has.
func (h *History) record(id string, rule rulefmt.Rule, result promql.Vector, t time.Time) error {
	app := h.DB.Appender(context.Background())
	shown := map[string]labels.Labels{}
	for _, sample := range result {
		b := labels.NewBuilder(sample.Metric)
		b.Set(model.MetricNameLabel, rule.Record)
		if rule.Alert != "" {
			b.Set(model.MetricNameLabel, "ALERTS").Set("alertname", rule.Alert).Set("alertstate", "firing")
		}
		for name, v := range rule.Labels {
			b.Set(name, v)
		}
		lset := b.Labels()
		shown[lset.String()] = lset
		if _, err := app.Append(0, lset, t.UnixMilli(), sample.F); err != nil {
			return fmt.Errorf("%s: %w", lset, err)
		}
	}
	for key, lset := range h.shown[id] {
		if _, ok := shown[key]; !ok {
			if _, err := app.Append(0, lset, t.UnixMilli(), staleNaN()); err != nil {
				return fmt.Errorf("%s: %w", lset, err)
			}
		}
	}
	h.shown[id] = shown
	return app.Commit()
}

// Query asks for one moment.
func (h *History) Query(expr string, t time.Time) (promql.Vector, error) {
	query, err := h.engine.NewInstantQuery(context.Background(), h.DB, nil, expr, t)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", expr, err)
	}
	defer query.Close()
	result := query.Exec(context.Background())
	if result.Err != nil {
		return nil, fmt.Errorf("%s: %w", expr, result.Err)
	}
	switch v := result.Value.(type) {
	case promql.Vector:
		return append(promql.Vector(nil), v...), nil
	default:
		return nil, fmt.Errorf("%s gives a %s, not a vector", expr, v.Type())
	}
}

// Range asks for each step of a time.
func (h *History) Range(expr string, start, end time.Time, step time.Duration) (promql.Matrix, error) {
	query, err := h.engine.NewRangeQuery(context.Background(), h.DB, nil, expr, start, end, step)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", expr, err)
	}
	defer query.Close()
	result := query.Exec(context.Background())
	matrix, err := result.Matrix()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", expr, err)
	}
	copied := make(promql.Matrix, len(matrix))
	for i, series := range matrix {
		copied[i] = promql.Series{Metric: series.Metric, Floats: append([]promql.FPoint(nil), series.Floats...)}
	}
	return copied, nil
}

// Close removes nothing: the database stays in its folder.
func (h *History) Close() error { return h.DB.Close() }

func staleNaN() float64 { return math.Float64frombits(value.StaleNaN) }
