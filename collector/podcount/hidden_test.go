package podcount

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
)

// filtered is a server behind a proxy that hides all but the last pods.
func filtered(pods, shown int) roundTrip {
	return func(r *http.Request) (*http.Response, error) {
		getConn(r.Context())
		if strings.HasSuffix(r.URL.Path, "/nodes") {
			return answerOf(nodes(`[{"metadata":{"name":"a"},"status":{"allocatable":{"pods":"110"}}}]`)), nil
		}
		limit, _ := strconv.Atoi(r.URL.Query().Get("limit"))
		at, _ := strconv.Atoi(r.URL.Query().Get("continue"))
		var rows []string
		for i := at; i < min(at+limit, pods); i++ {
			if i >= pods-shown {
				rows = append(rows, fmt.Sprintf(`{"cells":["p-%d","a","1d"]}`, i))
			}
		}
		text, token := page("["+strings.Join(rows, ",")+"]"), ""
		if len(rows) == 0 {
			text = page("null") // as a program in Go writes a list that nothing is left of
		}
		if at+limit < pods {
			token = fmt.Sprintf(`,"continue":"%d"`, at+limit)
		}
		return answerOf(strings.Replace(text, `"resourceVersion":"8"`, `"resourceVersion":"8"`+token, 1)), nil
	}
}

// TestHiddenRows has pods in the middle of which a proxy leaves pages empty.
func TestHiddenRows(t *testing.T) {
	for _, tt := range []struct {
		pods, shown int
		pages       int // that pods may take
	}{
		{4000, 30, 4},
		{12_000, 30, 5},
		{60_000, 30, 11},
		{60_000, 0, 11},
	} {
		t.Run(fmt.Sprint(tt.shown, " of ", tt.pods), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, seen := sharing(t, nil, filtered(tt.pods, tt.shown)), &recorder{}
				s, err := countOnce(t.Context(), c, seen)
				if err != nil {
					t.Fatal(err)
				}
				if want := fmt.Sprintf("a=%d", tt.shown); !strings.Contains(line(s), want) {
					t.Errorf("the snapshot is %q, want %q in it", line(s), want)
				}
				if s.Pages-1 > tt.pages {
					t.Errorf("%d pages of pods, want %d at most", s.Pages-1, tt.pages)
				}
			})
		})
	}
}

// TestPagesWithoutEnd checks that a count that ended at a budget leaves the size alone.
func TestPagesWithoutEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := sharing(t, nil, filtered(4_000_000, 0))
		c.pods = newPageSizer(c.cfg.PageSize, c.cfg.PageSize, c.cfg.PageTimeout)
		for range 3 {
			if _, err := countOnce(t.Context(), c, &recorder{}); err == nil || !strings.Contains(err.Error(), "empty") {
				t.Fatalf("the count ended with %v", err)
			}
			if c.pods.size < c.cfg.PageSize {
				t.Fatalf("the next page has %d rows, want %d at least", c.pods.size, c.cfg.PageSize)
			}
		}
	})
}
