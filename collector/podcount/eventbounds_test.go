package podcount

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// rowEvent is an event of a pod, in a Table.
func rowEvent(version int, members string) string {
	return fmt.Sprintf(`{"type":"ADDED","object":{"kind":"Table","metadata":{"resourceVersion":"%d"},%s}}`+"\n", version, members)
}

// TestEventKeysTwice has events that readers understand differently: which of the two
// keys counts?
func TestEventKeysTwice(t *testing.T) {
	const columns, rows = `"columnDefinitions":[{"name":"Node"}]`, `"rows":[{"cells":["a"]}]`
	event := rowEvent(5, columns+","+rows)
	for name, text := range map[string]string{
		"type":     strings.Replace(event, `{"type":"ADDED"`, `{"type":"ADDED","type":"DELETED"`, 1),
		"object":   strings.Replace(event, `{"type"`, `{"object":{"kind":"Pod"},"type"`, 1),
		"kind":     rowEvent(5, columns+","+rows+`,"kind":"Pod"`),
		"rows":     rowEvent(5, columns+","+rows+","+rows),
		"cells":    rowEvent(5, columns+`,"rows":[{"cells":["a"],"cells":["b"]}]`),
		"metadata": rowEvent(5, columns+","+rows+`,"metadata":{"resourceVersion":"6"}`),
	} {
		t.Run(name, func(t *testing.T) {
			changes, err := newEventReader(strings.NewReader(text), Pods, nil, nil).next()
			if !errors.Is(err, errDuplicate) {
				t.Errorf("%+v, %v; want %v", changes, err, errDuplicate)
			}
		})
	}
}

// TestColumnsAfterRow has column definitions that come after the row of their event: the
// first fit the row, and others than before fit no row that was read by those.
func TestColumnsAfterRow(t *testing.T) {
	late := func(version int, columns string) string {
		return rowEvent(version, `"rows":[{"cells":["p","n"]}],"columnDefinitions":`+columns)
	}
	const usual, swapped = `[{"name":"Name"},{"name":"Node"}]`, `[{"name":"Node"},{"name":"Name"}]`
	reader := newEventReader(strings.NewReader(late(1, usual)+late(2, usual)+late(3, "null")+late(4, swapped)), Pods, nil, nil)
	for i := range 3 {
		if changes, err := reader.next(); err != nil || len(changes) != 1 || changes[0].node != "n" || changes[0].name != "p" {
			t.Errorf("event %d: %+v, %v", i+1, changes, err)
		}
	}
	if changes, err := reader.next(); !errors.Is(err, errNoColumns) {
		t.Errorf("%+v, %v; want %v", changes, err, errNoColumns)
	}
}

// TestRowsBeforeTheirColumns has events come before the first column definitions. They wait
// for them, in their order, unless they take too much.
func TestRowsBeforeTheirColumns(t *testing.T) {
	const (
		columns  = `"columnDefinitions":[{"name":"Name"},{"name":"Node"},{"name":"Long"}],`
		bookmark = `{"type":"BOOKMARK","object":{"kind":"Table","metadata":{"resourceVersion":"2"}}}`
		most     = maxWaiting - 256 - len(`1["p","n",""]`) // what one may have in its last cell
	)
	for name, tt := range map[string]struct {
		long  int
		other string // event between the two
		wait  bool
	}{
		"a row":              {1, "", true},
		"a row, a bookmark":  {1, bookmark, true},
		"a row at the limit": {most, "", true},
		"a row beyond it":    {most + 1, "", false},
		"both beyond it":     {most, bookmark, false},
	} {
		t.Run(name, func(t *testing.T) {
			row := func(version int, before string, long int) string {
				return rowEvent(version, before+`"rows":[{"cells":["p","n","`+strings.Repeat("a", long)+`"]}]`)
			}
			reader := newEventReader(strings.NewReader(row(1, "", tt.long)+tt.other+row(3, columns, 1)), Pods, nil, nil)
			changes, err := reader.next()
			for err == nil && len(changes) == 0 {
				changes, err = reader.next()
			}
			var got []string
			for _, c := range changes {
				got = append(got, fmt.Sprint(c.kind, c.version, c.name, c.node))
			}
			want := []string{"ADDED1pn", "ADDED3pn"}
			if tt.other != "" {
				want = slices.Insert(want, 1, "BOOKMARK2")
			}
			switch {
			case !tt.wait && !errors.Is(err, errNoColumns):
				t.Errorf("%q, %v; want %v", got, err, errNoColumns)
			case tt.wait && (err != nil || !slices.Equal(got, want)):
				t.Errorf("%q, %v; want %q", got, err, want)
			}
		})
	}
}

// TestTableWithoutNames has no column of names: no other cell stands for one.
func TestTableWithoutNames(t *testing.T) {
	text := rowEvent(1, `"columnDefinitions":[{"name":"Node"},{"name":"Ready"}],"rows":[{"cells":["n","1/1"]}]`)
	changes, err := newEventReader(strings.NewReader(text), Pods, nil, nil).next()
	if err != nil || len(changes) != 1 || changes[0].node != "n" || changes[0].name != "" {
		t.Errorf("%+v, %v; want a pod without a name on n", changes, err)
	}
}

// TestEndOfInitialEvents has bookmarks of all kinds end a streamed start, or not.
func TestEndOfInitialEvents(t *testing.T) {
	const end = `"metadata":{"resourceVersion":"5","annotations":{"k8s.io/initial-events-end":"true"}}`
	for name, tt := range map[string]struct {
		object string
		want   bool
	}{
		"a row":             {`"kind":"Table","metadata":{"resourceVersion":"5"},"rows":[{"object":{` + end + `}}]`, true},
		"a row says no":     {`"kind":"Table",` + end + `,"rows":[{"object":{"metadata":{"resourceVersion":"5"}}}]`, false},
		"a Table of no row": {`"kind":"Table",` + end + `,"rows":[]`, true},
		"an object":         {`"kind":"Pod",` + end, true},
		"another object":    {`"kind":"Pod","metadata":{"resourceVersion":"5"}`, false},
	} {
		t.Run(name, func(t *testing.T) {
			changes, err := newEventReader(strings.NewReader(`{"type":"BOOKMARK","object":{`+tt.object+`}}`), Pods, nil, nil).next()
			if err != nil || len(changes) != 1 || changes[0].initial != tt.want {
				t.Errorf("%+v, %v; want the end: %t", changes, err, tt.want)
			}
		})
	}
}

// TestWaitingRowsTakeLittle has rows come before their column definitions, as many as are
// let in: with few long cells, with many short ones, with none and beside bookmarks.
func TestWaitingRowsTakeLittle(t *testing.T) {
	const streams = 10
	for name, event := range map[string]string{
		"long cells":  rowEvent(9, `"rows":[{"cells":["`+strings.Repeat("a", 4000)+`"]}]`),
		"short cells": rowEvent(9, `"rows":[{"cells":[0`+strings.Repeat(",0", 999)+`]}]`),
		"no cells":    rowEvent(9, `"rows":[{"cells":[]}]`),
		"long names":  rowEvent(9, `"rows":[{"cells":[]}]`) + strings.Repeat(`{"type":"BOOKMARK","object":{"kind":"Pod","metadata":{"resourceVersion":"9","name":"`+strings.Repeat("a", maxNodeName)+`"}}}`, 5),
	} {
		t.Run(name, func(t *testing.T) {
			before := heldBytes()
			var readers []*eventReader
			for range streams {
				reader, err := newEventReader(&repeated{times: 1500, make: func(int) string { return event }}, Pods, nil, nil), error(nil)
				for err == nil {
					if held := heldBytes() - before; held > int64(len(readers)+1)*3*maxWaiting {
						t.Fatalf("%d streams hold %d bytes", len(readers)+1, held)
					}
					_, err = reader.next()
				}
				if !errors.Is(err, errNoColumns) {
					t.Fatalf("ended with %v, want %v", err, errNoColumns)
				}
				readers = append(readers, reader)
			}
		})
	}
}

// probe calls look where a body has come so far, and is empty.
type probe func()

func (p probe) Read([]byte) (int, error) {
	p()
	return 0, io.EOF
}

// longParts are members with which a decoder's buffers grow.
func longParts() map[string]string {
	long := strings.Repeat("x", maxValueBytes-10_000)
	return map[string]string{
		"text":                `"x":"` + long + `"`,
		"text with an escape": `"kind":"\n` + long + `"`,
		"usual text":          `"x":"` + long[:usualValueBytes-5000] + `"`,
	}
}

// TestStreamsKeepNoBuffers has streams whose first event is long, and of which little
// comes after it.
func TestStreamsKeepNoBuffers(t *testing.T) {
	const streams = 20
	budget := NewBudget(128 << 20)
	for name, long := range longParts() {
		t.Run(name, func(t *testing.T) {
			event := rowEvent(5, `"columnDefinitions":[{"name":"Node"}],"rows":[{"cells":["a"]}],"x-`+long[1:])
			after := `{"type":"BOOKMARK","object":{"kind":"Table","metadata":{"resourceVersion":"6"}}}`
			before := heldBytes()
			var readers []*eventReader
			for range streams {
				reader := newEventReader(io.MultiReader(strings.NewReader(event), strings.NewReader(after)), Pods, newAccount(budget), openExchange(t))
				for range 2 {
					_, err := reader.next()
					must(t, err)
				}
				readers = append(readers, reader)
			}
			if held := heldBytes() - before; held > streams*64<<10 {
				t.Errorf("%d streams hold %d bytes", len(readers), held)
			}
		})
	}
}

// TestPagesKeepNoBuffers has pages with one long part, after which the server sends little
// for as long as a page may take.
func TestPagesKeepNoBuffers(t *testing.T) {
	const head, row = `{"kind":"Table","metadata":{"resourceVersion":"7"},"columnDefinitions":[{"name":"Node"}]`, `{"cells":["n1"]}`
	for name, long := range longParts() {
		long = `"x-` + long[1:]
		for place, body := range map[string][2]string{
			"before the rows": {head + "," + long + `,"rows":[` + row, "," + row + "]}"},
			"the first row":   {head + `,"rows":[{` + long + `,"cells":["n1"]},` + row, "]}"},
			"a row":           {head + `,"rows":[` + row + `,{` + long + `,"cells":["n1"]}`, "]}"},
			"the last row":    {head + `,"rows":[` + row + `,{` + long + `,"cells":["n1"]}]`, "}"},
			"every row":       {head + `,"rows":[{` + long + `,"cells":["n1"]},{` + long + `,"cells":["n1"]}`, "\n]\n}\n"},
		} {
			t.Run(name+", "+place, func(t *testing.T) {
				// White space has the decoder look for what follows the long part.
				begun := body[0] + strings.Repeat(" ", 10_000)
				before, held := heldBytes(), int64(maxValueBytes)
				look := probe(func() { held = heldBytes() - before })
				counts, doc, err := decodePods(io.MultiReader(strings.NewReader(begun), look, strings.NewReader(body[1])))
				must(t, err)
				if size := int64(len(begun) + len(strings.TrimSuffix(body[1], "\n"))); counts["n1"] != 2 || doc.size != size {
					t.Errorf("%v in %d bytes, want 2 in %d", counts, doc.size, size)
				}
				if held > 2*usualValueBytes {
					t.Errorf("%d bytes are held after the long part", held)
				}
				runtime.KeepAlive(begun)
			})
		}
	}
}

// TestLongRowsInARow has rows and events of many lengths: what was read with one of them
// and belongs to others is not lost.
func TestLongRowsInARow(t *testing.T) {
	var rows, events strings.Builder
	const count = 200
	for i := range count {
		length := []int{10, 50 << 10, 1 << 20, 40 << 10, 35 << 10, 100, 70 << 10}[i%7]
		row := fmt.Sprintf(`{"cells":["n1"],"x":"%s"}`, strings.Repeat("x", length))
		rows.WriteString(comma(i) + row)
		events.WriteString(rowEvent(i+1, `"columnDefinitions":[{"name":"Node"}],"rows":[`+row+"]"))
	}
	counts, doc, err := decodePods(strings.NewReader(`{"kind":"Table","metadata":{"resourceVersion":"7"},"columnDefinitions":[{"name":"Node"}],"rows":[` + rows.String() + "]}"))
	if err != nil || counts["n1"] != count || doc.rows != count {
		t.Errorf("%v in %d rows, %v; want %d", counts, doc.rows, err, count)
	}
	reader := newEventReader(strings.NewReader(events.String()), Pods, nil, nil)
	for i := range count {
		if changes, err := reader.next(); err != nil || len(changes) != 1 || changes[0].version != fmt.Sprint(i+1) {
			t.Fatalf("event %d: %v, %v", i+1, changes, err)
		}
	}
}

// TestErrorsAfterALongRow has JSON that is wrong after a long row: it stays wrong.
func TestErrorsAfterALongRow(t *testing.T) {
	long := `{"cells":["n1"],"x":"` + strings.Repeat("x", usualValueBytes/2) + `"}`
	const head = `{"kind":"Table","metadata":{"resourceVersion":"7"},"columnDefinitions":[{"name":"Node"}],"rows":[`
	for _, rest := range []string{long + "]}", `0`, `.5,{"cells":["n1"]}]}`, `""]}`, `:""]}`, `}`, `],"rows":[]}`, `]]`, `,]}`, ``, "]", "]}]"} {
		if _, _, err := decodePods(strings.NewReader(head + long + rest)); err == nil {
			t.Errorf("after a long row, %.20q was read", rest)
		}
		if _, _, err := decodePods(strings.NewReader(strings.Replace(head, `"rows"`, `"x":[`+long+`],"rows"`, 1) + rest)); err == nil && !strings.HasPrefix(rest, "{") {
			t.Errorf("before the rows, %.20q was read", rest)
		}
	}
}
