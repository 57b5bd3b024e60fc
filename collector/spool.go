package collector

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// spool is an http.ResponseWriter that keeps an answer in memory, compressed, until
// it is sent. For a client that does not read, it then holds about a fifteenth of the
// answer, and nothing that the answer was made from.
type spool struct {
	header http.Header
	status int
	size   int64 // of the answer as it was written
	body   bytes.Buffer
	zip    *gzip.Writer
}

// newSpool uses zip until it is closed.
func newSpool(zip *gzip.Writer) *spool {
	s := &spool{header: make(http.Header), status: http.StatusOK, zip: zip}
	zip.Reset(&s.body)
	return s
}

// Header is that of the answer.
func (s *spool) Header() http.Header { return s.header }

// WriteHeader keeps the status.
func (s *spool) WriteHeader(status int) { s.status = status }

// Write adds to the body.
func (s *spool) Write(p []byte) (int, error) {
	s.size += int64(len(p))
	n, err := s.zip.Write(p)
	if err != nil {
		return n, fmt.Errorf("compressing the answer: %w", err)
	}
	return n, nil
}

// close must be called when the answer is complete.
func (s *spool) close() error {
	err := s.zip.Close()
	s.zip = nil
	if err != nil {
		return fmt.Errorf("compressing the answer: %w", err)
	}
	return nil
}

// send sends the answer to a client, compressed if the client accepts that. It sets
// Content-Length, so nothing is left to be sent after the handler has returned.
func (s *spool) send(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	for name, values := range s.header {
		header[name] = values
	}
	header.Add("Vary", "Accept-Encoding")
	if acceptsGzip(r.Header) {
		header.Set("Content-Encoding", "gzip")
		header.Set("Content-Length", strconv.Itoa(s.body.Len()))
		w.WriteHeader(s.status)
		// A client that has gone needs no answer; so below.
		_, _ = w.Write(s.body.Bytes())
		return
	}
	header.Set("Content-Length", strconv.FormatInt(s.size, 10))
	w.WriteHeader(s.status)
	plain, err := gzip.NewReader(&s.body)
	if err != nil {
		panic(fmt.Sprintf("what was compressed here cannot be read: %v", err))
	}
	_, _ = io.Copy(w, plain)
}

// acceptsGzip reads Accept-Encoding (RFC 9110, section 12.5.3).
func acceptsGzip(header http.Header) bool {
	accepted := false
	for coding := range strings.SplitSeq(strings.Join(header.Values("Accept-Encoding"), ","), ",") {
		name, weight, _ := strings.Cut(coding, ";")
		name = strings.ToLower(strings.TrimSpace(name))
		if name != "gzip" && name != "*" {
			continue
		}
		_, value, weighted := strings.Cut(strings.TrimSpace(weight), "=")
		quality, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
		accepted = !weighted || err == nil && quality > 0
		if name == "gzip" {
			return accepted // an encoding that is named takes precedence over *
		}
	}
	return accepted
}
