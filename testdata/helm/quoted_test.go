package chart

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"helm.sh/helm/v4/pkg/chart/common/util"
)

// odd are names of objects and namespaces that YAML reads as something else.
func odd() []string { return []string{"123", "1e3", "0123", "null", "true"} }

// plain is a name that YAML reads as text, and that is nowhere in the chart.
const plain = "qzqzq"

// TestTextsStayTexts renders each variant with every text of the values, and the
// namespace, replaced by a name that YAML reads as text, and by one that it does not: but
// for the name, the objects must be the same.
func TestTextsStayTexts(t *testing.T) {
	t.Parallel()
	chart := load(t)
	compiled := compile(t, parse(t, chart["values.schema.json"]))
	for variant, path := range variants(t) {
		values := whole(t, chart, parse(t, read(t, path)))
		places := named(t, compiled, values)
		if len(places) < 10 {
			t.Errorf("%s: the names are %v, want 10 at least", variant, places)
		}
		for _, renamed := range []map[string]bool{places, nil} { // or the namespace alone, which other objects then are not in
			wantSame(t, chart, variant, values, renamed)
		}
	}
}

func wantSame(t *testing.T, chart source, variant string, values object, places map[string]bool) {
	t.Helper()
	want := objectsOf(t, chart, plain, values, places)
	for _, odd := range odd() {
		got := objectsOf(t, chart, odd, values, places)
		for i := range min(len(want), len(got)) {
			if want := substitute(t, want[i], odd); !reflect.DeepEqual(got[i], want) {
				t.Errorf("%s, with names %s:\n%s", variant, odd, difference(indented(t, want), indented(t, got[i])))
			}
		}
		if len(got) != len(want) {
			t.Errorf("%s, with names %s: %d objects, want %d", variant, odd, len(got), len(want))
		}
	}
}

// whole are values with the chart's own merged in.
func whole(t *testing.T, files source, values object) object {
	t.Helper()
	chart, err := files.chart()
	must(t, err)
	all, err := util.CoalesceValues(chart, values)
	must(t, err)
	data, err := json.Marshal(all)
	must(t, err)
	return parse(t, data)
}

// named are the places of texts that the schema lets be names. Quantities are left out,
// which are no names: the chart reckons with them. So are two texts that would take the
// role away, where they are empty, and the objects that the chart does not make.
func named(t *testing.T, schema *jsonschema.Schema, values object) map[string]bool {
	t.Helper()
	places := map[string]bool{}
	rename(values, "", func(place, text string) string {
		fits := !strings.HasPrefix(place, ".resources.") && !strings.HasPrefix(place, ".extraManifests.")
		if place == ".kubeconfig.existingSecret" || place == ".rbac.useExistingRole" {
			fits = text != ""
		}
		for _, odd := range append(odd(), plain) {
			data, err := json.Marshal(rename(values, "", renamed(odd, map[string]bool{place: true})))
			must(t, err)
			instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
			must(t, err)
			fits = fits && schema.Validate(instance) == nil
		}
		if fits {
			places[place] = true
		}
		return text
	})
	return places
}

// renamed puts a name in places.
func renamed(name string, places map[string]bool) func(place, text string) string {
	return func(place, text string) string {
		if places[place] {
			return name
		}
		return text
	}
}

// rename is a copy of values with other texts. Of texts in a list, which must often
// differ, it is the first.
func rename(value any, place string, text func(place, text string) string) any {
	switch value := value.(type) {
	case string:
		return text(place, value)
	case object:
		changed := object{}
		for key, item := range value {
			changed[key] = rename(item, place+"."+key, text)
		}
		return changed
	case []any:
		changed := slices.Clone(value)
		for i, item := range value {
			if _, ok := item.(string); !ok || i == 0 {
				changed[i] = rename(item, fmt.Sprint(place, ".", i), text)
			}
		}
		return changed
	default:
		return value
	}
}

// objectsOf renders values with a name in all places.
func objectsOf(t *testing.T, chart source, name string, values object, places map[string]bool) []object {
	t.Helper()
	changed, _ := rename(values, "", renamed(name, places)).(object)
	text, err := chart.renderIn(name, "release", changed)
	must(t, err)
	objects := decode(t, withoutNotes(text))
	for _, obj := range objects {
		if meta, _ := obj["metadata"].(object); meta["name"] == nil {
			t.Errorf("with names %s: %s has no name", name, obj["kind"])
		}
		if err := strict(obj); err != nil {
			t.Errorf("with names %s: %v", name, err)
		}
		normalMaps(obj)
	}
	return objects
}

// substitute puts a name in the place of the plain one.
func substitute(t *testing.T, obj object, name string) object {
	t.Helper()
	data, err := json.Marshal(obj)
	must(t, err)
	return parse(t, bytes.ReplaceAll(data, []byte(plain), []byte(name)))
}

func indented(t *testing.T, obj object) string {
	t.Helper()
	data, err := json.MarshalIndent(obj, "", " ")
	must(t, err)
	return strings.TrimSpace(string(data))
}
