package podcount

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
)

// TestConnectionsOfFailedPages has a page fail once. The connection of an answer that came
// whole serves the next attempt; one that may be broken does not.
func TestConnectionsOfFailedPages(t *testing.T) {
	lost := errors.New("connection reset")
	tests := []struct {
		name   string
		fault  step
		closes int32 // of idle connections: one at the end of the count
	}{
		{"status 500", status(http.StatusInternalServerError, ""), 1},
		{"status 429", status(http.StatusTooManyRequests, ""), 1},
		{"no list", body(http.StatusOK, "{}"), 1},
		{"no answer", hang, 2},
		{"half an answer", cut(podPage("", "a"), lost), 2},
		{"lost", broken(lost), 2},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				script := newScript(t, slices.Insert(threePages(), 0, test.fault)...)
				if got := script.count(script.counter(nil)); got != everyPage {
					t.Errorf("got  %s\nwant %s", got, everyPage)
				}
				if closes := script.idle.Load(); closes != test.closes {
					t.Errorf("idle connections were closed %d times, want %d", closes, test.closes)
				}
			})
		})
	}
}

// TestLongestToken has a token that is as long as one may be: it is sent whole.
func TestLongestToken(t *testing.T) {
	longest := strings.Repeat("t", maxTokenBytes)
	script := newScript(t, podPage(longest, "a"), podPage("", "b"))
	script.count(script.counter(nil))
	if sent := script.query.Get("continue"); sent != longest {
		t.Errorf("a token of %d bytes was sent for one of %d", len(sent), len(longest))
	}
}
