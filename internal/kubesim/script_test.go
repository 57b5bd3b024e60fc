package kubesim

import (
	"net/http"
	"slices"
	"testing"
)

// TestScriptPicks walks pods twice, trying failed pages again, and notes which
// requests were spoiled.
func TestScriptPicks(t *testing.T) {
	broken := HTTPStatus(http.StatusInternalServerError)
	for _, tc := range []struct {
		name  string
		rules []Rule
		want  []int // numbers of the spoiled requests; five pages a walk
	}{
		{"no rule", nil, nil},
		{"first page, once", []Rule{{broken, "pods", FirstPage, 1}}, []int{1}},
		{"first page, for ever", []Rule{{broken, "pods", FirstPage, Forever}}, []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}},
		{"middle page, thrice", []Rule{{broken, "pods", MiddlePage, 3}}, []int{2, 3, 4}},
		{"last page, once", []Rule{{broken, "pods", LastPage, 1}}, []int{5}},
		{"third page, twice", []Rule{{broken, "pods", 3, 2}}, []int{3, 4}},
		{"third page in both walks", []Rule{{broken, "pods", 3, 1}, {broken, "pods", 2, 2}}, []int{2, 3, 5}},
		{"a page there is not", []Rule{{broken, "pods", 6, Forever}}, nil},
		{"any page, twice", []Rule{{broken, "pods", AnyPage, 2}}, []int{1, 2}},
		{"another resource", []Rule{{broken, "nodes", AnyPage, Forever}}, nil},
		{"any resource", []Rule{{broken, "", 2, 1}}, []int{2}},
		{"token fault on a first page", []Rule{{SameToken(), "pods", FirstPage, Forever}}, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			script := NewScript(tc.rules...)
			s := newServer(t, func(c *Config) { small(c); c.Intercept = script.Intercept })
			var spoiled []int
			token, walks := "", 0
			for request := 1; request <= 12 && walks < 2; request++ {
				page := askList(t, s, "/api/v1/pods", acceptTable, "includeObject", "None", "limit", "100", "continue", token)
				if page.Code != 0 {
					spoiled = append(spoiled, request)
					continue
				}
				if token = page.Metadata.Continue; token == "" {
					walks++
				}
			}
			if !slices.Equal(spoiled, tc.want) || script.Hits() != len(tc.want) {
				t.Errorf("requests %v were spoiled, %d by the script's count, want %v", spoiled, script.Hits(), tc.want)
			}
		})
	}
}

func TestScriptMiddleNeedsThreePages(t *testing.T) {
	script := NewScript(Rule{HTTPStatus(500), "pods", MiddlePage, Forever})
	s := newServer(t, func(c *Config) { small(c); c.Intercept = script.Intercept })
	pages := pagesOf(t, s, "/api/v1/pods", acceptTable, 300, nil)
	if len(pages) != 2 || script.Hits() != 0 {
		t.Errorf("%d pages, %d spoiled, want 2 and none: the second is the last", len(pages), script.Hits())
	}
}
