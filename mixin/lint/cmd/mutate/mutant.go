package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/promql/parser"
	"go.yaml.in/yaml/v3"

	"github.com/kube-node-manager/pod_count_exporter/mixin/lint"
)

// mutant is a rule file with one change.
type mutant struct {
	file, rule, change string
	text               []byte
}

// String names the change, the same way in each run.
func (m mutant) String() string { return m.rule + ": " + m.change }

// ruleFile is a file of rules as YAML has it, to write it again.
type ruleFile struct {
	Groups []struct {
		Name  string           `yaml:"name"`
		Rules []map[string]any `yaml:"rules"`
	} `yaml:"groups"`
}

func mutantsOf(dir, name string) ([]mutant, error) {
	path := filepath.Join(dir, name)
	if _, err := lint.Rules(path); err != nil {
		return nil, err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the rules: %w", err)
	}
	var file ruleFile
	if err := yaml.Unmarshal(text, &file); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	var mutants []mutant
	for _, group := range file.Groups {
		for _, rule := range group.Rules {
			for _, change := range changes(rule) {
				restore := rule[change.field]
				rule[change.field] = change.value
				changed, err := yaml.Marshal(file)
				rule[change.field] = restore
				if err != nil {
					return nil, fmt.Errorf("%s: %w", change.what, err)
				}
				mutants = append(mutants, mutant{name, ruleName(rule), change.what, changed})
			}
		}
	}
	return mutants, nil
}

func ruleName(rule map[string]any) string {
	if alert, ok := rule["alert"].(string); ok {
		return alert
	}
	name := fmt.Sprint(rule["record"])
	if labels, ok := rule["labels"].(map[string]any); ok {
		name += fmt.Sprint("{", labels["quantile"], "}")
	}
	return name
}

// change is another value of one field of a rule.
type change struct{ field, value, what string }

func changes(rule map[string]any) []change {
	var all []change
	for _, field := range []string{"for", "keep_firing_for"} {
		text, ok := rule[field].(string)
		if !ok {
			continue
		}
		duration, err := model.ParseDuration(text)
		if err != nil || duration == 0 {
			continue
		}
		for _, other := range []model.Duration{duration / 2, duration * 2} {
			all = append(all, change{field, other.String(), fmt.Sprintf("%s %s becomes %s", field, duration, other)})
		}
	}
	return append(all, expressions(fmt.Sprint(rule["expr"]))...)
}

// expressions are the rule's expression with each comparison turned round, and
// each number, window and offset halved and doubled.
func expressions(text string) []change {
	expr, err := parser.NewParser(parser.Options{}).ParseExpr(text)
	if err != nil {
		return nil
	}
	var all []change
	seen := map[string]int{}
	add := func(what string) {
		// The second one of a kind is told by its number.
		if seen[what]++; seen[what] > 1 {
			what = fmt.Sprintf("%s (%d)", what, seen[what])
		}
		all = append(all, change{"expr", expr.String(), what})
	}
	parser.Inspect(expr, func(node parser.Node, path []parser.Node) error {
		switch n := node.(type) {
		case *parser.BinaryExpr:
			turn(n, add)
		case *parser.NumberLiteral:
			if isThreshold(path) && n.Val != 0 {
				scale(n, add)
			}
		case *parser.MatrixSelector:
			stretch(&n.Range, "window", add)
		case *parser.VectorSelector:
			stretch(&n.OriginalOffset, "offset", add)
		}
		return nil
	})
	return all
}

// turn is the comparison the other way round.
func turn(n *parser.BinaryExpr, add func(string)) {
	others := map[parser.ItemType]parser.ItemType{
		parser.GTR: parser.LSS, parser.GTE: parser.LSS, parser.LSS: parser.GTR, parser.LTE: parser.GTR, parser.EQLC: parser.NEQ,
	}
	op := n.Op
	other, ok := others[op]
	if !ok {
		return
	}
	n.Op = other
	add(fmt.Sprintf("%s becomes %s before %s", op, other, strings.Join(strings.Fields(n.RHS.String()), " ")))
	n.Op = op
}

// isThreshold: numbers that are compared, or that scale what is compared. The
// first argument of topk or histogram_quantile is neither.
func isThreshold(path []parser.Node) bool {
	if len(path) == 0 {
		return true
	}
	switch parent := path[len(path)-1].(type) {
	case *parser.BinaryExpr:
		return true
	case *parser.ParenExpr, *parser.UnaryExpr:
		return isThreshold(path[:len(path)-1])
	case *parser.Call:
		return parent.Func.Name != "histogram_quantile"
	default:
		return false
	}
}

func scale(n *parser.NumberLiteral, add func(string)) {
	was := n.Val
	for _, other := range []float64{was / 2, was * 2} {
		n.Val = other
		add(fmt.Sprintf("%g becomes %g", was, other))
	}
	n.Val = was
}

func stretch(d *time.Duration, kind string, add func(string)) {
	was := *d
	if was == 0 {
		return
	}
	for _, other := range []time.Duration{was / 2, was * 2} {
		*d = other
		add(fmt.Sprintf("%s %s becomes %s", kind, model.Duration(was), model.Duration(other)))
	}
	*d = was
}
