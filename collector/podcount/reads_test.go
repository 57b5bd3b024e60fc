package podcount

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
)

// reads counts how often a body is read.
type reads struct {
	io.Reader
	n *int
}

// Read notes one more.
func (r reads) Read(p []byte) (int, error) {
	*r.n++
	return r.Reader.Read(p)
}

// TestPagesAreReadInLargePieces counts the reads of a page: over HTTP/2, each makes a
// packet and keeps the server busy.
func TestPagesAreReadInLargePieces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		text, n := tableOf(10_000), 0
		c := sharing(t, nil, roundTrip(func(r *http.Request) (*http.Response, error) {
			getConn(r.Context())
			if strings.HasSuffix(r.URL.Path, "/nodes") {
				return answerOf(nodes("[]")), nil
			}
			response := answerOf(text)
			response.Body = io.NopCloser(reads{strings.NewReader(text), &n})
			return response, nil
		}))
		if _, err := countOnce(t.Context(), c, &recorder{}); err != nil {
			t.Fatal(err)
		}
		if most := len(text)/(32<<10) + 4; n > most {
			t.Errorf("%d bytes were read in %d pieces, want %d at most", len(text), n, most)
		}
	})
}
