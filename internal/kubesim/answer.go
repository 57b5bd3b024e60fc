package kubesim

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"strconv"
)

// Answer is one answer that a fault is about to change.
type Answer struct {
	// Writer writes to the client.
	Writer http.ResponseWriter
	// Request is what the client asked for.
	Request *http.Request
	// Previous is the token of the page before this one; empty for none.
	Previous string

	next     http.Handler
	recorded *recording
}

// truth returns the true answer, whole and uncompressed.
func (a *Answer) truth() *recording {
	if a.recorded == nil {
		r := a.Request.Clone(a.Request.Context())
		r.Header.Del("Accept-Encoding")
		a.recorded = &recording{code: http.StatusOK, header: http.Header{}}
		a.next.ServeHTTP(a.recorded, r)
	}
	return a.recorded
}

// forward sends the true answer to the client.
func (a *Answer) forward() {
	if a.recorded == nil {
		a.next.ServeHTTP(a.Writer, a.Request)
		return
	}
	a.recorded.send(a.Writer)
}

// recording is an answer that is held back; it implements http.ResponseWriter.
type recording struct {
	code   int
	header http.Header
	body   bytes.Buffer
}

// Header returns the headers to set.
func (r *recording) Header() http.Header { return r.header }

// WriteHeader notes the status code.
func (r *recording) WriteHeader(code int) { r.code = code }

// Write notes a part of the body.
func (r *recording) Write(p []byte) (int, error) { return r.body.Write(p) }

// token returns the continue token of a recorded list.
func (r *recording) token() string {
	return readMeta(r.body.Bytes()).Continue
}

// send sends the answer to a client. It ignores a client that is gone.
func (r *recording) send(w http.ResponseWriter) {
	maps.Copy(w.Header(), r.header)
	w.Header().Set("Content-Length", strconv.Itoa(r.body.Len()))
	w.WriteHeader(r.code)
	_, _ = w.Write(r.body.Bytes())
}

// wireMeta has the metadata of a list.
type wireMeta struct {
	Continue        string `json:"continue"`
	ResourceVersion string `json:"resourceVersion"`
}

// readMeta reads a list's metadata; it is empty for anything else.
func readMeta(body []byte) wireMeta {
	var list struct {
		Metadata wireMeta `json:"metadata"`
	}
	if err := json.Unmarshal(body, &list); err != nil {
		return wireMeta{}
	}
	return list.Metadata
}

// beginning is a start key before all others, for tokens of the first page.
const beginning = "\x00"

// alias returns another token for the page that token leads to, a different one for
// every n. Tokens are opaque, so clients cannot tell.
func alias(token string, version int64, n int) string {
	t, refused := decodeToken(token)
	if refused != "" {
		t = continueToken{Version: version, Start: beginning}
	}
	return encodeToken(t.Version, t.Start, n)
}
