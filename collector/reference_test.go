package collector

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors/version"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
)

const metricsReference = "../docs/metrics.md"

// TestGoldenMetricsReference compares the tables of docs/metrics.md with what is
// served: with -update it writes them anew.
func TestGoldenMetricsReference(t *testing.T) {
	list, watch := servedFamilies(t)
	generated(t, metricsReference, "metrics", metricTables(list, watch))
	generated(t, metricsReference, "labels", labelTable(watch))
	generated(t, metricsReference, "messages", messageTable())
}

// TestEveryMetricIsServed compares the descriptions with what is served, from which
// the reference is made.
func TestEveryMetricIsServed(t *testing.T) {
	descriptions := make(chan *prometheus.Desc, 100)
	newMetrics().describe(descriptions)
	newMetrics().describeProcess(descriptions)
	close(descriptions)
	declared := []string{"pod_count_exporter_build_info"}
	for desc := range descriptions {
		declared = append(declared, regexp.MustCompile(`fqName: "([^"]+)"`).FindStringSubmatch(desc.String())[1])
	}
	_, watch := servedFamilies(t)
	slices.Sort(declared)
	if served := slices.Sorted(maps.Keys(watch)); !slices.Equal(declared, served) {
		t.Errorf("declared %q\nserved   %q", declared, served)
	}
}

type families map[string]*dto.MetricFamily

// servedFamilies are those of an exporter in list mode and of one in watch mode.
func servedFamilies(t *testing.T) (list, watch families) {
	t.Helper()
	bubble(t, func(t *testing.T) { list = parsed(t, start(t, small(), steady()).scrape("10")) })
	bubble(t, func(t *testing.T) { watch = parsed(t, follow(t).scrape("10")) })
	return list, watch
}

// parsed adds the build metric, which the program registers.
func parsed(t *testing.T, exposition string) families {
	t.Helper()
	parser := expfmt.NewTextParser(model.LegacyValidation)
	all, err := parser.TextToMetricFamilies(strings.NewReader(exposition))
	if err != nil {
		t.Fatal(err)
	}
	build := prometheus.NewRegistry()
	build.MustRegister(version.NewCollector("pod_count_exporter"))
	gathered, err := build.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range gathered {
		all[family.GetName()] = family
	}
	return all
}

// metricTables are one table for the metrics of each cluster, one for those of watch
// mode, and one for the process.
func metricTables(list, watch families) string {
	var cluster, watching, process []string
	for _, name := range slices.Sorted(maps.Keys(watch)) {
		family := watch[name]
		labels := labelsOf(family)
		row := fmt.Sprintf("| `%s` | %s | %s | %s |", name, strings.ToLower(family.GetType().String()), strings.Join(labels, ", "), inCell(family.GetHelp()))
		switch _, listed := list[name]; {
		case !slices.Contains(labels, "cluster"):
			process = append(process, row)
		case listed:
			cluster = append(cluster, row)
		default:
			watching = append(watching, row)
		}
	}
	const head = "| metric | type | labels | meaning |\n|---|---|---|---|\n"
	var text strings.Builder
	for _, table := range []struct {
		title string
		rows  []string
	}{{"Of each cluster", cluster}, {"Of each cluster, in watch mode only", watching}, {"Of the exporter", process}} {
		fmt.Fprintf(&text, "\n### %s\n\n%s%s\n", table.title, head, strings.Join(table.rows, "\n"))
	}
	return text.String()
}

// labelsOf are the labels of a family's series, cluster first.
func labelsOf(family *dto.MetricFamily) []string {
	names := map[string]bool{}
	for _, metric := range family.GetMetric() {
		for _, label := range metric.GetLabel() {
			names[label.GetName()] = true
		}
	}
	sorted := slices.Sorted(maps.Keys(names))
	slices.SortStableFunc(sorted, func(a, b string) int {
		switch {
		case a == "cluster":
			return -1
		case b == "cluster":
			return 1
		default:
			return 0
		}
	})
	return sorted
}

// labelTable has the values of the labels that are fixed lists. A cluster has only
// one mode and one source at a time, so their values come from the code.
func labelTable(watch families) string {
	values := map[string][]string{}
	for name, label := range map[string]string{
		"api_requests_total": "status", "log_messages_total": "level", "pod_count_page_failures_total": "reason",
		"pod_count_watch_events_total": "type", "pod_count_watch_restarts_total": "reason", "pod_count_watch_audits_total": "result",
	} {
		for _, metric := range watch[name].GetMetric() {
			for _, pair := range metric.GetLabel() {
				if pair.GetName() == label {
					values["`"+label+"` of `"+name+"`"] = append(values["`"+label+"` of `"+name+"`"], pair.GetValue())
				}
			}
		}
	}
	for _, source := range podcount.Sources() {
		values["`source` of `pod_count_source_info`"] = append(values["`source` of `pod_count_source_info`"], string(source))
	}
	for _, mode := range podcount.Modes() {
		values["`mode` of `pod_count_mode_info`"] = append(values["`mode` of `pod_count_mode_info`"], string(mode))
	}
	var text strings.Builder
	text.WriteString("| label | values |\n|---|---|\n")
	for _, label := range slices.Sorted(maps.Keys(values)) {
		all := slices.Compact(slices.Sorted(slices.Values(values[label])))
		fmt.Fprintf(&text, "| %s | `%s` |\n", label, strings.Join(all, "`, `"))
	}
	return text.String()
}

func messageTable() string {
	var text strings.Builder
	text.WriteString("| `message` | `level` |\n|---|---|\n")
	for _, m := range slices.Concat(messages(), watchMessages()) {
		fmt.Fprintf(&text, "| `%s` | %s |\n", m.text, m.level)
	}
	return text.String()
}

// inCell escapes text for a cell of a table.
func inCell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }

// generated compares the part of a document between the marks of name with text,
// or writes it anew.
func generated(t *testing.T, path, name, text string) {
	t.Helper()
	document, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	begin, end := "<!-- "+name+": written by \"make golden\" -->\n", "<!-- end of "+name+" -->\n"
	before, rest, found := strings.Cut(string(document), begin)
	old, after, ended := strings.Cut(rest, end)
	if !found || !ended {
		t.Fatalf("%s lacks the mark %q or %q", path, begin, end)
	}
	switch {
	case *update:
		if err := os.WriteFile(path, []byte(before+begin+text+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
	case old != text:
		t.Errorf("%s is stale in its part %q: run make golden\n%s", path, name, firstDifference(text, old))
	}
}
