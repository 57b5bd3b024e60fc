package podcount

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// TestOldNodesAreListedAgain has the nodes take long, or be set aside amid their pages, while
// one goes and another comes: the numbers are never of nodes that are minutes older than the
// pods.
func TestOldNodesAreListedAgain(t *testing.T) {
	slow := func(page step, takes time.Duration) step {
		return func(r *http.Request) (*http.Response, error) {
			if err := sleep(r.Context(), takes); err != nil {
				return nil, err
			}
			return page(r)
		}
	}
	for _, tt := range []struct {
		name  string
		nodes []step // before the pods
		fails bool
		asked []string
	}{
		{"set aside", append([]step{nodePage("t", "a", "gone")}, repeat(DefaultPageAttempts, status(http.StatusServiceUnavailable, ""))...), true, []string{"nodes?t", "pods", "nodes"}},
		{"slow pages", []step{nodePage("t", "a", "gone"), slow(nodePage("u", "b"), 25*time.Second), slow(nodePage("v", "c"), 25*time.Second), slow(nodePage("", "d"), 25*time.Second)}, false, []string{"nodes", "nodes?t", "nodes?u", "nodes?v", "pods", "nodes"}},
		{"quick pages", []step{nodePage("t", "a", "b"), slow(nodePage("", "c", "d", "new"), 25*time.Second)}, false, []string{"nodes", "nodes?t", "pods"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				script := newScript(t, podPage("", "a"))
				script.nodes = tt.nodes
				c := script.counter(nil)
				if tt.fails {
					_ = script.countFails(c, Server)
					script.settle()
					script.asked, script.nodes = nil, []step{nodePage("", "b", "c", "d")}
					time.Sleep(tokenLife - 30*time.Second)
				}
				script.nodes = append(script.nodes, nodePage("", "a", "b", "c", "d", "new"))
				if got, want := script.count(c), "a=1 b=0 c=0 d=0 new=0 unscheduled=0 unknown=0 pages=1 version=8 consistent=true"; got != want {
					t.Errorf("got  %s\nwant %s", got, want)
				}
				script.expect(tt.asked...)
			})
		})
	}
}

// TestOldSelectedNodesAreListedAgain has the pods fail until the nodes are old, while one goes
// and another comes: those that are selected are listed again, be that set aside, too.
func TestOldSelectedNodesAreListedAgain(t *testing.T) {
	down := repeat(DefaultPageAttempts, status(http.StatusServiceUnavailable, ""))
	for _, tt := range []struct {
		name      string
		selection Selection
		rest      time.Duration
		shows     string // of the nodes
		asked     []string
	}{
		{"by label", Selection{Labels: "!other"}, tokenLife - 30*time.Second, "a=1 new=1 ", []string{"pods", "nodes"}},
		{"by names", Selection{Names: []string{"gone", "new"}}, tokenLife - 30*time.Second, "new=1 ", []string{"pods", "nodes"}},
		{"by one name", Selection{Names: []string{"gone"}}, tokenLife - 30*time.Second, "", []string{"pods", "nodes"}},
		{"by label, not old", Selection{Labels: "!other"}, 10 * time.Second, "a=1 gone=0 ", []string{"pods"}},
	} {
		for _, aside := range []bool{false, true} {
			t.Run(fmt.Sprint(tt.name, ", set aside again: ", aside), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					script := newScript(t, slices.Concat(down, []step{podPage("", "a", "new")})...)
					script.nodes = []step{nodePage("", "a", "gone")}
					c := script.counter(func(cfg *Config) { cfg.Nodes = tt.selection })
					_ = script.countFails(c, Server)
					time.Sleep(tt.rest)
					if script.nodes = []step{nodePage("", "a", "new")}; len(tt.selection.Names) == 1 {
						script.nodes = []step{nodePage("")}
					}
					asked := tt.asked
					if aside && len(asked) > 1 {
						script.nodes = slices.Concat(down, script.nodes)
						_ = script.countFails(c, Server)
						asked = asked[1:] // the pods are there
					}
					script.settle()
					script.asked = nil
					if got, want := script.count(c), tt.shows+"unscheduled=0 unknown=0 pages=1 version=8 consistent=true"; got != want {
						t.Errorf("got  %s\nwant %s", got, want)
					}
					script.expect(asked...)
				})
			})
		}
	}
}

// TestTokenOfARequestWithoutOne has a server answer the first page with status 410 and a
// continue token, which nobody has asked with: its pods are not all.
func TestTokenOfARequestWithoutOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gone := body(http.StatusGone, `{"kind":"Status","code":410,"metadata":{"continue":"t9"}}`)
		script := newScript(t, append(repeat(8, gone), podPage("", "a"))...)
		c := script.counter(nil)
		_ = script.countFails(c, Expired)
		script.settle()
		for _, asked := range script.asked[1:] {
			if asked != "pods" {
				t.Errorf("asked for %s", asked)
			}
		}
	})
}

// TestRefusalsOfACount has credentials refused from some moment of a count on: they are sent
// twice at most, whatever is asked for.
func TestRefusalsOfACount(t *testing.T) {
	for _, code := range []int{http.StatusUnauthorized, http.StatusForbidden} {
		t.Run(http.StatusText(code), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				script := newScript(t, podPage("", "a", "z"))
				script.nodes = append([]step{nodePage("", "a")}, repeat(20, status(code, ""))...)
				c := script.counter(nil)
				for range 2 {
					if _, err := countOnce(t.Context(), c, &recorder{}); err == nil {
						t.Error("the count is complete")
					}
					script.settle()
					refused := len(script.asked)
					if script.asked[0] == "nodes" && len(script.asked) > 1 && script.asked[1] == "pods" {
						refused -= 2 // which were answered
					}
					if refused > maxRefusals {
						t.Errorf("%d refused requests in one count: %q", refused, script.asked)
					}
					script.asked = nil
				}
			})
			synctest.Test(t, func(t *testing.T) { // at a look
				p := &patient{t: t, ill: tables, trouble: status(http.StatusNotAcceptable, "")}
				p.renew(nil)
				p.visits(1, 0)
				time.Sleep(formLife)
				p.ill, p.trouble, p.asked = func(r *http.Request) bool { return !nodesOnly(r) }, status(code, ""), 0
				_, err := countOnce(t.Context(), p.counter, &recorder{})
				synctest.Wait()
				if err == nil || p.asked > maxRefusals {
					t.Errorf("%d refused requests in one count (%v)", p.asked, err)
				}
			})
		})
	}
}
