package podcount

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
)

// TestUnhiddenAmidACount has a proxy that hides rows without objects go away in a count that is
// interrupted there: the pages without rows before the failure are not believed because of the
// rows after it.
func TestUnhiddenAmidACount(t *testing.T) {
	turnAmidACount(t, true, http.StatusBadGateway)
}

// TestHiddenNowAndThen has such a proxy come and go again and again, with a failure each time: no
// count is wrong, and they do not fail for good.
func TestHiddenNowAndThen(t *testing.T) {
	for _, namespaces := range [][]string{nil, {"a", "b", "c"}} {
		for _, hidden := range []bool{true, false} {
			for every := 2; every <= 5; every++ {
				t.Run(fmt.Sprintf("%d namespaces, hidden first %t, every %d", len(namespaces), hidden, every), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						h := &hiding{limited: limited{pods: 4000, most: 10_000, fail: hang}, objects: hidden}
						c, n := h.counter(t), 0
						c.cfg.Namespaces = namespaces
						c.client.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
							if !strings.HasSuffix(r.URL.Path, Pods) {
								return h.lookedUp(r)
							}
							if n++; n%every == 0 {
								h.objects = !h.objects
								getConn(r.Context())
								return statusOf(http.StatusServiceUnavailable)(r)
							}
							return h.RoundTrip(r)
						})
						if right := h.right(t, c); right < 8 {
							t.Errorf("%d of 8 counts are right", right)
						}
					})
				})
			}
		}
	}
}

// TestFailuresAfterEmptyPages has requests of a server that hides nothing fail, after pages or
// namespaces without pods: the count is made again once in the same form and once in another, at
// most. Its script ends after that.
func TestFailuresAfterEmptyPages(t *testing.T) {
	none, one, first, down := podPage(""), podPage("", "a"), podPage("t1"), status(http.StatusServiceUnavailable, "")
	for _, tt := range []struct {
		name       string
		namespaces []string
		pods       []step
		want       int
		source     Source
	}{
		{"no failure", []string{"none", "x"}, []step{none, one}, 1, SourceTable},
		{"after a namespace", []string{"none", "x"}, []step{none, down, one, one, none}, 1, SourceTable},
		{"after two", []string{"none", "none2", "x"}, []step{none, down, none, one, one, none, none}, 1, SourceTable},
		{"before all", []string{"none", "x"}, []step{down, none, one}, 1, SourceTable},
		{"after pods", []string{"x", "none", "y"}, []step{one, none, down, one}, 2, SourceTable},
		{"after a page", nil, []step{first, down, one, first, one}, 1, SourceTable},
		{"after a page, twice", nil, []step{first, down, one, first, down, one, first, down, down, one}, 1, SourceTableMetadata},
		{"before another form", nil, []step{first, status(http.StatusNotAcceptable, ""), down, one}, 1, SourceTableMetadata},
		{"other forms hide nothing", nil, []step{status(http.StatusNotAcceptable, ""), first, down, one}, 1, SourceTableMetadata},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				script := newScript(t, tt.pods...)
				c := script.counter(func(cfg *Config) { cfg.Namespaces = tt.namespaces })
				s, err := countOnce(t.Context(), c, &recorder{})
				if err != nil {
					t.Fatal(err)
				}
				if s.ActivePods() != tt.want || s.Source != tt.source || len(script.pods) > 0 {
					t.Errorf("%s by %s, and %d requests are left; want %d pods by %s", line(s), s.Source, len(script.pods), tt.want, tt.source)
				}
			})
		})
	}
}
