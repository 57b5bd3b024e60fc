package collector

import (
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/kube-node-manager/pod_count_exporter/collector/store"
)

// TestAPIDocument compares the fields that docs/api.md describes with those of the
// answers, in both directions.
func TestAPIDocument(t *testing.T) {
	text, err := os.ReadFile("../docs/api.md")
	if err != nil {
		t.Fatal(err)
	}
	var documented []string
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-zA-Z]+)` \\|").FindAllSubmatch(text, -1) {
		documented = append(documented, string(m[1]))
	}
	var fields []string
	for _, answer := range []any{clusterAnswer{}, countAnswer{}, runningAnswer{}, nodeAnswer{}} {
		fields = append(fields, jsonNames(reflect.TypeOf(answer))...)
	}
	slices.Sort(documented)
	slices.Sort(fields)
	if !slices.Equal(documented, fields) {
		t.Errorf("docs/api.md describes\n%v, and the answers have\n%v", documented, fields)
	}
	for _, state := range []store.State{store.Pending, store.Fresh, store.Stale, store.Withdrawn} {
		if !strings.Contains(string(text), "`"+string(state)+"`: ") {
			t.Errorf("docs/api.md does not describe the state %s", state)
		}
	}
}

// jsonNames are the names of a struct's own fields, without those of embedded
// structs.
func jsonNames(of reflect.Type) (names []string) {
	for i := range of.NumField() {
		if name, _, _ := strings.Cut(of.Field(i).Tag.Get("json"), ","); name != "" {
			names = append(names, name)
		}
	}
	return names
}
