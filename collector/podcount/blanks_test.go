package podcount

import (
	"net/http"
	"strings"
	"testing"
)

// TestBlanksAfterAnAnswer has answers that are complete, and end in as many blanks as a
// large value has bytes: no place for large values is taken for longer than they are read.
func TestBlanksAfterAnAnswer(t *testing.T) {
	for name, blanks := range map[string]int{"large": usualValueBytes + 1000, "very large": largeValueBytes + 1000, "too large": maxValueBytes + 1000} {
		t.Run(name, func(t *testing.T) {
			budget, room := NewBudget(128<<20), strings.Repeat(" ", blanks)
			c := sharing(t, budget, roundTrip(func(r *http.Request) (*http.Response, error) {
				list := podNamed(1)
				if strings.HasSuffix(r.URL.Path, "/nodes") {
					list = `{"kind":"NodeList","metadata":{"resourceVersion":"1"},"items":[{"metadata":{"name":"a"}}]}`
				}
				return answerOf(list + room), nil
			}))
			c.cfg.PageAttempts = 1
			for range 3 {
				counted := false
				err := c.Count(t.Context(), &recorder{}, func(s *Snapshot) { counted = s.ActivePods() == 1 })
				if fits := blanks < maxValueBytes; fits != (err == nil && counted) {
					t.Fatalf("counted %t, error %v", counted, err)
				}
			}
			for _, r := range budget.rooms {
				if n := len(r.reading) + len(r.waiting); n > 0 {
					t.Errorf("%d places for values of %d bytes are taken when nothing is read", n, r.size)
				}
			}
		})
	}
}
