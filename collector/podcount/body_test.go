package podcount

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/kube-node-manager/pod_count_exporter/collector/redact"
)

// TestContentEncoding accepts what the standard calls the same, in any case.
func TestContentEncoding(t *testing.T) {
	const text = "what was sent"
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, err := io.WriteString(w, text)
	must(t, err)
	must(t, w.Close())
	for _, tt := range []struct {
		name, encoding, sent string
		want                 error
	}{
		{"none", "", text, nil},
		{"identity", "identity", text, nil},
		{"identity in capitals", "IDENTITY", text, nil},
		{"gzip", "gzip", packed.String(), nil},
		{"gzip in capitals", "GZIP", packed.String(), nil},
		{"gzip with one capital", "Gzip", packed.String(), nil},
		{"its old name", "x-gzip", packed.String(), nil},
		{"its old name in capitals", "X-GZIP", packed.String(), nil},
		{"with spaces", " gzip\t", packed.String(), nil},
		{"another one", "br", text, errCoding},
		{"two", "gzip, gzip", packed.String(), errCoding},
		{"gzip that is none", "GZIP", text, gzip.ErrHeader},
	} {
		t.Run(tt.name, func(t *testing.T) {
			header := http.Header{"Content-Encoding": {tt.encoding}}
			r, err := plain(header, &wire{r: strings.NewReader(tt.sent)})
			if !errors.Is(err, tt.want) {
				t.Fatalf("got %v, want %v", err, tt.want)
			}
			if tt.want != nil {
				return
			}
			if got, err := io.ReadAll(r); string(got) != text || err != nil {
				t.Errorf("read %q, %v; want %q", got, err, text)
			}
		})
	}
}

// metered notes how much of a body was read.
type metered struct {
	io.Reader
	read int
}

func (m *metered) Read(p []byte) (int, error) {
	n, err := m.Reader.Read(p)
	m.read += n
	return n, err
}

func (*metered) Close() error { return nil }

// flood repeats a text for some megabytes.
func flood(head, part string) *metered {
	many := &repeated{times: 4 << 20 / len(part), make: func(int) string { return part }}
	return &metered{Reader: io.MultiReader(strings.NewReader(head), many)}
}

// statusBytes is how much of an error is read, at most.
const statusBytes = 64 << 10

// TestLongError has error answers without end: no more than their beginning is read.
// A compressed one may give nothing however much of it is read.
func TestLongError(t *testing.T) {
	for _, tt := range []struct {
		name, encoding, head, part string
		says                       string
	}{
		{"text", "", "too many words", " and more", "too many words and more"},
		{"a Status", "", `{"kind":"Status","message":"`, "no room ", "no room no room"},
		{"gzip with empty blocks", "gzip", "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff", "\x00\x00\x00\xff\xff", "status 500"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				long := flood(tt.head, tt.part)
				script := newScript(t)
				script.nodes = []step{func(r *http.Request) (*http.Response, error) {
					return answerWith(r, http.StatusInternalServerError, long, "Content-Encoding", tt.encoding), nil
				}}
				failure := script.countFails(script.counter(func(cfg *Config) { cfg.PageAttempts = 1 }), Server)
				if long.read == 0 || long.read > statusBytes {
					t.Errorf("%d bytes were read, want %d at most", long.read, statusBytes)
				}
				if !strings.Contains(failure.Error(), tt.says) {
					t.Errorf("failed with %v, want %q", failure, tt.says)
				}
			})
		})
	}
}

// TestWordsOfALongError unpacks no more of an error than is read of a plain one.
func TestWordsOfALongError(t *testing.T) {
	_, sent := redact.NewExchange(t.Context())
	unpacked := flood("too many words", " and more")
	doc := readWords(unpacked, sent)
	if unpacked.read != statusBytes {
		t.Errorf("%d bytes were unpacked, want %d", unpacked.read, statusBytes)
	}
	if len(doc.message) < statusBytes || !strings.HasPrefix(doc.message, "too many words") {
		t.Errorf("the message has %d bytes, want what was unpacked", len(doc.message))
	}
}

// TestPanickingTransport has a transport panic, on a goroutine of its own: that is a
// failed page, which does not quote the value, and the next attempt is made.
func TestPanickingTransport(t *testing.T) {
	for _, tt := range []struct {
		name  string
		value any
		text  string
	}{
		{"a text", "hunter2", "the transport panicked (string)"},
		{"an error", errors.New("hunter2"), "the transport panicked (*errors.errorString)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				panics := func(*http.Request) (*http.Response, error) { panic(tt.value) }
				script := newScript(t, panics, panics, podPage("", "a"))
				c := script.counter(func(cfg *Config) { cfg.PageAttempts = 1 })
				failure := script.countFails(c, Network)
				if text := failure.Error(); !strings.Contains(text, tt.text) || strings.Contains(text, "hunter2") {
					t.Errorf("failed with %q, want %q and not the value", text, tt.text)
				}
				c.cfg.PageAttempts = 2
				if got := script.count(c); !strings.HasPrefix(got, "a=1 ") {
					t.Errorf("after another one the cluster is counted as %s", got)
				}
			})
		})
	}
}

// TestStintsOfALongValue has all of a long value be there at once: it is read in parts, each of
// them a sixteenth of what came, between which others decode.
func TestStintsOfALongValue(t *testing.T) {
	w := &window{r: strings.NewReader(strings.Repeat("a", usualValueBytes))}
	for all := make([]byte, usualValueBytes); w.read < usualValueBytes; {
		most := min(max(stintBytes, w.read/16), usualValueBytes-w.read)
		if n, err := w.Read(all); err != nil || int64(n) != most {
			t.Fatalf("%d bytes came after %d, %v; want %d", n, w.read-int64(n), err, most)
		}
	}
}
