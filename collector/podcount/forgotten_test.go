package podcount

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
)

// TestForgottenTokens has a server that is restarted amid a count and knows none of its
// tokens any more. The next count starts afresh, whatever client errors it answers.
func TestForgottenTokens(t *testing.T) {
	for _, code := range []int{400, 404, 406, 422, 501} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				steps := slices.Concat([]step{podPage("old", "c")}, repeat(DefaultPageAttempts, status(code, "")), threePages())
				script := newScript(t, steps...)
				c := script.counter(nil)
				_ = script.countFails(c, Server)
				if got := script.count(c); got != everyPage {
					t.Errorf("got  %s\nwant %s", got, everyPage)
				}
			})
		})
	}
}

// TestNodesForbiddenAtALaterPage has a server that refuses a later page of nodes, once or for
// all attempts of a count: that is a failure, as the account may list nodes.
func TestNodesForbiddenAtALaterPage(t *testing.T) {
	for times, failing := range map[int]bool{1: false, maxRefusals: true} {
		t.Run(fmt.Sprint(times), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				script := newScript(t, podPage("", "a"))
				script.nodes = slices.Concat([]step{nodePage("n", "a")}, repeat(times, status(http.StatusForbidden, "")), []step{nodePage("", "b")})
				c := script.counter(nil)
				if failing {
					_ = script.countFails(c, Forbidden)
				}
				if got, want := script.count(c), "a=1 b=0 unscheduled=0 unknown=0 pages=1 version=8 consistent=true"; got != want {
					t.Errorf("got  %s\nwant %s", got, want)
				}
			})
		})
	}
}

// TestRightsThatComeLate has an account that gets its rights after the first count, as when
// the exporter is installed: the nodes are there as soon as the pods are.
func TestRightsThatComeLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &patient{t: t, trouble: status(http.StatusForbidden, ""), ill: func(*http.Request) bool { return true }}
		p.renew(nil)
		if _, err := countOnce(t.Context(), p.counter, &recorder{}); err == nil {
			t.Fatal("the count did not fail")
		}
		p.ill = nil
		if s := p.visits(1, 0); s.NodesForbidden || len(s.Nodes) != 2 {
			t.Errorf("got %s, nodes forbidden: %t", line(s), s.NodesForbidden)
		}
	})
}
