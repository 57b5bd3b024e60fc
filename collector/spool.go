package collector

import (
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// spool is an http.ResponseWriter that keeps an answer in memory, compressed, until
// it is sent. For a client that does not read, it then holds about a fifteenth of the
// answer, and nothing that the answer was made from.
type spool struct {
	header http.Header
	status int
	size   int64 // of the answer as it was written
	body   packed
	zip    *gzip.Writer

	waited time.Duration // for the encoder
	took   time.Duration // to encode
}

// room is what the answer takes of sendingBytes.
func (s *spool) room() int64 { return min(s.body.size, sendingBytes) }

// pieceSize is small beside answers that matter, and larger than most others.
const pieceSize = 16 << 10

// packed is the compressed body. It grows by pieces: what a slice is copied from when it
// grows, and its spare room, can be twice what it has.
type packed struct {
	pieces net.Buffers
	size   int64
}

// Write adds to the last piece, and begins others.
func (p *packed) Write(b []byte) (int, error) {
	written := len(b)
	p.size += int64(written)
	for len(b) > 0 {
		last := len(p.pieces) - 1
		if last < 0 || len(p.pieces[last]) == pieceSize {
			p.pieces = append(p.pieces, make([]byte, 0, pieceSize))
			last++
		}
		n := min(len(b), pieceSize-len(p.pieces[last]))
		p.pieces[last] = append(p.pieces[last], b[:n]...)
		b = b[n:]
	}
	return written, nil
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
		header.Set("Content-Length", strconv.FormatInt(s.body.size, 10))
		w.WriteHeader(s.status)
		// A client that has gone needs no answer; so below.
		_, _ = s.body.pieces.WriteTo(w)
		return
	}
	header.Set("Content-Length", strconv.FormatInt(s.size, 10))
	w.WriteHeader(s.status)
	plain, err := gzip.NewReader(&s.body.pieces)
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
