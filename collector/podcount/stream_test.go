package podcount

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
)

// TestStreamOfDocuments reads documents one after the other like single ones: a fault
// belongs to its document, and so does a size.
func TestStreamOfDocuments(t *testing.T) {
	table := func(version, rows string) string {
		return `{"kind":"Table","metadata":{"resourceVersion":"` + version + `"},"columnDefinitions":[{"name":"Node"}],"rows":` + rows + `}`
	}
	first, second := table("1", `[{"cells":["a"]},{"cells":["b"]}]`), table("2", `[{"cells":["a"]}]`)
	tests := []struct {
		name   string
		stream string
		rows   []int
		end    error
	}{
		{"one", first, []int{2}, io.EOF},
		{"two", first + second, []int{2, 1}, io.EOF},
		{"two on lines of their own", first + "\n" + second + "\n", []int{2, 1}, io.EOF},
		{"the second is cut", first + second[:len(second)-3], []int{2}, io.ErrUnexpectedEOF},
		{"the second is no list", first + `{"kind":"Table"}`, []int{2}, errNoList},
		{"a Status", first + `{"kind":"Status","code":410}` + second, []int{2, 0, 1}, io.EOF},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			counted := newTally(newAccount(nil).open())
			rows := counted.content()
			d := newDecoder(strings.NewReader(tt.stream))
			var got []int
			var size int64
			for {
				doc, err := d.next(rows)
				if err != nil {
					if !errors.Is(err, tt.end) {
						t.Errorf("the stream ended with %v, want %v", err, tt.end)
					}
					break
				}
				got = append(got, doc.rows)
				size += doc.size
			}
			if !slices.Equal(got, tt.rows) {
				t.Errorf("documents of %v rows, want %v", got, tt.rows)
			}
			if whole := int64(len(strings.TrimSpace(tt.stream))); errors.Is(tt.end, io.EOF) && !strings.HasSuffix(tt.name, "own") && size != whole {
				t.Errorf("%d bytes, want %d", size, whole)
			}
		})
	}
}

// withoutPods is a fakeAPI in which pods may not be listed.
type withoutPods struct{ *fakeAPI }

func (w withoutPods) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasSuffix(r.URL.Path, "/pods") {
		return status(http.StatusForbidden, "")(r)
	}
	return w.fakeAPI.RoundTrip(r)
}

// TestStreamsLeaveTheFailureAlone has a page fail while streams are open, which end for
// it: it is still told as what it is.
func TestStreamsLeaveTheFailureAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		watcher := newWatcher(t, DefaultConfig(), withoutPods{newFakeAPI(1)}, DefaultWatchConfig())
		err := watcher.Count(t.Context(), &recorder{}, func(*Snapshot) { t.Error("there is a snapshot") })
		var failure *PageError
		if !errors.As(err, &failure) || failure.Resource != Pods || failure.Page != 1 || failure.Reason != Forbidden {
			t.Errorf("it failed with %v, want page 1 of the pods to be forbidden", err)
		}
	})
}
