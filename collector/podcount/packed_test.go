package podcount

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// packedAlone packs an event as a member of its own: with a flush before its end, as
// kube-apiserver does, or without.
func packedAlone(t *testing.T, event string, flush bool) []byte {
	t.Helper()
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, err := io.WriteString(z, event)
	if flush {
		err = errors.Join(err, z.Flush())
	}
	if err = errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	return packed.Bytes()
}

// TestPackedEventsComeAtOnce has events that are packed one by one, a minute apart. None
// waits for the next, and the stream ends in order, also after a member without content.
func TestPackedEventsComeAtOnce(t *testing.T) {
	for name, flush := range map[string]bool{"flushed": true, "not flushed": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				in, out := io.Pipe()
				go func() {
					for i := range 3 {
						_, _ = out.Write(packedAlone(t, podEvent(i, "ADDED", "n0"), flush))
						_ = sleep(t.Context(), time.Minute)
					}
					_, _ = out.Write(packedAlone(t, "", flush))
					_ = out.Close()
				}()
				text, err := plain(http.Header{"Content-Encoding": {"gzip"}}, &wire{r: in})
				if err != nil {
					t.Fatal(err)
				}
				reader, began := newEventReader(text, Pods, nil, nil), time.Now()
				for i := range time.Duration(3) {
					if changes, err := reader.next(); err != nil || len(changes) != 1 || time.Since(began) != i*time.Minute {
						t.Errorf("%v after %s: error %v, want an event after %s", changes, time.Since(began), err, i*time.Minute)
					}
				}
				if changes, err := reader.next(); !errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
					t.Errorf("%v at the end, error %v, want EOF", changes, err)
				}
			})
		})
	}
}
