package podcount

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

// oracle reads a document a second way, with encoding/json and no shared code.
type oracle map[string]any

// newOracle returns false if the text is not a JSON object.
func newOracle(text []byte) (oracle, bool) {
	var o oracle
	err := json.Unmarshal(text, &o)
	return o, err == nil && o != nil
}

func (o oracle) object(key string) oracle {
	m, _ := o[key].(map[string]any)
	return m
}

func (o oracle) text(key string) string {
	s, _ := o[key].(string)
	return s
}

func (o oracle) list(key string) []oracle {
	var all []oracle
	values, _ := o[key].([]any)
	for _, value := range values {
		m, _ := value.(map[string]any)
		all = append(all, m)
	}
	return all
}

// activePods counts as decodePods does.
func (o oracle) activePods() map[string]int {
	counts := make(map[string]int)
	for _, item := range o.list("items") {
		if phase := item.object("status").text("phase"); phase != "Succeeded" && phase != "Failed" {
			counts[item.object("spec").text("nodeName")]++
		}
	}
	column := -1
	for i, definition := range o.list("columnDefinitions") {
		if definition.text("name") == "Node" {
			column = i
		}
	}
	for _, row := range o.list("rows") {
		if row.finished() {
			continue
		}
		cells, _ := row["cells"].([]any)
		node, _ := cells[column].(string)
		if node == "<none>" {
			node = ""
		}
		counts[node]++
	}
	return counts
}

// finished says whether a row has the condition Completed.
func (o oracle) finished() bool {
	for _, condition := range o.list("conditions") {
		if condition.text("type") == "Completed" && condition.text("status") == "True" {
			return true
		}
	}
	return false
}

// strict says whether an error is one of the intended differences: the decoder
// refuses what encoding/json accepts.
func strict(err error) bool {
	for _, reason := range []string{
		"duplicate key", "invalid UTF-8", "surrogate", // read differently by different readers
		"found a JSON", // a value of another type than in the API
		"no Table and no list", "but its kind is", "ends before", "cannot be printed", "not printable", "both rows and items", "before its column definitions",
		"no column named Node", "two columns named Node", "a row has", // not the shape of a list
		"longer than", "more rows", "more nodes", "more than 200 members", "a node has no name", "depth", // limits
	} {
		if strings.Contains(err.Error(), reason) {
			return true
		}
	}
	return false
}

// compare compares the results of both readers.
func compare(t *testing.T, text []byte, doc document, err error) (o oracle, both bool) {
	t.Helper()
	o, ok := newOracle(text)
	switch {
	case err == nil && !ok:
		t.Fatalf("taken, but encoding/json refuses it: %q", text)
	case err != nil && ok && !strict(err):
		t.Fatalf("refused with %v, but encoding/json takes it: %q", err, text)
	case err != nil:
		return nil, false
	}
	meta := o.object("metadata")
	if doc.next != meta.text("continue") || doc.resourceVersion != meta.text("resourceVersion") || doc.kind != o.text("kind") {
		t.Errorf("read %+v of %q", doc, text)
	}
	return o, true
}

func fuzzPods(f *testing.F, seeds ...string) {
	for _, seed := range seeds {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		counts, doc, err := decodePods(strings.NewReader(string(text)))
		if o, both := compare(t, text, doc, err); both && doc.kind != "Status" {
			if want := o.activePods(); fmt.Sprint(counts) != fmt.Sprint(want) {
				t.Errorf("counted %v, want %v, in %q", counts, want, text)
			}
		}
		renewing := newDecoder(strings.NewReader(string(text)))
		renewing.kept = 0 // new buffers after each row
		again, same, failed := decodePodsWith(renewing)
		if fmt.Sprint(counts) != fmt.Sprint(again) || err == nil && same != doc || (err == nil) != (failed == nil) {
			t.Errorf("with new buffers: %v, %+v, %v, and %v, %+v, %v without, in %q", again, same, failed, counts, doc, err, text)
		}
	})
}

func FuzzTableDecoder(f *testing.F) {
	long := `{"cells":["` + strings.Repeat("p", 3000) + `","n",""]}` // after which much is read at once
	fuzzPods(f, tableOf(3), page("["+long+strings.Repeat(`,{"cells":["p","a",""]}`, 100)+"]"), page(`[]`), page(`[{"cells":["p","<none>",""]}]`),
		`{"kind":"Table","metadata":{"continue":"t"},"columnDefinitions":[{"name":"Node"}],"rows":[{"cells":["\u0061"]}]}`,
		`{"kind":"Status","message":"x","code":410,"details":{"retryAfterSeconds":1}}`)
}

func FuzzPodListDecoder(f *testing.F) {
	fuzzPods(f, podListOf(3), pods(`[]`), pods(`[{"status":{"phase":"Failed"},"spec":{"nodeName":"a"}},{"spec":null},{}]`))
}

func FuzzNodeListDecoder(f *testing.F) {
	for _, seed := range []string{nodes(`[]`), nodes(`[{"metadata":{"name":"a"},"status":{"allocatable":{"pods":"1k"}}},{"metadata":{"name":"b"}}]`)} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		got, doc, err := decodeNodes(strings.NewReader(string(text)))
		o, both := compare(t, text, doc, err)
		if !both || doc.kind == "Status" {
			return
		}
		want := make(map[string]string) // name to allocatable pods
		for _, item := range o.list("items") {
			want[item.object("metadata").text("name")] = item.object("status").object("allocatable").text("pods")
		}
		if len(got.nodes) != len(want) {
			t.Fatalf("read %v, want %v, in %q", got.nodes, want, text)
		}
		for name, node := range got.nodes {
			quantity := want[name]
			if node.Name != name {
				t.Errorf("read %+v, want %s", node, name)
			}
			if number, err := strconv.ParseInt(quantity, 10, 64); err == nil && number >= 0 && (!node.HasAllocatable || number != node.AllocatablePods) {
				t.Errorf("read %+v, want %d pods", node, number)
			}
			if node.AllocatablePods < 0 {
				t.Errorf("read %+v", node)
			}
		}
	})
}

func FuzzRetryAfter(f *testing.F) {
	for _, seed := range []string{"", "7", "-1", "99999999999999999999", "1.5", "Sat, 01 Aug 2026 12:00:20 GMT"} {
		f.Add(seed)
	}
	now := time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, header string) {
		got := retryAfter(header, now)
		if got < 0 || got > maxRetryAfter {
			t.Fatalf("%q: %s", header, got)
		}
		var want time.Duration
		if seconds, err := strconv.ParseFloat(header, 64); err == nil && strings.Trim(header, "0123456789") == "" {
			want = time.Duration(min(max(0, seconds), 60)) * time.Second
		} else if date, err := http.ParseTime(header); err == nil {
			want = min(max(0, date.Sub(now)), time.Minute)
		}
		if got != want {
			t.Errorf("%q: got %s, want %s", header, got, want)
		}
	})
}
