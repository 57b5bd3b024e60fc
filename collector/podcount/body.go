package podcount

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// jsontext doubles its buffer when a value fills three quarters of it. So each of these
// sizes is just below three quarters of a power of two.
const (
	// maxValueBytes limits one row, one object of a list and whatever stands between
	// them. The largest object that etcd takes is 1.5 MiB in protobuf (etcd
	// --max-request-bytes), less than twice that in JSON.
	maxValueBytes = 3_000_000
	// eventValueBytes is the size up to which all streams may read an event at once. Most
	// events have 1 KiB.
	eventValueBytes = 12_000
	// usualValueBytes is the size up to which many clusters may read a value at once.
	// Nodes and pods have some 10 KiB.
	usualValueBytes = 96_000
	// largeValueBytes is the size up to which some may. Annotations have 256 KiB at most
	// (k8s.io/apimachinery/pkg/api/validation).
	largeValueBytes = 390_000
)

var (
	errLargeElsewhere = fmt.Errorf("a value of the answer is longer than %d bytes, and those of others were read until its time was over: %w", usualValueBytes, errBusy)
	errSlowLarge      = errors.New("a large value of the answer comes too slowly: others wait for its place")
	errTooLarge       = fmt.Errorf("a value of the answer is longer than %d bytes", maxValueBytes)
	errCoding         = errors.New("the answer has a content encoding other than gzip")
)

// wire counts the bytes of an answer, and keeps the error that cut it short
// apart from those of its decoders: a network failure is not malformed data. Its seat is
// that of the whole answer.
type wire struct {
	r     io.Reader
	bytes int64
	err   error
	seat  seat
}

// Read passes on what r gives. Meanwhile others decode.
func (w *wire) Read(p []byte) (int, error) {
	had := w.seat.give()
	n, err := w.r.Read(p)
	w.bytes += int64(n)
	if err != nil && err != io.EOF {
		w.err = err
	}
	return n, cmp.Or(err, w.resume(had))
}

// window lets a decoder read no further than limit, so that no value makes it buffer
// more than maxValueBytes, and many clusters at once no more than usualValueBytes
// each.
type window struct {
	r io.Reader
	turn
	read  int64
	start int64 // of the value
}

// Read fails with errTooLarge at the limit.
func (w *window) Read(p []byte) (int, error) {
	rooms := w.rooms()
	for w.entered < len(rooms) && w.read-w.start >= rooms[w.entered].size {
		if err := w.wait(); err != nil {
			return 0, err
		}
	}
	limit := w.start + maxValueBytes
	if w.entered < len(rooms) {
		limit = w.start + rooms[w.entered].size
	}
	if w.read >= limit {
		return 0, errTooLarge
	}
	n, err := w.unpacked(p[:min(int64(len(p)), limit-w.read, max(stintBytes, (w.read-w.start)/16))])
	w.read += int64(n)
	if n > 0 && w.entered > 0 {
		w.progressed()
	}
	return n, err
}

// wait is enter. Meanwhile others decode.
func (w *window) wait() error {
	on := &w.exchange.body
	had := on.seat.give()
	if !w.enter() {
		return errLargeElsewhere
	}
	return on.resume(had)
}

// unpacked reads on. Where that has not been read from the network, which lets others
// decode, it does so itself: 64 KiB may unpack to many MB.
func (w *window) unpacked(p []byte) (int, error) {
	if w.exchange == nil {
		return w.r.Read(p)
	}
	on := &w.exchange.body
	stint := on.seat.stints
	n, err := w.r.Read(p)
	if on.seat.stints == stint {
		err = cmp.Or(err, on.resume(on.seat.give()))
	}
	return n, err
}

// close ends a large value, whether it came whole or not. Another document may follow.
func (w *window) close() {
	if w.entered > 0 {
		w.leave()
	}
}

// plain undoes the content encoding of an answer. Only gzip is accepted, asked for or
// not, since some proxies compress everything.
func plain(header http.Header, w *wire) (io.Reader, error) {
	switch strings.ToLower(strings.TrimSpace(header.Get("Content-Encoding"))) {
	case "", "identity":
		return w, nil
	case "gzip", "x-gzip": // RFC 9110, section 8.4.1.3
		return unpack(w)
	default:
		return nil, errCoding
	}
}
