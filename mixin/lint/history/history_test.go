package history_test

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-jsonnet"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/kube-node-manager/pod_count_exporter/mixin/lint"
	"github.com/kube-node-manager/pod_count_exporter/mixin/lint/history"
)

const (
	scrape = time.Minute
	shown  = 6 * time.Hour // what dashboards show at first
	// columnWidth is that of a column of Grafana's grid, in pixels, about.
	columnWidth = 70
	// leastStep is the shortest that Grafana takes with a data source that was not
	// told the scrape interval.
	leastStep = 15 * time.Second
)

// mixin is what the sources give for settings.
type mixin struct {
	Alerts, Rules string
	Dashboards    map[string]lint.Dashboard
}

func render(t *testing.T, ttl time.Duration) mixin {
	t.Helper()
	vm := jsonnet.MakeVM()
	vm.Importer(&jsonnet.FileImporter{JPaths: []string{"../../.."}})
	text, err := vm.EvaluateAnonymousSnippet("mixin", fmt.Sprintf(`
		local mixin = (import 'mixin/mixin.libsonnet') + { _config+:: { cacheTTLSeconds: %d } };
		{
			Alerts: std.manifestJsonMinified(mixin.prometheusAlerts), Rules: std.manifestJsonMinified(mixin.prometheusRules),
			Dashboards: mixin.grafanaDashboards,
		}`, int(ttl.Seconds())))
	if err != nil {
		t.Fatal(err)
	}
	var m mixin
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		t.Fatal(err)
	}
	return m
}

func parse(t *testing.T, text string) *rulefmt.RuleGroups {
	t.Helper()
	groups, errs := rulefmt.Parse([]byte(text), false, model.UTF8Validation, parser.NewParser(parser.Options{}), nil)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	return groups
}

// TestDashboardsOverHours runs every query of every dashboard as Grafana does
// with its own defaults, over hours in which an API server is late for a while.
// Lines are whole: a series does not come and go between its first value and its
// last one, and has them from the left edge to the right one.
func TestDashboardsOverHours(t *testing.T) {
	for _, ttl := range []time.Duration{5 * time.Minute, 30 * time.Minute} {
		t.Run(ttl.String(), func(t *testing.T) {
			m := render(t, ttl)
			// Before the left edge, the longest windows fill.
			length := shown + max(time.Hour, 8*ttl)
			h, err := history.New(t.TempDir(), time.Unix(1800000000, 0).UTC(), length, scrape, ttl, parse(t, m.Rules), parse(t, m.Alerts))
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := h.Close(); err != nil {
					t.Error(err)
				}
			}()
			queries := 0
			for _, d := range m.Dashboards {
				for _, panel := range d.Panels {
					for _, target := range panel.Targets {
						queries++
						where := d.Title + " / " + panel.Title
						expr := strings.NewReplacer("$cluster", ".+", "$node", ".+").Replace(target.Expr)
						if target.Instant {
							wantNow(t, h, where, expr)
						} else {
							wantWhole(t, h, where, expr, step(panel.GridPos.W))
						}
					}
				}
				for _, annotation := range d.Annotations.List {
					expr := strings.NewReplacer("$cluster", ".+").Replace(annotation.Expr)
					if got, err := h.Range(expr, h.End.Add(-shown), h.End, time.Minute); err != nil || len(got) == 0 {
						t.Errorf("%s: annotation %s: %d series, %v", d.Title, annotation.Name, len(got), err)
					}
				}
			}
			if queries < 40 {
				t.Errorf("%d queries, want all of them", queries)
			}
		})
	}
}

// step is Grafana's: a point for each pixel, rounded up to a whole one of
// leastStep.
func step(columns int) time.Duration {
	pixel := shown / time.Duration(columns*columnWidth)
	return (pixel + leastStep - 1) / leastStep * leastStep
}

// wantNow asks at several times.
func wantNow(t *testing.T, h *history.History, where, expr string) {
	t.Helper()
	for at := h.End.Add(-shown); !at.After(h.End); at = at.Add(47 * time.Minute) {
		got, err := h.Query(expr, at)
		if err != nil || len(got) == 0 {
			t.Errorf("%s: %d series at %s, %v: %s", where, len(got), at.Format(time.TimeOnly), err, expr)
			return
		}
		for _, sample := range got {
			if math.IsNaN(sample.F) {
				t.Errorf("%s: %s is no number at %s: %s", where, sample.Metric, at.Format(time.TimeOnly), expr)
				return
			}
		}
	}
}

func wantWhole(t *testing.T, h *history.History, where, expr string, step time.Duration) {
	t.Helper()
	matrix, err := h.Range(expr, h.End.Add(-shown), h.End, step)
	if err != nil || len(matrix) == 0 {
		t.Errorf("%s: %d series, %v: %s", where, len(matrix), err, expr)
		return
	}
	if !ofWatch().MatchString(expr) {
		matrix = listed(matrix)
	}
	if gap := gaps(matrix, int(shown/step)+1); gap != "" {
		t.Errorf("%s: %s: %s", where, gap, expr)
	}
}

// ofWatch matches queries of what only watch mode has.
func ofWatch() *regexp.Regexp { return regexp.MustCompile(`\bpod_count_(watch|bound|left)_`) }

// listed leaves out the cluster in watch mode: its pages come with audits, so lines of
// them have gaps.
func listed(matrix promql.Matrix) promql.Matrix {
	return slices.DeleteFunc(slices.Clone(matrix), func(series promql.Series) bool { return series.Metric.Get("cluster") == "edge" })
}

// gaps names the first series that lacks points.
func gaps(matrix promql.Matrix, points int) string {
	for _, series := range matrix {
		numbers := 0
		for _, point := range series.Floats {
			if !math.IsNaN(point.F) {
				numbers++
			}
		}
		if numbers < points {
			return fmt.Sprintf("%s has %d of %d points", series.Metric, numbers, points)
		}
	}
	return ""
}

// TestShortWindowsHaveGaps: what Grafana would take for a window, with a data
// source that knows the scrape interval, is refused by the test above.
func TestShortWindowsHaveGaps(t *testing.T) {
	const ttl = 5 * time.Minute
	h, err := history.New(t.TempDir(), time.Unix(1800000000, 0).UTC(), shown, scrape, ttl)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	}()
	for window, whole := range map[string]bool{"1m": false, "4m": false, "10m": true} {
		expr := fmt.Sprintf("histogram_quantile(0.95, sum by (cluster, le) (rate(pod_count_page_duration_seconds_bucket{cluster=\"staging\"}[%s])))", window)
		matrix, err := h.Range(expr, h.End.Add(-time.Hour), h.End, 30*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		if gap := gaps(matrix, 121); (gap == "" && len(matrix) > 0) != whole {
			t.Errorf("window %s: %d series, %s; want it whole: %t", window, len(matrix), gap, whole)
		}
	}
}
