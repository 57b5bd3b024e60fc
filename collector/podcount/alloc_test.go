package podcount

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
)

// tableOf is a page of rows rows on 104 nodes, with cells as an API server
// writes them.
func tableOf(rows int) string {
	var b strings.Builder
	for i := range rows {
		fmt.Fprintf(&b, `%s{"cells":["web-7d9c5b9f4-x%04d","node-%03d.example","1/1",{"a":[%d,null]}],"object":null}`, comma(i), i, i%104, i)
	}
	return strings.Replace(page("["+b.String()+"]"), `{"name":"Age"}`, `{"name":"Ready"},{"name":"Age"}`, 1)
}

func podListOf(rows int) string {
	var b strings.Builder
	for i := range rows {
		fmt.Fprintf(&b, `%s{"metadata":{"name":"web-%d","labels":{"app":"web"}},"spec":{"containers":[{"name":"c","image":"i:1"}],"nodeName":"node-%03d.example"},"status":{"phase":"Running","podIP":"10.0.0.1"}}`, comma(i), i, i%104)
	}
	return pods("[" + b.String() + "]")
}

func nodeListOf(rows int) string {
	var b strings.Builder
	for i := range rows {
		fmt.Fprintf(&b, `%s{"metadata":{"name":"node-%04d"},"status":{"allocatable":{"cpu":"4","pods":"110"},"images":[%s]}}`,
			comma(i), i, strings.TrimSuffix(strings.Repeat(`{"names":["registry.example/team/image@sha256:0123456789abcdef"],"sizeBytes":1234567},`, 40), ","))
	}
	return nodes("[" + b.String() + "]")
}

// TestNoAllocationPerRow compares pages of 1,000 and of 10,000 rows: what a
// page allocates is its decoder and its node names.
func TestNoAllocationPerRow(t *testing.T) {
	for name, body := range map[string]func(int) string{"Table": tableOf, "PodList": podListOf} {
		t.Run(name, func(t *testing.T) {
			allocations := func(rows int) float64 {
				text := body(rows)
				return testing.AllocsPerRun(2, func() {
					if _, doc, err := decodePods(strings.NewReader(text)); err != nil || doc.rows != rows {
						t.Fatalf("%d rows: %v", doc.rows, err)
					}
				})
			}
			small, large := allocations(1000), allocations(10_000)
			t.Logf("%.0f allocations for 1,000 rows, %.0f for 10,000", small, large)
			if large > small+10 {
				t.Errorf("%.0f allocations for 1,000 rows, but %.0f for 10,000", small, large)
			}
		})
	}
}

// TestUsualRowsMakeNoGarbage has rows as long as many clusters may have at once: buffers
// that hold one are good for the next.
func TestUsualRowsMakeNoGarbage(t *testing.T) {
	const rows = 100
	row := `{"cells":["p","n1",""]` + strings.Repeat(" ", usualValueBytes-100) + `}`
	text := page("[" + strings.Repeat(row+",", rows-1) + row + "]")
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	counts, _, err := decodePods(strings.NewReader(text))
	runtime.ReadMemStats(&after)
	if made := after.TotalAlloc - before.TotalAlloc; err != nil || counts["n1"] != rows || made > 1<<20 {
		t.Errorf("%v, %v; %d bytes were allocated", counts, err, made)
	}
}

func benchmark(b *testing.B, text string, decode func(io.Reader) error) {
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if err := decode(strings.NewReader(text)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkTable(b *testing.B) {
	benchmark(b, tableOf(5000), func(r io.Reader) error { _, _, err := decodePods(r); return err })
}

func BenchmarkPodList(b *testing.B) {
	benchmark(b, podListOf(5000), func(r io.Reader) error { _, _, err := decodePods(r); return err })
}

func BenchmarkNodeList(b *testing.B) {
	benchmark(b, nodeListOf(500), func(r io.Reader) error { _, _, err := decodeNodes(r); return err })
}

// zipped is text as a server compresses it.
func zipped(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestNodesCompressed(t *testing.T) {
	whole := zipped(t, nodeListOf(3))
	damaged := bytes.Clone(whole)
	damaged[len(damaged)-5] ^= 1 // of the length at the end
	tests := []struct {
		name   string
		body   []byte
		coding string
		err    string
	}{
		{"gzip", whole, "gzip", ""},
		{"plain", []byte(nodeListOf(3)), "", ""},
		{"identity", []byte(nodeListOf(3)), "identity", ""},
		{"another coding", whole, "br", "content encoding"},
		{"not compressed at all", []byte(nodeListOf(3)), "gzip", "invalid header"},
		{"cut short", whole[:len(whole)-20], "gzip", "EOF"},
		{"wrong checksum", damaged, "gzip", "checksum"},
		{"bomb of spaces", zipped(t, `{"items":[`+strings.Repeat(" ", 8<<20)), "gzip", errTooLarge.Error()},
		{"bomb in a name", zipped(t, `{"items":[{"metadata":{"name":"`+strings.Repeat("n", 8<<20)), "gzip", errTooLarge.Error()},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			script := newScript(t, podPage("", "node-0001"))
			script.nodes = []step{body(http.StatusOK, string(test.body), "Content-Encoding", test.coding)}
			c := script.counter(func(c *Config) { c.PageAttempts = 1 })
			if test.err == "" {
				want := "node-0000=0 node-0001=1 node-0002=0 unscheduled=0 unknown=0 pages=1 version=8 consistent=true"
				if got := script.count(c); got != want {
					t.Errorf("got  %s\nwant %s", got, want)
				}
				return
			}
			before := heapInUse()
			failure := script.countFails(c, Malformed)
			if !strings.Contains(failure.Error(), test.err) {
				t.Errorf("error %q, want one with %q", failure, test.err)
			}
			if grown := int64(heapInUse() - before); grown > 16<<20 {
				t.Errorf("the heap grew by %d bytes", grown)
			}
		})
	}
}
