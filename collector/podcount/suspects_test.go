package podcount

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestFaultsBeforeTheFormIsFound has servers without Tables, and two namespaces, of which
// the first is empty: until pods come, no form is known. What fails meanwhile, and is not
// of a form, is tried as often as anything else.
func TestFaultsBeforeTheFormIsFound(t *testing.T) {
	exact := func(r *http.Request) bool { return r.URL.Query().Get("resourceVersionMatch") == "Exact" }
	lookup := func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/namespaces/empty") }
	for name, tt := range map[string]struct {
		fails func(*http.Request) bool
		times int
	}{
		"a resourceVersion, always": {exact, 1 << 30},
		"a look-up, once":           {lookup, 1},
		"a look-up, three times":    {lookup, 3},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &patient{t: t, trouble: status(http.StatusInternalServerError, "")}
				p.ill = func(r *http.Request) bool { return p.asked < tt.times && tt.fails(r) }
				p.pods = func(r *http.Request) (*http.Response, error) {
					switch source := sourceOf(r); {
					case source == SourceTable || source == SourceTableMetadata:
						return status(http.StatusNotAcceptable, "")(r)
					case strings.Contains(r.URL.Path, "/empty/"):
						return body(http.StatusOK, pods("[]"))(r)
					default:
						return onePod(source)(r)
					}
				}
				p.renew(func(cfg *Config) { cfg.Namespaces = []string{"empty", "full"} })
				for i := range 12 { // an hour
					if s, err := countOnce(t.Context(), p.counter, &recorder{}); err != nil || s.ActivePods() != 1 || s.Source != SourceList {
						t.Fatalf("count %d: %s, %v", i, line(s), err)
					}
					time.Sleep(5 * time.Minute)
				}
				if p.asked == 0 {
					t.Error("nothing failed")
				}
			})
		})
	}
}

// TestRefusedLooksSayNothing counts a server without Tables for five hours, with more pods
// than the first page holds. The hourly look at a better form is no failure, whatever size
// pages have.
func TestRefusedLooksSayNothing(t *testing.T) {
	const item = `{"spec":{"nodeName":"a"},"status":{"phase":"Running"}}`
	for _, attempts := range []int{1, 5} {
		t.Run(fmt.Sprint(attempts), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p, looks := &patient{t: t}, 0
				p.pods = func(r *http.Request) (*http.Response, error) {
					if sourceOf(r) != SourceList {
						looks++
						return status(http.StatusNotAcceptable, "")(r)
					}
					limit, _ := strconv.Atoi(r.URL.Query().Get("limit"))
					at, _ := strconv.Atoi(r.URL.Query().Get("continue"))
					n, next := min(limit, 5000-at), ""
					if at+n < 5000 {
						next = strconv.Itoa(at + n)
					}
					items := strings.Join(slices.Repeat([]string{item}, n), ",")
					return body(http.StatusOK, fmt.Sprintf(`{"kind":"PodList","metadata":{"resourceVersion":"8","continue":%q},"items":[%s]}`, next, items))(r)
				}
				p.renew(func(cfg *Config) { cfg.PageAttempts = attempts })
				for i := range 60 {
					rec := &recorder{}
					s, err := countOnce(t.Context(), p.counter, rec)
					failed := slices.ContainsFunc(rec.pages, func(page Page) bool { return page.Err != nil })
					if err != nil || failed || s.ActivePods() != 5000 {
						t.Fatalf("count %d: %s, %v, reports %+v", i, line(s), err, rec.pages)
					}
					time.Sleep(5 * time.Minute)
				}
				if looks < 8 {
					t.Errorf("%d refused requests, want two in the first count and in each hour", looks)
				}
			})
		})
	}
}
