package lint

import (
	"strings"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

// shortest is the shortest window: within it are two counts at the default cache
// TTL.
const shortest = 10 * time.Minute

// query checks one expression.
func (f *findings) query(where, expr string, known map[string]bool) {
	text := strings.NewReplacer("$cluster", "c", "$node", "n").Replace(expr)
	if strings.Contains(text, "$__") {
		f.add("%s: Grafana's windows follow scrapes and screens, not the counts: %s", where, expr)
		return
	}
	parsed, err := parser.NewParser(parser.Options{}).ParseExpr(text)
	if err != nil {
		f.add("%s: %v: %s", where, err, expr)
		return
	}
	parser.Inspect(parsed, func(node parser.Node, path []parser.Node) error {
		switch n := node.(type) {
		case *parser.MatrixSelector:
			if n.Range < shortest {
				f.add("%s: the window is shorter than two counts are apart: %s", where, expr)
			}
		case *parser.VectorSelector:
			f.selector(where, n, path, known)
		}
		return nil
	})
}

func (f *findings) selector(where string, n *parser.VectorSelector, path []parser.Node, known map[string]bool) {
	if !known[n.Name] {
		f.add("%s: there is no metric or rule %q", where, n.Name)
	}
	if !strings.Contains(n.Name, ":") && !hasMatcher(n.LabelMatchers, "job") && !hasMatcher(n.LabelMatchers, "alertname") {
		f.add("%s: %s is picked without the selector of the exporter", where, n.Name)
	}
	if !isCounter(n.Name) {
		return
	}
	for _, parent := range path {
		if call, ok := parent.(*parser.Call); ok && (call.Func.Name == "rate" || call.Func.Name == "increase") {
			return
		}
	}
	f.add("%s: counter %s is not within rate or increase", where, n.Name)
}

func hasMatcher(matchers []*labels.Matcher, name string) bool {
	for _, m := range matchers {
		if m.Name == name {
			return true
		}
	}
	return false
}

func isCounter(name string) bool {
	if strings.Contains(name, ":") {
		return false
	}
	for _, end := range []string{"_total", "_bucket", "_sum", "_count"} {
		if strings.HasSuffix(name, end) {
			return true
		}
	}
	return false
}

// CheckAlert returns what is wrong with an alert's expression: metrics that do
// not exist, or are picked without the selector of the exporter.
func CheckAlert(expr string, known map[string]bool) []string {
	var f findings
	parsed, err := parser.NewParser(parser.Options{}).ParseExpr(expr)
	if err != nil {
		return []string{err.Error()}
	}
	parser.Inspect(parsed, func(node parser.Node, path []parser.Node) error {
		if n, ok := node.(*parser.VectorSelector); ok {
			f.selector("alert", n, path, known)
		}
		return nil
	})
	return f
}
