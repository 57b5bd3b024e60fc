package kubesim

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"iter"
	"net/http"
	"strings"
)

const (
	// gzipThreshold is the size above which the real server compresses.
	gzipThreshold = 128 * 1024
	// writeSize is how much of a body is collected before it is sent.
	writeSize = 32 * 1024
)

// writeList sends a list, row by row where its encoding allows.
func writeList[T any](ctx context.Context, enc codec[T], meta listMeta, rows iter.Seq[item[T]], w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", enc.contentType)
	out := &bodyWriter{w: w, compress: strings.Contains(r.Header.Get("Accept-Encoding"), "gzip")}
	buf := enc.head(make([]byte, 0, 2*writeSize), meta)
	first := true
	for it := range rows {
		if !first {
			buf = append(buf, enc.separator...)
		}
		first = false
		buf = enc.row(buf, &it.value)
		if len(buf) < writeSize || enc.seal != nil {
			continue
		}
		if !out.send(ctx, buf) {
			return
		}
		buf = buf[:0]
	}
	buf = append(buf, enc.tail...)
	if enc.seal != nil {
		buf = enc.seal(buf)
	}
	if out.send(ctx, buf) {
		out.finish()
	}
}

// bodyWriter holds back the first bytes of a body until it is known whether it
// is large enough to be compressed.
type bodyWriter struct {
	w        http.ResponseWriter
	compress bool
	held     []byte
	zip      *gzip.Writer
}

// send writes p, and returns false if the client is gone. A deadline that passes
// within the body breaks the connection, as on the real server: the client must not
// take a part for the whole.
func (b *bodyWriter) send(ctx context.Context, p []byte) bool {
	if err := ctx.Err(); err != nil {
		if errors.Is(err, context.DeadlineExceeded) {
			panic(http.ErrAbortHandler)
		}
		return false
	}
	if !b.compress {
		_, err := b.w.Write(p)
		return err == nil
	}
	if b.zip == nil {
		b.held = append(b.held, p...)
		if len(b.held) <= gzipThreshold {
			return true
		}
		b.w.Header().Set("Content-Encoding", "gzip")
		b.w.Header().Add("Vary", "Accept-Encoding")
		b.zip = newGzip(b.w)
		p, b.held = b.held, nil
	}
	_, err := b.zip.Write(p)
	return err == nil
}

func newGzip(w io.Writer) *gzip.Writer {
	z, err := gzip.NewWriterLevel(w, gzip.BestSpeed)
	if err != nil {
		return gzip.NewWriter(w) // BestSpeed is a valid level
	}
	return z
}

// finish ends the body. If that fails, the client sees a broken body.
func (b *bodyWriter) finish() {
	if b.zip != nil {
		_ = b.zip.Close()
	} else if len(b.held) > 0 {
		_, _ = b.w.Write(b.held)
	}
}
