package chart

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"helm.sh/helm/v4/pkg/chart/common/util"
)

// checks are what a changed chart must fail: the renderings of the variants, which
// TestGolden, TestNotesOfScrapes, TestClusterNameOfItsOwn and TestExtraManifests compare, and the refusals of TestInvalid and TestWrongTypes.
type checks struct {
	variants map[string]object
	rendered map[string]string
	refused  []refusal

	refusalNoticed bool // the last mutant, and no rendering
}

func newChecks(t *testing.T, chart source) *checks {
	t.Helper()
	c := &checks{variants: map[string]object{}, rendered: map[string]string{}}
	for variant, path := range variants(t) {
		c.variants[variant] = parse(t, read(t, path))
	}
	for variant, values := range scraped() {
		c.variants["notes "+variant] = parse(t, []byte(values))
	}
	for values := range clusterNames() {
		c.variants["cluster "+values] = parse(t, []byte(values))
	}
	for extra, tt := range extras() {
		c.variants["extra "+extra] = withExtra(tt.value)
	}
	for variant, values := range c.variants {
		text, err := chart.render(values)
		must(t, err)
		c.rendered[variant] = text
	}
	c.refused = refusals(t)
	return c
}

// pass fails the test when the chart as it is would be noticed.
func (c *checks) pass(t *testing.T, chart source) {
	t.Helper()
	for _, r := range c.refused {
		if _, err := chart.render(r.values); err == nil || !strings.Contains(err.Error(), r.want) {
			t.Fatalf("%v: want %q, got: %v", r.values, r.want, err)
		}
	}
}

// notices says whether one of the checks fails for a chart. The one that noticed
// last is asked first: neighbours are noticed by the same.
func (c *checks) notices(chart source, order *[]string) bool {
	for _, noticed := range c.kinds(chart, order) {
		if noticed() {
			return true
		}
	}
	return false
}

// kinds are the two kinds of checks, the one that noticed last in front.
func (c *checks) kinds(chart source, order *[]string) []func() bool {
	renders := func() bool { return c.differs(chart, order) }
	refuses := func() bool { return c.takes(chart) }
	if c.refusalNoticed {
		return []func() bool{refuses, renders}
	}
	return []func() bool{renders, refuses}
}

// differs says whether a variant is rendered otherwise.
func (c *checks) differs(chart source, order *[]string) bool {
	for i, variant := range *order {
		if text, err := chart.render(c.variants[variant]); err != nil || text != c.rendered[variant] {
			*order = slices.Insert(slices.Delete(slices.Clone(*order), i, i+1), 0, variant)
			c.refusalNoticed = false
			return true
		}
	}
	return false
}

// takes says whether the chart takes what must be refused, or refuses it with
// other words.
func (c *checks) takes(chart source) bool {
	for i, r := range c.refused {
		if _, err := chart.render(r.values); err == nil || !strings.Contains(err.Error(), r.want) {
			c.refused = slices.Insert(slices.Delete(slices.Clone(c.refused), i, i+1), 0, r)
			c.refusalNoticed = true
			return true
		}
	}
	return false
}

// TestTemplateMutants leaves out each line of the templates and turns each
// condition around. A change that no check notices is a line that is not tested.
func TestTemplateMutants(t *testing.T) {
	t.Parallel()
	chart := load(t)
	checks := newChecks(t, chart)
	checks.pass(t, chart)
	order := slices.Sorted(maps.Keys(checks.variants))
	mutants := 0
	for _, path := range slices.Sorted(maps.Keys(chart)) {
		if !strings.HasPrefix(path, "templates/") {
			continue
		}
		lines := strings.SplitAfter(string(chart[path]), "\n")
		comment := false
		for i, line := range lines {
			comment = comment || strings.Contains(line, "/*")
			changed, ok := mutate(line)
			skip := comment || !ok
			comment = comment && !strings.Contains(line, "*/")
			if skip {
				continue
			}
			mutants++
			text := strings.Join(slices.Concat(lines[:i], []string{changed}, lines[i+1:]), "")
			if !checks.notices(chart.with(path, []byte(text)), &order) {
				t.Errorf("nothing notices the change of %s:%d: %q to %q", path, i+1, strings.TrimSpace(line), strings.TrimSpace(changed))
			}
		}
	}
	t.Logf("%d mutants", mutants)
	if mutants < 300 {
		t.Errorf("%d mutants, want 300 at least", mutants)
	}
}

// mutate leaves a line out, or turns its condition around. Comments stay, and so
// do lines that only open or close a block, which could not be parsed any more.
func mutate(line string) (string, bool) {
	text := strings.TrimSpace(line)
	condition := regexp.MustCompile(`^(.*\{\{-? (?:else )?if )(.+?)( -?\}\}.*)$`).FindStringSubmatch(strings.TrimRight(line, "\n"))
	switch {
	case condition != nil:
		return condition[1] + "not (" + condition[2] + ")" + condition[3] + "\n", true
	case text == "", strings.HasPrefix(text, "#"):
		return "", false
	case regexp.MustCompile(`^\{\{-? ?(with|range|end|else|define)\b.*\}\}$`).MatchString(text):
		return "", false
	case !strings.ContainsAny(text, "{:-"), strings.Count(text, "{{") != strings.Count(text, "}}"):
		return "", false // a part of a call of several lines
	default:
		return "", true
	}
}

// TestSchemaMutants takes each constraint away that the schema has besides the
// types of values, which TestWrongTypes tries: then it must take something that is
// refused.
func TestSchemaMutants(t *testing.T) {
	t.Parallel()
	chart := load(t)
	schema := parse(t, chart["values.schema.json"])
	refused := refusedBySchema(t, chart, compile(t, schema))
	mutants := 0
	forEachConstraint(schema, "", func(where, key string, node object) {
		mutants++
		value := node[key]
		delete(node, key)
		if mutant := compile(t, schema); !slices.ContainsFunc(refused, func(values any) bool { return mutant.Validate(values) == nil }) {
			t.Errorf("nothing notices that the schema is without %s/%s", where, key)
		}
		node[key] = value
	})
	t.Logf("%d mutants", mutants)
	if mutants < 50 {
		t.Errorf("%d mutants, want 50 at least", mutants)
	}
}

// refusedBySchema are, of the values of TestInvalid, of an unknown key in each object
// and of each value taken back, those that the schema refuses. Defaults are merged in.
func refusedBySchema(t *testing.T, files source, schema *jsonschema.Schema) []any {
	t.Helper()
	chart, err := files.chart()
	must(t, err)
	closed := parse(t, files["values.schema.json"])
	others := map[string]refusal{}
	for _, leaf := range leaves(t) {
		for i := range leaf.path { // what TestNull tries, and the same of groups
			others["without "+strings.Join(leaf.path[:i+1], ".")] = refusal{values: at(leaf.path[:i+1], nil)}
		}
		group := slices.Clone(leaf.path[:len(leaf.path)-1])
		if key := strings.Join(group, "."); key != "global" { // where other charts have keys
			others[key] = refusal{values: at(append(group, "unknownKey"), true), want: "unknownKey"}
		}
		for i, values := range misspelt(closed, leaf.path) {
			others[fmt.Sprint(strings.Join(leaf.path, "."), " ", i)] = refusal{values: values, want: "unknownKey"}
		}
	}
	var refused []any
	for _, r := range slices.Concat(newChecks(t, files).refused, slices.Collect(maps.Values(others))) {
		values, err := util.CoalesceValues(chart, r.values)
		must(t, err)
		data, err := json.Marshal(values)
		must(t, err)
		instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
		must(t, err)
		switch err := schema.Validate(instance); {
		case err != nil:
			refused = append(refused, instance)
		case r.want == "unknownKey":
			t.Errorf("taken: %v", r.values)
		}
	}
	return refused
}

func compile(t *testing.T, schema object) *jsonschema.Schema {
	t.Helper()
	data, err := json.Marshal(schema)
	must(t, err)
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	must(t, err)
	compiler := jsonschema.NewCompiler()
	must(t, compiler.AddResource("values.schema.json", document))
	compiled, err := compiler.Compile("values.schema.json")
	must(t, err)
	return compiled
}

// forEachConstraint visits the nodes of a schema. Under "properties", a key is the
// name of a value.
func forEachConstraint(node any, where string, visit func(where, key string, node object)) {
	constraints := []string{"pattern", "minimum", "maximum", "exclusiveMinimum", "minLength", "enum", "uniqueItems", "additionalProperties", "required"}
	group, ok := node.(object)
	if !ok {
		return
	}
	for _, key := range slices.Sorted(maps.Keys(group)) {
		if slices.Contains(constraints, key) && !strings.HasSuffix(where, "/properties") {
			visit(where, key, group)
		}
		forEachConstraint(group[key], where+"/"+key, visit)
	}
}
