package kubesim

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// BodyFaults are answers with status 200 whose body or headers are not those of a
// valid list. On plain lists, faults of cells change the name in an item's metadata.
func BodyFaults() []Fault {
	return []Fault{
		body("truncated JSON", func(b []byte) []byte { return b[:len(b)/2] }),
		body("empty body", func([]byte) []byte { return nil }),
		harmless(body("no kind", func(b []byte) []byte { return bytes.Replace(b, []byte(`{"kind":`), []byte(`{"sort":`), 1) })),
		body("wrong kind", func(b []byte) []byte { return bytes.Replace(b, []byte(`{"kind":"`), []byte(`{"kind":"Config`), 1) }),
		NullRows(),
		body("duplicate rows", duplicateRows),
		body("duplicate metadata", duplicateMetadata),
		body("no node column", noNodeColumn),
		cells("cell of wrong type", func(c []string, n int) []string { c[n] = `{"name":["x"]}`; return c }),
		cells("missing cell", func(c []string, n int) []string { return append(c[:n], c[n+1:]...) }),
		cells("extra cell", func(c []string, n int) []string { return append(c[:n:n], append([]string{`"extra"`}, c[n:]...)...) }),
		cells("invalid UTF-8", func(c []string, n int) []string { c[n] = "\"no\xff\xfede\""; return c }),
		HugeCell(4 << 20), HugeName(4 << 20), DeepNesting(100_000),
		WrongContentType(), HTML(), StatusWith200(), harmless(UnaskedGzip()), IgnoredSelector(),
	}
}

// harmless marks a fault whose answer can still be read in one way only.
func harmless(f Fault) Fault {
	f.Harmless = true
	return f
}

// body is a fault that changes the body of a true answer.
func body(name string, edit func(b []byte) []byte) Fault {
	return Fault{Name: name, Spoil: func(a *Answer) {
		truth := a.truth()
		if truth.code == http.StatusOK {
			edited := edit(bytes.Clone(truth.body.Bytes()))
			truth.body.Reset()
			_, _ = truth.body.Write(edited)
		}
		truth.send(a.Writer)
	}}
}

// rowsKey returns the key of a list's rows and where its value begins; -1 if
// the body is no list.
func rowsKey(b []byte) (key string, at int) {
	for _, key := range []string{`"rows":[`, `"items":[`} {
		if i := bytes.Index(b, []byte(key)); i >= 0 {
			return key, i + len(key)
		}
	}
	return "", -1
}

// splitRows cuts a list before its first row and after its last.
func splitRows(b []byte) (head, rows, tail []byte) {
	_, at := rowsKey(b)
	end := bytes.LastIndexByte(b, ']')
	if at < 0 || end < at {
		return b, nil, nil
	}
	return b[:at], b[at:end], b[end:]
}

// NullRows replaces the rows of a page by null, if that differs from an empty list:
// on a page that is not the only one.
func NullRows() Fault {
	return Fault{Name: "null rows", Spoil: func(a *Answer) {
		truth := a.truth()
		b := bytes.Clone(truth.body.Bytes())
		if truth.code == http.StatusOK && (a.token() != "" || readMeta(b).Continue != "") {
			truth.body.Reset()
			_, _ = truth.body.Write(nullRows(b))
		}
		a.forward()
	}}
}

func nullRows(b []byte) []byte {
	head, _, tail := splitRows(b)
	return append(append(bytes.TrimSuffix(head, []byte("[")), "null"...), bytes.TrimPrefix(tail, []byte("]"))...)
}

func duplicateRows(b []byte) []byte {
	key, _ := rowsKey(b)
	_, rows, tail := splitRows(b)
	again := fmt.Sprintf("],%s%s", key, rows)
	return []byte(strings.TrimSuffix(string(b), string(tail)) + again + string(tail))
}

// duplicateMetadata appends a second metadata object, one without a token: a
// reader that takes the last one ends the walk early.
func duplicateMetadata(b []byte) []byte {
	b = bytes.TrimRight(b, "}\n")
	return append(b, `,"metadata":{"resourceVersion":"1"}}`+"\n"...)
}

func noNodeColumn(b []byte) []byte {
	if key, _ := rowsKey(b); key == `"rows":[` {
		return bytes.Replace(b, []byte(`{"name":"Node","type"`), []byte(`{"name":"Knot","type"`), 1)
	}
	return bytes.ReplaceAll(b, []byte(`{"metadata":{"name":`), []byte(`{"metadata":{"knot":`))
}

// cells is a fault that edits the cells of the first row, as JSON; n is the index of
// the node's cell, or in the table of nodes that of the name.
func cells(name string, edit func(cells []string, n int) []string) Fault {
	return body(name, func(b []byte) []byte {
		key, at := rowsKey(b)
		open, closing, column := `{"cells":[`, byte(']'), nodeColumn
		if key == `"items":[` {
			open, closing, column = `{"metadata":{"name":`, ',', 0
		}
		if at < 0 || !bytes.HasPrefix(b[at:], []byte(open)) {
			return b // a page without rows has nothing to edit
		}
		at += len(open)
		end := at + bytes.IndexByte(b[at:], closing)
		edited := edit(strings.Split(string(b[at:end]), ","), column)
		return []byte(string(b[:at]) + strings.Join(edited, ",") + string(b[end:]))
	})
}

// nodeColumn is the index of the Node column of pods. The table of nodes has more
// columns.
const nodeColumn = 6

// HugeCell makes the first row's name n bytes long.
func HugeCell(n int) Fault {
	return cells(fmt.Sprintf("cell of %d bytes", n), func(c []string, _ int) []string {
		c[0] = strconv.Quote(strings.Repeat("x", n))
		return c
	})
}

// HugeName makes the first row's node name n bytes long.
func HugeName(n int) Fault {
	return cells(fmt.Sprintf("node name of %d bytes", n), func(c []string, node int) []string {
		c[node] = strconv.Quote(strings.Repeat("n", n))
		return c
	})
}

// DeepNesting replaces the first row's last cell by arrays nested in each other.
func DeepNesting(depth int) Fault {
	return cells(fmt.Sprintf("%d levels of nesting", depth), func(c []string, _ int) []string {
		c[len(c)-1] = strings.Repeat("[", depth) + strings.Repeat("]", depth)
		return c
	})
}

// WrongContentType sends the true body as text.
func WrongContentType() Fault {
	return Fault{Name: "wrong content type", Spoil: func(a *Answer) {
		a.truth().header.Set("Content-Type", "text/plain")
		a.forward()
	}}
}

// HTML answers with a proxy's login page and status 200.
func HTML() Fault {
	return Fault{Name: "HTML", Spoil: func(a *Answer) {
		a.Writer.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = a.Writer.Write([]byte("<!DOCTYPE html><html><body><h1>Sign in</h1></body></html>\n"))
	}}
}

// StatusWith200 answers with status 200 and a Status that reports a failure.
func StatusWith200() Fault {
	return Fault{Name: "Status with 200", Spoil: func(a *Answer) {
		writeJSON(a.Writer, http.StatusOK, statusFor(http.StatusInternalServerError))
	}}
}

// UnaskedGzip compresses the true body, even if the client does not accept that.
func UnaskedGzip() Fault {
	return Fault{Name: "gzip that was not asked for", Spoil: func(a *Answer) {
		truth := a.truth()
		packed := pack(truth.body.Bytes())
		truth.header.Set("Content-Encoding", "gzip")
		truth.body.Reset()
		_, _ = truth.body.Write(packed)
		a.forward()
	}}
}
