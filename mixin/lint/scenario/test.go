package scenario

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// scenario is one story.
type scenario struct {
	name   string
	length time.Duration
	world  func(v env) *world
	wants  func(v env) []want
	// anySettings: the rules are right for whatever exporters are set to, also
	// where the mixin was rendered for other TTLs and scrapes.
	anySettings bool
}

// want is what must be true at a time.
type want struct {
	at     time.Duration
	firing []string // alert{labels}, without the severity; nil: none
	expr   string   // asked instead of the alerts
	values []value
}

// value is one series of an expression's result.
type value struct {
	labels string
	is     float64
}

// alerts asks which alerts fire, that from the log aside: it fires beside
// another one where it is on.
const alerts = `group by (alertname, cluster, node, shards, severity) (ALERTS{alertstate="firing",alertname!="KubernetesAPITimeoutLogged"})`

// Write writes the promtool test of all scenarios for one scrape interval and
// one cache TTL. rules are the rule files; own says that they were rendered for
// these two, severities has the severity of each alert.
func Write(out io.Writer, rules []string, scrape, ttl time.Duration, own bool, severities map[string]string) error {
	p := printer{out: out}
	p.printf("rule_files:\n")
	for _, file := range rules {
		p.printf("  - %s\n", file)
	}
	v := env{scrape: scrape, ttl: ttl}
	p.printf("group_eval_order: [%s]\nevaluation_interval: %s\nfuzzy_compare: true\ntests:\n", strings.Join(groups(), ", "), v.evaluation())
	for _, s := range all() {
		if own || s.anySettings {
			p.scenario(v, s, severities)
		}
	}
	return p.err
}

// groups are in the order in which one needs the other.
func groups() []string {
	return []string{
		"pod-count-reporters.rules", "pod-count-nodes.rules", "pod-count-exporter.rules",
		"pod-count-api", "pod-count-counts", "pod-count-exporter", "pod-count-capacity",
	}
}

type printer struct {
	out io.Writer
	err error
}

func (p *printer) printf(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.out, format, args...)
	}
}

func (p *printer) scenario(v env, s scenario, severities map[string]string) {
	wants := s.wants(v)
	length := s.length
	for _, w := range wants {
		length = max(length, w.at+v.scrape)
	}
	r := s.world(v).play(length)
	p.printf("  - name: %q\n    interval: %s\n    input_series:\n", fmt.Sprintf("%s; scrape %s, cache TTL %s", s.name, v.scrape, v.ttl), v.scrape)
	for _, series := range r.series() {
		p.printf("      - {series: '%s', values: '%s'}\n", series, r.values(series))
	}
	if len(r.series()) == 0 {
		p.printf("      - {series: 'up{job=\"other\"}', values: '1x%d'}\n", r.scrapes)
	}
	p.printf("    promql_expr_test:\n")
	for _, w := range wants {
		p.want(w, severities)
	}
}

func (p *printer) want(w want, severities map[string]string) {
	expr := w.expr
	if expr == "" {
		expr = alerts
		for _, alert := range w.firing {
			w.values = append(w.values, value{labels: firing(alert, severities), is: 1})
		}
	}
	p.printf("      - expr: '%s'\n        eval_time: %s\n        exp_samples:\n", expr, w.at)
	slices.SortFunc(w.values, func(a, b value) int { return strings.Compare(a.labels, b.labels) })
	for _, one := range w.values {
		p.printf("          - {labels: '%s', value: %g}\n", one.labels, one.is)
	}
	if len(w.values) == 0 {
		p.printf("          []\n")
	}
}

// firing turns name{labels} into the labels of ALERTS.
func firing(alert string, severities map[string]string) string {
	name, labels, _ := strings.Cut(strings.TrimSuffix(alert, "}"), "{")
	parts := []string{fmt.Sprintf("alertname=%q", name), fmt.Sprintf("severity=%q", severities[name])}
	if labels != "" {
		parts = append(parts, labels)
	}
	return "{" + strings.Join(parts, ",") + "}"
}
