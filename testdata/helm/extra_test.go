package chart

import (
	"reflect"
	"strings"
	"testing"
)

// extras are values in the map of an object, and what they become.
func extras() map[string]struct{ value, want any } {
	long := strings.Repeat("word ", 30)
	return map[string]struct{ value, want any }{
		"a long template":          {`{{ printf "%s %s" "` + long + `" .Release.Name }}`, long + " pod-count-exporter"},
		"one of several lines":     {"{{- if true }}\na: \"b\"\n{{- end }}\n", "\na: \"b\"\n"},
		"one in a list":            {[]any{"{{ .Release.Name }}", object{"a": "{{ .Chart.Name }}"}}, []any{"pod-count-exporter", object{"a": "pod-count-exporter"}}},
		"one that makes a number":  {"{{ 123 }}", "123"},
		"one that makes quotes":    {`{{ "\"a\": 'b' <c>" }}`, `"a": 'b' <c>`},
		"a name":                   {object{"{{ .Release.Name }}": "a"}, object{"pod-count-exporter": "a"}},
		"what is no text":          {[]any{1.0, 1.5, true, nil, object{}, []any{}, 1e15}, []any{1.0, 1.5, true, nil, object{}, []any{}, 1e15}},
		"a text without templates": {long, long},
	}
}

func withExtra(value any) object {
	return object{"extraManifests": []any{object{"kind": "Extra", "value": value}}}
}

// TestExtraManifests: each text in the map of an object is a template, however long it is
// and whatever is in it, and what it makes stays a text.
func TestExtraManifests(t *testing.T) {
	t.Parallel()
	chart := load(t)
	for name, tt := range extras() {
		text, err := chart.render(withExtra(tt.value))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		found := false
		for _, obj := range decode(t, withoutNotes(text)) {
			if obj["kind"] == "Extra" {
				if found = true; !reflect.DeepEqual(obj["value"], tt.want) {
					t.Errorf("%s: %#v, want %#v", name, obj["value"], tt.want)
				}
			}
		}
		if !found {
			t.Errorf("%s: there is no object in:\n%s", name, text)
		}
	}
}
