package podcount

import (
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// readDocument reads one whole answer.
func readDocument(d *decoder, c content) (document, error) {
	doc, err := d.next(c)
	if err == nil {
		err = d.end()
	}
	return doc, err
}

// decodePods reads one page of pods and gives the pods per node, "" for none.
func decodePods(r io.Reader) (map[string]int, document, error) {
	return decodePodsWith(newDecoder(r))
}

func decodePodsWith(d *decoder) (map[string]int, document, error) {
	t := newTally(newAccount(nil).open())
	doc, err := readDocument(d, t.content())
	if err != nil {
		return nil, doc, err
	}
	t.commit()
	counts := make(map[string]int)
	for i, name := range t.list {
		counts[name] = t.total[i]
	}
	if t.unscheduled() == 0 {
		delete(counts, "")
	}
	return counts, doc, nil
}

// decodeNodes reads one page of nodes.
func decodeNodes(r io.Reader) (*nodeSet, document, error) {
	set := newNodeSet(newAccount(nil).open())
	doc, err := readDocument(newDecoder(r), set.content())
	if err != nil {
		return nil, doc, err
	}
	set.commit()
	return set, doc, nil
}

// page puts rows between the beginning and the end of a Table of pods. The second of
// its three columns is the node.
func page(rows string) string {
	return `{"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":{"resourceVersion":"8"},"columnDefinitions":[` +
		`{"name":"Name","type":"string","priority":0},{"name":"Node","type":"string","priority":1},{"name":"Age"}],` +
		`"rows":` + rows + `}`
}

func pods(items string) string {
	return `{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"8"},"items":` + items + `}`
}

func nodes(items string) string {
	return `{"kind":"NodeList","apiVersion":"v1","metadata":{"resourceVersion":"8"},"items":` + items + `}`
}

// decoding is one answer, and either its content or why it is refused.
type decoding struct {
	name string
	body string
	want string // as fmt prints the map
	err  string // part of the error's text; empty when the answer is good
}

// check compares one answer, read at once and byte by byte, as what has been read moves
// when more is; decode gives what the answer says.
func (d decoding) check(t *testing.T, decode func(io.Reader) (string, error)) {
	t.Helper()
	for _, r := range []io.Reader{strings.NewReader(d.body), iotest.OneByteReader(strings.NewReader(d.body))} {
		d.compare(t, r, decode)
	}
}

func (d decoding) compare(t *testing.T, r io.Reader, decode func(io.Reader) (string, error)) {
	t.Helper()
	got, err := decode(r)
	switch {
	case d.err == "" && err != nil:
		t.Fatalf("refused: %v", err)
	case d.err != "" && err == nil:
		t.Fatalf("taken as %s, want an error with %q", got, d.err)
	case d.err != "" && !strings.Contains(err.Error(), d.err):
		t.Fatalf("error %q, want one with %q", err, d.err)
	case d.err == "" && got != d.want:
		t.Fatalf("got %s, want %s", got, d.want)
	}
}

func podsText(r io.Reader) (string, error) {
	counts, _, err := decodePods(r)
	return fmt.Sprint(counts), err
}

func nodesText(r io.Reader) (string, error) {
	set, _, err := decodeNodes(r)
	if err != nil {
		return "", err
	}
	var texts []string
	odd := 0
	for name, node := range set.nodes {
		if node.odd {
			odd++
		}
		text := name + "=?"
		if node.HasAllocatable {
			text = fmt.Sprintf("%s=%d", name, node.AllocatablePods)
		}
		texts = append(texts, text)
	}
	slices.Sort(texts)
	texts = append(texts, slices.Repeat([]string{"odd"}, odd)...)
	return strings.Join(texts, " "), nil
}

func TestTable(t *testing.T) {
	long := strings.Repeat("n", maxNodeName)
	tests := []decoding{
		{"rows of every kind", page(`[{"cells":["p","a",1],"object":null},{"cells":["q","a",null]},{"cells":["r","b",{}]},{"cells":["s","<none>","1d"]}]`), "map[:1 a:2 b:1]", ""},
		{"no rows", page(`[]`), "map[]", ""},
		{"null rows", page(`null`), "map[]", ""},
		{"finished pods", page(`[{"cells":["p","a",""],"conditions":[{"type":"Completed","status":"True","reason":"Succeeded"}],"object":null},{"cells":["q","a",""],"conditions":null},
			{"conditions":[{"type":"Ready","status":"True"},{"status":"True","type":"Completed"}],"cells":["r","a",""]},{"cells":["s","b",""],"conditions":[{"type":"Completed","status":"False"},{}]}]`), "map[a:1 b:1]", ""},
		{"an empty node is none", page(`[{"cells":["p","",""]}]`), "map[:1]", ""},
		{"escapes", page(`[{"cells":["p\"\u0041","\u0061\u002d1",""]}]`), "map[a-1:1]", ""},
		{"members around the cells", page(`[{"x":{"cells":[1]},"cells":["p","a",""],"conditions":[{"type":"Completed"},{"type":7,"status":null}],"object":{"kind":"PartialObjectMetadata"}}]`), "map[a:1]", ""},
		{"white space", " \n" + page("\t[ \r\n]") + "\n", "map[]", ""},
		{"column moved", `{"kind":"Table","columnDefinitions":[{"name":"Node"},{"name":"Name"}],"rows":[{"cells":["a","b"]}]}`, "map[a:1]", ""},
		{"kind at the end", `{"columnDefinitions":[{"name":"Node"}],"rows":[{"cells":["a"]}],"kind":"Table"}`, "map[a:1]", ""},
		{"longest name", page(`[{"cells":["p","` + long + `",""]}]`), "map[" + long + ":1]", ""},
		{"name too long", page(`[{"cells":["p","` + long + `n",""]}]`), "", "longer than 253 bytes"},
		{"no node column", `{"kind":"Table","columnDefinitions":[{"name":"node"},{"name":null}],"rows":[]}`, "", "no column named Node"},
		{"null column definitions", `{"kind":"Table","columnDefinitions":null,"rows":[]}`, "", "no column named Node"},
		{"empty column definitions", `{"kind":"Table","columnDefinitions":[],"rows":[]}`, "", "no column named Node"},
		{"two node columns", `{"kind":"Table","columnDefinitions":[{"name":"Node"},{"name":"Node"}],"rows":[]}`, "", "two columns named Node"},
		{"rows before columns", `{"kind":"Table","rows":[{"cells":["a"]}],"columnDefinitions":[{"name":"Node"}]}`, "", "before its column definitions"},
		{"no columns", `{"kind":"Table","rows":[{"cells":["a"]}]}`, "", "before its column definitions"},
		{"node is a number", page(`[{"cells":["p",7,""]}]`), "", "cell Node: found a JSON number"},
		{"node is null", page(`[{"cells":["p",null,""]}]`), "", "cell Node: found a JSON null"},
		{"node is an object", page(`[{"cells":["p",{"name":"a"},""]}]`), "", "cell Node: found a JSON {"},
		{"too few cells", page(`[{"cells":["p","a"]}]`), "", "has 2 cells, not 3"},
		{"too many cells", page(`[{"cells":["p","a","",""]}]`), "", "more than 3 cells"},
		{"no cells", page(`[{"object":null}]`), "", "no cells"},
		{"null cells", page(`[{"cells":null}]`), "", "found a JSON null where a ["},
		{"cells are an object", page(`[{"cells":{}}]`), "", "found a JSON { where a ["},
		{"null row", page(`[null]`), "", "found a JSON null where a {"},
		{"rows are an object", page(`{}`), "", "found a JSON { where a ["},
		{"duplicate cells", page(`[{"cells":["p","a",""],"cells":["p","a",""]}]`), "", "duplicate"},
		{"duplicate rows", strings.TrimSuffix(page(`[]`), "}") + `,"rows":[]}`, "", "duplicate"},
		{"duplicate kind", strings.TrimSuffix(page(`[]`), "}") + `,"kind":"Table"}`, "", "duplicate"},
		{"rows and items", strings.TrimSuffix(page(`[]`), "}") + `,"items":[]}`, "", "both rows and items"},
		{"kind of another list", strings.Replace(page(`[]`), `"Table"`, `"PodList"`, 1), "", `rows but its kind is "PodList"`},
		{"no kind", strings.Replace(page(`[{"cells":["p","a",1]}]`), `"kind":"Table",`, "", 1), "map[a:1]", ""},
		{"no kind and null rows", strings.Replace(page(`null`), `"kind":"Table",`, "", 1), "", `rows but its kind is ""`},
		{"no kind and no metadata", `{"columnDefinitions":[{"name":"Node"}],"rows":[]}`, "", `rows but its kind is ""`},
		{"rows of a List", strings.Replace(page(`[]`), `"Table"`, `"List"`, 1), "", `rows but its kind is "List"`},
		{"truncated in a row", page(`[{"cells":["p","a`)[:150], "", "unexpected EOF"},
		{"truncated before the end", strings.TrimSuffix(page(`[]`), "}"), "", "unexpected EOF"},
		{"empty", "", "", "EOF"},
		{"trailing document", page(`[]`) + page(`[]`), "", "data after the end"},
		{"trailing garbage", page(`[]`) + "<html>", "", "invalid character"},
		{"invalid UTF-8 in the node", page("[{\"cells\":[\"p\",\"a\xff\",\"\"]}]"), "", "invalid UTF-8"},
		{"invalid UTF-8 in another cell", page("[{\"cells\":[\"p\xff\",\"a\",\"\"]}]"), "", "invalid UTF-8"},
		{"half a surrogate", page(`[{"cells":["p","a\ud800",""]}]`), "", "surrogate"},
		{"nesting too deep", page(`[{"cells":["p","a",` + strings.Repeat("[", 20_000)), "", "depth"},
		{"HTML", "<!doctype html><p>Bad gateway", "", "invalid character"},
		{"an array", `[]`, "", "found a JSON [ where a {"},
		{"null", `null`, "", "found a JSON null where a {"},
		{"another object", `{"kind":"Pod","metadata":{"name":"p"}}`, "", "no Table and no list"},
		{"continue is a number", `{"kind":"Table","metadata":{"continue":1}}`, "", "found a JSON number where a string"},
		{"code is a word", `{"kind":"Table","code":"Unavailable"}`, "", "no Table and no list"},
		{"cut short", strings.Replace(page(`[]`), `"8"}`, `"8","remainingItemCount":1}`, 1), "", "ends before"},
		{`cut short, 1e2 remain`, strings.Replace(page(`[]`), `"8"}`, `"8","remainingItemCount":1e2}`, 1), "", "ends before"},
		{`cut short, 100.0 remain`, strings.Replace(page(`[]`), `"8"}`, `"8","remainingItemCount":100.0}`, 1), "", "ends before"},
		{`cut short, "100" remain`, strings.Replace(page(`[]`), `"8"}`, `"8","remainingItemCount":"100"}`, 1), "", "ends before"},
		{`cut short, 99999999999999999999 remain`, strings.Replace(page(`[]`), `"8"}`, `"8","remainingItemCount":99999999999999999999}`, 1), "", "ends before"},
		{`cut short, {} remain`, strings.Replace(page(`[]`), `"8"}`, `"8","remainingItemCount":{}}`, 1), "", "ends before"},
		{`cut short, true remain`, strings.Replace(page(`[]`), `"8"}`, `"8","remainingItemCount":true}`, 1), "", "ends before"},
		{"nothing remains", strings.Replace(page(`[]`), `"8"}`, `"8","remainingItemCount":0}`, 1), "map[]", ""},
		{"remaining is null", strings.Replace(page(`[]`), `"8"}`, `"8","remainingItemCount":null}`, 1), "map[]", ""},
		{"long resourceVersion", strings.Replace(page(`[]`), `"8"`, `"`+strings.Repeat("7", 257)+`"`, 1), "", "resourceVersion is longer"},
		{"resourceVersion with an escape", strings.Replace(page(`[]`), `"8"`, `"8\u001b[31m"`, 1), "", "not printable"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { test.check(t, podsText) })
	}
}

func TestPodList(t *testing.T) {
	tests := []decoding{
		{"pods of every phase", pods(`[{"spec":{"nodeName":"a"},"status":{"phase":"Running"}},{"spec":{"nodeName":"a"},"status":{"phase":"Pending"}},
			{"spec":{"nodeName":"a"},"status":{"phase":"Succeeded"}},{"spec":{"nodeName":"b"},"status":{"phase":"Failed"}},
			{"spec":{"nodeName":"b"},"status":{"phase":"Unknown"}},{"spec":{},"status":{"phase":"Pending"}}]`), "map[:1 a:2 b:1]", ""},
		{"status before spec", pods(`[{"status":{"phase":"Failed"},"spec":{"nodeName":"a"}},{"status":{"phase":"Running"},"spec":{"nodeName":"a"}}]`), "map[a:1]", ""},
		{"a pod does not take the node of the one before", pods(`[{"spec":{"nodeName":"a"}},{"spec":{}}]`), "map[:1 a:1]", ""},
		{"nothing but the pod", pods(`[{}]`), "map[:1]", ""},
		{"null parts", pods(`[{"metadata":null,"spec":null,"status":null}]`), "map[:1]", ""},
		{"names in other places", pods(`[{"metadata":{"nodeName":"x","spec":{"nodeName":"y"}},"spec":{"affinity":{"nodeName":"z"},"nodeName":"a"}}]`), "map[a:1]", ""},
		{"a node named like the cell of none", pods(`[{"spec":{"nodeName":"<none>"}}]`), "map[<none>:1]", ""},
		{"no items", pods(`[]`), "map[]", ""},
		{"null items", pods(`null`), "map[]", ""},
		{"null items of a List", strings.Replace(pods(`null`), "PodList", "List", 1), "", `items but its kind is "List"`},
		{"a List", strings.Replace(pods(`[{"kind":"Pod","spec":{"nodeName":"a"}}]`), "PodList", "List", 1), "map[a:1]", ""},
		{"no kind", strings.Replace(pods(`[{"spec":{"nodeName":"a"}}]`), `"kind":"PodList",`, "", 1), "map[a:1]", ""},
		{"nothing but items", `{"items":[]}`, "", `items but its kind is ""`},
		{"no items at all", `{"kind":"PodList","metadata":{}}`, "", "no Table and no list"},
		{"node is a number", pods(`[{"spec":{"nodeName":1}}]`), "", "nodeName: found a JSON number"},
		{"node is null", pods(`[{"spec":{"nodeName":null}},{"spec":{"nodeName":"a"},"status":{"phase":null}}]`), "map[:1 a:1]", ""},
		{"phase is an object", pods(`[{"status":{"phase":{}}}]`), "", "phase: found a JSON {"},
		{"spec is an array", pods(`[{"spec":[]}]`), "", "found a JSON [ where a {"},
		{"a pod is null", pods(`[null]`), "", "found a JSON null where a {"},
		{"name too long", pods(`[{"spec":{"nodeName":"` + strings.Repeat("n", 254) + `"}}]`), "", "longer than 253 bytes"},
		{"duplicate spec", pods(`[{"spec":{"nodeName":"a"},"spec":{"nodeName":"b"}}]`), "", "duplicate"},
		{"duplicate in what is skipped", pods(`[{"metadata":{"a":1,"a":2},"spec":{"nodeName":"a"}}]`), "map[a:1]", ""},
		{"duplicate with an escape", pods(`[{"spec":{"nodeName":"a","node\u004eame":"b"}}]`), "", "duplicate key \"nodeName\""},
		{"duplicate after another object", pods(`[{"spec":{"nodeName":"a"},"status":{"phase":"Running"},"spec":{}}]`), "", "duplicate key \"spec\""},
		{"key that is the end of one", pods(`[{"node":1,"n":2,"ode":3,"":4,"no":5,"spec":{"nodeName":"a"}}]`), "map[a:1]", ""},
		{"duplicate of no length", pods(`[{"":1,"spec":{"nodeName":"a"},"":2}]`), "", "duplicate key \"\""},
		{"the same keys in one object and the next", pods(`[{"spec":{"nodeName":"a"}},{"spec":{"nodeName":"a"}}]`), "map[a:2]", ""},
		{"many members that are read", pods(`[{"spec":{` + members(200) + `}}]`), "map[:1]", ""},
		{"too many members that are read", pods(`[{"spec":{` + members(201) + `}}]`), "", "more than 200 members"},
		{"many members that are skipped", pods(`[{"metadata":{` + members(2000) + `}}]`), "map[:1]", ""},
		{"truncated", pods(`[{"spec":{"nodeName":"a"}}]`)[:90], "", "unexpected EOF"},
		{"a list of nodes", nodes(`[]`), "", `items but its kind is "NodeList"`},
		{"kind with control characters", `{"kind":"a\n\u001b","items":[]}`, "", `its kind is *** (left out, as it is no plain word)`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { test.check(t, podsText) })
	}
}

// members are those of an object, each with another key.
func members(n int) string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf(`"k%d":1`, i)
	}
	return strings.Join(all, ",")
}

func TestNodeList(t *testing.T) {
	node := func(pods string) string {
		return nodes(`[{"metadata":{"name":"a"},"status":{"allocatable":{"cpu":"4","pods":` + pods + `}}}]`)
	}
	tests := []decoding{
		{"nodes", nodes(`[{"metadata":{"name":"b","labels":{"name":"x"}},"status":{"capacity":{"pods":"250"},"allocatable":{"pods":"110"}}},{"metadata":{"name":"a"}}]`), "a=? b=110", ""},
		{"status before metadata", nodes(`[{"status":{"allocatable":{"pods":"110"}},"metadata":{"name":"a"}}]`), "a=110", ""},
		{"a thousand", node(`"1k"`), "a=1000", ""},
		{"exponent", node(`"2e2"`), "a=200", ""},
		{"none allocatable", node(`"0"`), "a=0", ""},
		{"rounded up", node(`"1500m"`), "a=2", ""},
		{"empty quantity", node(`""`), "a=?", ""},
		{"null parts", nodes(`[{"metadata":{"name":"a"},"spec":null,"status":{"allocatable":null}}]`), "a=?", ""},
		{"no items", nodes(`[]`), "", ""},
		{"null items", nodes(`null`), "", ""},
		{"one node twice", nodes(`[{"metadata":{"name":"a"}},{"metadata":{"name":"a"}}]`), "a=?", ""},
		{"negative", node(`"-1"`), "a=? odd", ""},
		{"no quantity", node(`"many"`), "a=? odd", ""},
		{"a number", node(`110`), "a=110", ""},
		{"a number with an exponent", node(`1e2`), "a=100", ""},
		{"the longest exponent", node(`"1e+02"`), "a=100", ""},
		{"a longer exponent", node(`"1e+002"`), "a=? odd", ""},
		{"null", node(`null`), "a=?", ""},
		{"true", node(`true`), "a=? odd", ""},
		{"an object", node(`{"value":110}`), "a=? odd", ""},
		{"the greatest", node(`"9223372036854775807"`), "a=9223372036854775807", ""},
		{"overflow", node(`"1e30"`), "a=? odd", ""},
		{"overflow of a number", node(`1e30`), "a=? odd", ""},
		{"hours to multiply out", node(`"0.1e-999999999"`), "a=? odd", ""},
		{"hours to multiply out, short", node(`"1.1e-99999999"`), "a=? odd", ""},
		{"long quantity", node(`"` + strings.Repeat("9", 64<<10) + `"`), "a=? odd", ""},
		{"one odd of two", nodes(`[{"metadata":{"name":"a"},"status":{"allocatable":{"pods":"1e30"}}},{"metadata":{"name":"b"},"status":{"allocatable":{"pods":"110"}}}]`), "a=? b=110 odd", ""},
		{"no name", nodes(`[{"metadata":{}}]`), "", "no name"},
		{"no metadata", nodes(`[{"status":{"allocatable":{"pods":"110"}}}]`), "", "no name"},
		{"name too long", nodes(`[{"metadata":{"name":"` + strings.Repeat("n", 254) + `"}}]`), "", "longer than 253 bytes"},
		{"name is null", nodes(`[{"metadata":{"name":null}}]`), "", "a node has no name"},
		{"duplicate name", nodes(`[{"metadata":{"name":"a","name":"b"}}]`), "", "duplicate"},
		{"a Table", page(`[]`), "", "rows, and none were asked for"},
		{"a list of pods", pods(`[]`), "", `items but its kind is "PodList"`},
		{"truncated", nodes(`[{"metadata":{"name":"a"}}]`)[:80], "", "unexpected EOF"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { test.check(t, nodesText) })
	}
}

func TestDocument(t *testing.T) {
	t.Run("list meta", func(t *testing.T) {
		_, doc, err := decodePods(strings.NewReader(`{"kind":"PodList","metadata":{"selfLink":"","resourceVersion":"12","continue":"abc","remainingItemCount":7},"items":[{},{"status":{"phase":"Failed"}}]}`))
		if err != nil || doc.resourceVersion != "12" || doc.next != "abc" || doc.rows != 2 {
			t.Errorf("got %+v, %v", doc, err)
		}
	})
	t.Run("status", func(t *testing.T) {
		_, doc, err := decodePods(strings.NewReader(`{"kind":"Status","apiVersion":"v1","metadata":{"continue":"t"},"status":"Failure","message":"too old","reason":"Expired","details":{"name":"x","retryAfterSeconds":3},"code":410}`))
		want := document{kind: "Status", next: "t", meta: true, message: "too old", code: 410, retryAfter: "3"}
		doc.size = 0
		if err != nil || doc != want {
			t.Errorf("got %+v, %v, want %+v", doc, err, want)
		}
	})
}

// endless returns head, then part over and over, up to a limit that no decoder may
// come near. It notes the largest heap in the meantime.
type endless struct {
	head   string
	part   func(n int) string
	next   int
	read   int
	sample int // read at the next measurement
	heap   uint64
}

func (e *endless) Read(p []byte) (int, error) {
	const limit, step = 1 << 26, 1 << 20
	if e.read > limit {
		return 0, fmt.Errorf("still reading after %d bytes", e.read)
	}
	if e.read >= e.sample {
		e.sample += step
		e.heap = max(e.heap, heapInUse())
	}
	if e.head == "" {
		e.head = e.part(e.next)
		e.next++
	}
	n := copy(p, e.head)
	e.head = e.head[n:]
	e.read += n
	return n, nil
}

// heapInUse is what is reachable and not yet swept.
func heapInUse() uint64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

// TestMemoryIsBounded feeds values without end. They are refused at the window, and
// take little memory until then.
func TestMemoryIsBounded(t *testing.T) {
	always := func(text string) func(int) string {
		text = strings.Repeat(text, 1+(64<<10)/len(text))
		return func(int) string { return text }
	}
	numbered := func(format string) func(int) string {
		return func(n int) string { return fmt.Sprintf(format, n) }
	}
	tests := []struct {
		name   string
		head   string
		part   func(int) string
		decode func(io.Reader) (string, error)
		want   error // errTooLarge if nil
	}{
		{"node cell", strings.TrimSuffix(page(`[{"cells":["p","`), "}"), always("n"), podsText, nil},
		{"another cell", strings.TrimSuffix(page(`[{"cells":["`), "}"), always("n"), podsText, nil},
		{"object cell", strings.TrimSuffix(page(`[{"cells":["p","a",[0`), "}"), always(",[1]"), podsText, nil},
		{"escaped cell", strings.TrimSuffix(page(`[{"cells":["p","`), "}"), always(`\u0061`), podsText, nil},
		{"space between rows", strings.TrimSuffix(page(`[`), "}"), always(" "), podsText, nil},
		{"space after the end", page(`[]`), always("\n"), podsText, nil},
		{"kind", `{"kind":"`, always("k"), podsText, nil},
		{"key", `{"`, always("k"), podsText, nil},
		{"token", `{"metadata":{"continue":"`, always("t"), podsText, nil},
		{"skipped member", `{"x":[0`, always(",0"), podsText, nil},
		{"column definitions", `{"columnDefinitions":[{"name":"Node"}`, always(`,{"name":"x"}`), podsText, nil},
		{"node name", `{"items":[{"metadata":{"name":"`, always("n"), nodesText, nil},
		{"images", `{"items":[{"metadata":{"name":"a"},"status":{"images":[0`, always(`,{"names":["x"]}`), nodesText, nil},
		{"members without end", `{"x":0`, numbered(`,"k%050d":0`), podsText, errManyMembers},
		{"long keys without end", `{"x":0`, numbered(`,"k%0400d":0`), podsText, errLongKeys},
		{"members of a row", strings.TrimSuffix(page(`[{"x":0`), "}"), numbered(`,"k%050d":0`), podsText, errManyMembers},
		{"members of what is skipped", `{"x":{"y":0`, numbered(`,"%x":0`), podsText, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			source := &endless{head: test.head, part: test.part}
			before := heapInUse()
			_, err := test.decode(source)
			want := test.want
			if want == nil {
				want = errTooLarge
			}
			if err == nil || !strings.Contains(err.Error(), want.Error()) {
				t.Errorf("after %d bytes: %v, want %v", source.read, err, want)
			}
			if grown := int64(source.heap - before); grown > 16<<20 {
				t.Errorf("the heap grew by %d bytes", grown)
			}
		})
	}
}
