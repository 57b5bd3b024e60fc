package lint

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// good is a dashboard without a fault.
const good = `{"uid":"u","title":"T","tags":["pod-count"],"refresh":"1m",
	"links":[{"type":"dashboards","tags":["pod-count"]}],"annotations":{"list":[]},
	"templating":{"list":[
		{"type":"datasource","name":"datasource","label":"Data source"},
		{"type":"query","name":"cluster","label":"Cluster","includeAll":true,"multi":true,"datasource":{"uid":"${datasource}"},
			"definition":"label_values(some_gauge{job=\"x\"}, cluster)"}]},
	"panels":[
		{"id":1,"type":"row","title":"R","gridPos":{"x":0,"y":0,"w":24,"h":1}},
		{"id":2,"type":"stat","title":"S","description":"D","gridPos":{"x":0,"y":1,"w":12,"h":4},"datasource":{"uid":"${datasource}"},
			"fieldConfig":{"defaults":{"unit":"short"}},
			"targets":[{"refId":"A","datasource":{"uid":"${datasource}"},"expr":"sum(rate(some_total{job=\"x\",cluster=~\"$cluster\"}[10m]))"}]},
		{"id":3,"type":"table","title":"U","description":"D","gridPos":{"x":12,"y":1,"w":12,"h":4},"datasource":{"uid":"${datasource}"},
			"fieldConfig":{"defaults":{"unit":"s"}},
			"targets":[{"refId":"A","datasource":{"uid":"${datasource}"},"expr":"a:rule:sum"}]}]}`

// TestWatchedExist: the reference of the metrics is made from the code.
func TestWatchedExist(t *testing.T) {
	text, err := os.ReadFile("../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range watched() {
		if !strings.Contains(string(text), "| `"+name+"` |") {
			t.Errorf("docs/metrics.md knows no metric %s", name)
		}
	}
}

func TestCheck(t *testing.T) {
	known := map[string]bool{"some_gauge": true, "some_total": true, "a:rule:sum": true}
	tests := []struct{ name, old, new, finding string }{
		{"nothing", "", "", ""},
		{"no uid", `"uid":"u"`, `"uid":""`, "uid"},
		{"no title", `"title":"T"`, `"title":""`, "no title"},
		{"refresh too fast", `"refresh":"1m"`, `"refresh":"10s"`, "faster than the scrape"},
		{"no refresh", `"refresh":"1m"`, `"refresh":""`, "faster than the scrape"},
		{"link to other dashboards", `"links":[{"type":"dashboards","tags":["pod-count"]}]`, `"links":[{"type":"dashboards","tags":["other"]}]`, "no link"},
		{"data source without its label", `"label":"Data source"`, `"label":"datasource"`, "Data source"},
		{"variable without All", `"includeAll":true`, `"includeAll":false`, "All"},
		{"variable of a metric that is gone", `label_values(some_gauge`, `label_values(old_gauge`, `"old_gauge"`},
		{"variable with a data source of its own", `"multi":true,"datasource":{"uid":"${datasource}"}`, `"multi":true,"datasource":{"uid":"x"}`, "data source variable"},
		{"panel without description", `"title":"S","description":"D"`, `"title":"S","description":""`, "description"},
		{"panel without unit", `"unit":"short"`, `"unit":""`, "no unit"},
		{"panel without query", `"targets":[{"refId":"A","datasource":{"uid":"${datasource}"},"expr":"a:rule:sum"}]`, `"targets":[]`, "no query"},
		{"query with a data source of its own", `"refId":"A","datasource":{"uid":"${datasource}"}`, `"refId":"A","datasource":{"uid":"x"}`, "data source variable"},
		{"query that does not parse", "a:rule:sum\"", "sum(a:rule:sum\"", "unclosed"},
		{"unknown metric", "a:rule:sum\"", "a:rule:gone\"", `"a:rule:gone"`},
		{"no selector", `some_total{job=\"x\",`, `some_total{`, "without the selector"},
		{"counter as it is", `rate(some_total{job=\"x\",cluster=~\"$cluster\"}[10m])`, `some_total{job=\"x\"}`, "not within rate"},
		{"window of one count", "[10m]", "[5m]", "window"},
		{"Grafana's window", "[10m]", "[$__rate_interval]", "Grafana's windows"},
		{"annotation that does not parse", `"annotations":{"list":[]}`, `"annotations":{"list":[{"name":"A","expr":"a:rule:sum{","datasource":{"uid":"${datasource}"}}]}`, "annotation A"},
		{"annotation with a data source of its own", `"annotations":{"list":[]}`, `"annotations":{"list":[{"name":"A","expr":"a:rule:sum","datasource":{"uid":"x"}}]}`, "data source variable"},
		{"same id", `"id":3`, `"id":2`, "shares id 2"},
		{"overlap", `"x":12,"y":1`, `"x":11,"y":1`, "overlaps"},
		{"beyond the grid", `"x":12,"y":1,"w":12`, `"x":12,"y":1,"w":13`, "not within the grid"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if !strings.Contains(good, tt.old) {
				t.Fatalf("the good dashboard has no %s", tt.old)
			}
			var d Dashboard
			if err := json.Unmarshal([]byte(strings.Replace(good, tt.old, tt.new, 1)), &d); err != nil {
				t.Fatal(err)
			}
			got := strings.Join(Check(d, known), "\n")
			if tt.finding == "" && got != "" || !strings.Contains(got, tt.finding) {
				t.Errorf("findings %q, want one with %q", got, tt.finding)
			}
		})
	}
}

// TestWatchRows holds the dashboard of the exporter against the metrics of watch mode:
// each is drawn in a row of that name.
func TestWatchRows(t *testing.T) {
	all, err := Load("../generated/dashboards")
	if err != nil {
		t.Fatal(err)
	}
	row, drawn := "", ""
	for _, p := range all["pod-count-exporter.json"].Panels {
		if p.Type == "row" {
			row = p.Title
			continue
		}
		for _, target := range p.Targets {
			if strings.HasPrefix(row, "Watch mode") {
				drawn += target.Expr + "\n"
			}
		}
	}
	for _, name := range append(watched(), "pod_count_mode_info") {
		if !strings.Contains(drawn, name+"{") {
			t.Errorf("no panel of watch mode shows %s", name)
		}
	}
}
