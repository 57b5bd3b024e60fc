package podcount

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"
)

// A stream as kube-apiserver 1.37 sent it, one event a line, is in testdata/events: rows
// from a resourceVersion on and from a streamed start, whole pods, nodes, and a 410.

// eventCase is a stream of events, and how it comes.
type eventCase struct {
	text   []byte
	nodes  bool // it is about nodes
	packed bool // by gzip
	cut    int  // bytes that are missing at the end
	renews bool // the decoder's buffers, after each event

	measured bool // what it allocates
}

// body returns what is read, and whether its end is missing.
func (c eventCase) body() (body []byte, short bool) {
	body = c.text
	if c.packed {
		var packed bytes.Buffer
		z := gzip.NewWriter(&packed)
		_, _ = z.Write(c.text) // a buffer takes everything
		_ = z.Close()
		body = packed.Bytes()
	}
	cut := min(c.cut, len(body))
	return body[:len(body)-cut], cut > 0
}

// told is what an event means, read a second way.
type told struct {
	kind     EventType
	version  string
	node     string
	finished bool
	initial  bool
}

// eventOracle reads events with encoding/json. It takes what it is told to be right.
type eventOracle struct {
	kind, column string
	defined      bool
	at           int
	waiting      []func() // wait for column definitions
}

func (o *eventOracle) read(text []byte, count int) (all []*told, last oracle) {
	events := json.NewDecoder(bytes.NewReader(text))
	for len(all) <= count {
		last = nil
		if events.Decode(&last) != nil {
			return all, nil
		}
		all = append(all, o.meaning(last))
	}
	return all, last
}

func (o *eventOracle) meaning(e oracle) *told {
	what := e.object("object")
	o.define(what.list("columnDefinitions"))
	meta, rows := what.object("metadata"), what.list("rows")
	c := &told{kind: EventType(e.text("type")), version: meta.text("resourceVersion")}
	own, table := meta, what.text("kind") == "Table"
	if table && len(rows) == 1 {
		own = rows[0].object("object").object("metadata")
	}
	_, c.initial = own.object("annotations")["k8s.io/initial-events-end"]
	switch {
	case c.kind == EventBookmark:
	case table && len(rows) == 1:
		c.finished = rows[0].finished()
		cells, _ := rows[0]["cells"].([]any)
		o.waiting = append(o.waiting, func() {
			if o.at < len(cells) {
				c.node, _ = cells[o.at].(string)
			}
			if c.node == "<none>" {
				c.node = ""
			}
		})
	case o.kind == "Node":
		c.node = meta.text("name")
	default:
		phase := what.object("status").text("phase")
		c.node, c.finished = what.object("spec").text("nodeName"), phase == "Succeeded" || phase == "Failed"
	}
	if o.defined {
		for _, resolve := range o.waiting {
			resolve()
		}
		o.waiting = nil
	}
	return c
}

func (o *eventOracle) define(columns []oracle) {
	for i, column := range columns {
		if o.defined = true; column.text("name") == o.column {
			o.at = i
		}
	}
}

// follower applies events as a stream does, and says what they must never do.
type follower struct {
	t    *testing.T
	live *live
	s    *stream
}

func newFollower(t *testing.T, nodes bool) *follower {
	cfg := DefaultConfig()
	f := &follower{t: t, live: newLive(newAccount(nil), cfg)}
	f.live.based = true
	list, r := podListing("", &podForms()[0]), boundStream
	if nodes {
		list, r = nodeListing(""), nodeStream
	}
	f.s = newStream(r, list, podForms()[0], f.live.names.ledger, "1")
	f.live.streams = []*stream{f.s}
	return f
}

func (f *follower) apply(c change) error {
	f.t.Helper()
	pods, nodes, unscheduled := maps.Clone(f.live.pods), maps.Clone(f.live.nodes), f.live.unscheduled
	counted, err := f.live.apply(f.s, c, nil)
	same := maps.Equal(pods, f.live.pods) && maps.Equal(nodes, f.live.nodes) && unscheduled == f.live.unscheduled
	if (c.kind == EventBookmark || c.kind == EventModified) && (counted || !same) {
		f.t.Errorf("%+v changed the numbers", c)
	}
	if !counted && err == nil && !same {
		f.t.Errorf("%+v changed the numbers and was not counted", c)
	}
	return err
}

// check requires that only names that can be shown are counted, and accounted for.
func (f *follower) check() {
	f.t.Helper()
	for name, n := range f.live.pods {
		if n <= 0 {
			f.t.Errorf("node %q has %d pods", name, n)
		}
	}
	for _, named := range []struct {
		what  string
		names []string
		held  *names
	}{
		{"pods", keys(f.live.pods), f.live.names}, {"nodes", keys(f.live.nodes), f.live.known},
	} {
		size := 0
		for _, name := range named.names {
			size += len(name)
			if name == "" || len(name) > 253 || strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) {
				f.t.Errorf("%s are counted on node %q", named.what, name)
			}
		}
		// What could not be applied ends the session, which gives all back.
		if !f.live.broken && (named.held.count != len(named.names) || named.held.bytes != size) {
			f.t.Errorf("%d names of %s with %d bytes are accounted for, want %d with %d",
				named.held.count, named.what, named.held.bytes, len(named.names), size)
		}
	}
	f.live.drop()
	if used := f.live.names.ledger.used; used != 0 {
		f.t.Errorf("%d bytes of names stay after the end", used)
	}
}

func keys[V any](m map[string]V) (all []string) {
	for key := range m {
		all = append(all, key)
	}
	return all
}

// run reads the stream to its end or first error, and returns what was read.
func (c eventCase) run(t *testing.T) (changes []change, end error) {
	body, short := c.body()
	w, header := &wire{r: bytes.NewReader(body)}, http.Header{}
	if c.packed {
		header.Set("Content-Encoding", "gzip")
	}
	text, err := plain(header, w)
	if err != nil {
		return nil, err
	}
	resource := Pods
	if c.nodes {
		resource = Nodes
	}
	reader, f := newEventReader(text, resource, nil, nil), newFollower(t, c.nodes)
	if c.renews {
		reader.d.kept = 0
	}
	f.s.starting = bytes.Contains(c.text, []byte(initialEnd)) // those before it come in any order
	for end == nil {
		var some []change
		before := uint64(0)
		if c.measured {
			before = allocated()
		}
		some, end = reader.next()
		window := reader.d.window
		held := window.read - window.start
		if held > maxValueBytes {
			t.Fatalf("%d bytes were read for one event", held)
		}
		if c.measured {
			if grown := allocated() - before; grown > uint64(1<<20+32*held) {
				t.Fatalf("%d bytes were allocated for an event of at most %d", grown, held)
			}
		}
		if end == nil && reader.held > maxWaiting {
			t.Fatalf("%d rows that wait for their columns take %d bytes", len(reader.waiting), reader.held)
		}
		changes = append(changes, some...)
		for i := range some {
			if end == nil {
				end = f.apply(some[i])
			}
		}
	}
	f.check()
	if short && c.packed && end == io.EOF { //nolint:errorlint // wrapped, it is not the end between two events
		t.Error("a stream whose end is missing ended in order")
	}
	return changes, end
}

// check runs the stream and compares what was read with what the oracle reads.
func (c eventCase) check(t *testing.T) (changes []change, end error) {
	changes, end = c.run(t)
	if c.packed {
		return changes, end // the same texts come unpacked
	}
	body, _ := c.body()
	o := &eventOracle{kind: "Pod", column: "Node"}
	if c.nodes {
		o.kind, o.column = "Node", "Name"
	}
	want, next := o.read(body, len(changes))
	if len(want) < len(changes) {
		t.Fatalf("%d events were read of %q, and encoding/json reads %d", len(changes), body, len(want))
	}
	for i, got := range changes {
		if got := (told{got.kind, got.version, got.node, got.finished, got.initial}); got != *want[i] {
			t.Errorf("event %d was read as %+v, want %+v, in %q", i+1, got, *want[i], body)
		}
	}
	var failure *PageError
	if !errors.As(end, &failure) || next == nil || len(o.waiting) > 0 {
		return changes, end
	}
	status := next.object("object")
	if code, _ := status["code"].(float64); next.text("type") != "ERROR" || code == http.StatusGone && failure.Reason != Expired {
		t.Errorf("%v and reason %s for %v", failure, failure.Reason, next)
	}
	return changes, end
}

// TestRecordedEvents has the streams as they were recorded, whole and cut anywhere.
func TestRecordedEvents(t *testing.T) {
	for name, want := range map[string]int{"rows": 8, "started": 11, "objects": 3, "nodes": 3, "expired": 0} {
		text, err := os.ReadFile(filepath.Join("testdata", "events", name+".json"))
		if err != nil {
			t.Fatal(err)
		}
		for _, packed := range []bool{false, true} {
			c := eventCase{text: text, nodes: name == "nodes", packed: packed, measured: true, renews: packed}
			changes, end := c.check(t)
			if failed := (*PageError)(nil); len(changes) != want || errors.As(end, &failed) != (name == "expired") {
				t.Errorf("%s: %d changes and then %v, want %d", name, len(changes), end, want)
			}
			for c.cut = 1; c.cut < len(text); c.cut += 97 {
				_, _ = c.check(t) // it compares by itself
			}
		}
	}
}

// FuzzEvent reads streams of events to their first error and applies them. Nothing may
// panic or take memory without end, a bookmark never counts, and what is counted has a
// name that can be shown.
func FuzzEvent(f *testing.F) {
	descriptions := regexp.MustCompile(`,"description":"[^"]*"`) // most of an event with columns
	for _, name := range []string{"rows", "started", "objects", "nodes", "expired"} {
		text, err := os.ReadFile(filepath.Join("testdata", "events", name+".json"))
		if err != nil {
			f.Fatal(err)
		}
		text = descriptions.ReplaceAll(text, nil)
		f.Add(text, name == "nodes", false, uint16(0))
		f.Add(text, name == "nodes", true, uint16(0))
		f.Add(text, name == "nodes", true, uint16(len(text)/16)) // packed, it is an eighth
		for line := range bytes.Lines(text) {
			f.Add(line, name == "nodes", false, uint16(0))
			f.Add(line, name == "nodes", false, uint16(len(line)/3))
		}
	}
	row := `{"type":"ADDED","object":{"kind":"Table","metadata":{"resourceVersion":"9"},"rows":[{"cells":["p","n"]}]}}`
	for _, text := range []string{
		`{"type":"ADDED","object":{"kind":"Table","metadata":{"resourceVersion":"9"},"columnDefinitions":[{"name":"Node"}],"rows":[{"cells":["<none>"]}]}}`,
		row + strings.Replace(row, `"rows"`, `"columnDefinitions":[{"name":"Name"},{"name":"Node"}],"rows"`, 1), // the columns come late
		`{"type":"ADDED","object":{"kind":"Pod","metadata":{"resourceVersion":"9"},"spec":{"nodeName":"` + strings.Repeat("n", 254) + `"}}}`,
		`{"type":"ADDED","object":{"kind":"Pod","metadata":{"resourceVersion":"9"},"spec":{"nodeName":"n\u0000\u200b"}}}`,
		`{"type":"BOOKMARK","object":{"kind":"Pod","metadata":{"resourceVersion":"9"},"spec":{"nodeName":"n"}}}`,
	} {
		f.Add([]byte(text), false, false, uint16(0))
		f.Add([]byte(text), true, true, uint16(3))
	}
	f.Fuzz(func(t *testing.T, text []byte, nodes, packed bool, cut uint16) {
		_, _ = eventCase{text: text, nodes: nodes, packed: packed, cut: int(cut), renews: cut%2 == 0}.check(t)
	})
}

// TestLongEvents has events with texts of several lengths up to one that no answer may
// have. The fuzzer would be slow with these.
func TestLongEvents(t *testing.T) {
	const mark = "LONG"
	for _, event := range []string{
		`{"type":"ADDED","object":{"kind":"Table","metadata":{"resourceVersion":"9"},"columnDefinitions":[{"name":"Node"}],"rows":[{"cells":["LONG"]}]}}`,
		`{"type":"ADDED","object":{"kind":"Table","metadata":{"resourceVersion":"9"},"rows":[{"cells":["LONG"]}]}}`,
		`{"type":"ADDED","object":{"kind":"Pod","metadata":{"resourceVersion":"9"},"spec":{"nodeName":"LONG"}}}`,
		`{"type":"BOOKMARK","object":{"kind":"Pod","metadata":{"resourceVersion":"9","annotations":{"a":"LONG"}}}}`,
		`{"type":"ERROR","object":{"kind":"Status","code":410,"message":"LONG"}}`,
		`{"type":"LONG","object":{}}`, `{"LONG":0}`, `LONG`,
	} {
		for _, length := range []int{maxNodeName, maxNodeName + 1, maxWaiting, maxValueBytes} {
			for _, packed := range []bool{false, true} {
				text := strings.Replace(event, mark, strings.Repeat("x", length), 1)
				c := eventCase{text: []byte(text), packed: packed, measured: true}
				changes, end := c.check(t)
				if length == maxValueBytes && (len(changes) > 0 || !errors.Is(end, errTooLarge)) && event != mark {
					t.Errorf("%s with %d bytes: %d changes, and %v", event, length, len(changes), end)
				}
			}
		}
	}
}
