package chart

import (
	"fmt"
	"strings"
	"testing"
)

// own are the objects of a release, by kind, namespace and name.
func own(t *testing.T, chart source, namespace, release string, values object) []string {
	t.Helper()
	text, err := chart.renderIn(namespace, release, values)
	must(t, err)
	var own []string
	for _, obj := range decode(t, withoutNotes(text)) {
		meta, _ := obj["metadata"].(object)
		own = append(own, fmt.Sprint(obj["kind"], " ", meta["namespace"], "/", meta["name"]))
	}
	return own
}

// TestLongNamesDiffer: what names differ in may be where they are cut.
func TestLongNamesDiffer(t *testing.T) {
	t.Parallel()
	chart, seen := load(t), map[string]string{}
	for _, end := range []string{"", "-a", "-b"} {
		for _, length := range []int{47, 49, 50, 51} {
			long := strings.Repeat("a", length)
			for release, values := range map[string]object{
				long + end: {},
				"r":        {"fullnameOverride": long + end},
				"s":        {"nameOverride": long + strings.Repeat("b", 20) + end},
			} {
				for _, id := range own(t, chart, name, release, values) {
					from := fmt.Sprint(release, " ", values)
					if other, ok := seen[id]; ok {
						t.Errorf("%s and %s both have %s", from, other, id)
					}
					seen[id] = from
					if _, object, _ := strings.Cut(id, "/"); !strings.Contains(id, "<nil>") && len(object) > 50 || strings.HasSuffix(object, "-") {
						t.Errorf("%s has the name %s, of %d characters", from, object, len(object))
					}
				}
			}
		}
	}
}

// TestOneReleaseNameInTwoNamespaces: objects that are in no namespace, or in another one
// than the release, have its namespace in their names.
func TestOneReleaseNameInTwoNamespaces(t *testing.T) {
	t.Parallel()
	chart := load(t)
	for variant, path := range variants(t) {
		if variant == "names" || variant == "image" { // which say the namespace, or a name, themselves
			continue
		}
		for _, release := range []string{name, "r"} {
			seen := map[string]bool{}
			for _, namespace := range []string{name, "a", "b"} {
				for _, id := range own(t, chart, namespace, release, parse(t, read(t, path))) {
					if seen[id] {
						t.Errorf("%s: two releases called %s both have %s", variant, release, id)
					}
					seen[id] = true
				}
			}
		}
	}
}
