package podcount

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestLookupsThatFail has a pod on a node that does not exist, and a server that does not look
// up nodes by their names, but lists them.
func TestLookupsThatFail(t *testing.T) {
	for how, trouble := range troubles() {
		t.Run(how, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &patient{t: t, pods: podPage("", "a", "ghost"), ill: lookingUp, trouble: trouble}
				p.renew(nil)
				if s := p.visits(2*perHour, 0); len(s.Nodes) != 2 || s.UnknownNodePods != 1 {
					t.Errorf("the last count: %s", line(s))
				}
				if most := DefaultPageAttempts + freeExpiries + 1; p.asked > most {
					t.Errorf("%d look-ups, want %d at most", p.asked, most)
				}
			})
		})
	}
}

// TestNodesRefusedToOtherCredentials has credentials change after nodes have been listed, and
// the new ones be refused for some counts.
func TestNodesRefusedToOtherCredentials(t *testing.T) {
	for _, tc := range []struct {
		name                   string
		listed                 bool // by the former ones
		refused, failing       int  // counts with the new ones
		nodes, nodesInTheCount int
	}{
		{"never, as they were not listed before", false, 1, 0, 1, 1},
		{"once", true, 1, 1, 0, 2},
		{"twice", true, 2, 1, 1, 1},
		{"for hours", true, 3 * perHour, 1, 1, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &patient{t: t, trouble: status(http.StatusForbidden, "")}
				p.renew(nil)
				if !tc.listed {
					p.ill = nodesOnly
				}
				p.visits(1, 0)
				p.renew(nil)
				p.ill = nodesOnly
				if s := p.visits(tc.refused, tc.failing); tc.nodes > 0 && (len(s.Nodes) != tc.nodes || !s.NodesForbidden) {
					t.Errorf("with the new credentials: %s", line(s))
				}
				p.ill = nil
				if s := p.visits(1, 0); len(s.Nodes) != tc.nodesInTheCount {
					t.Errorf("once they are allowed: %s, want %d nodes", line(s), tc.nodesInTheCount)
				}
				if s := p.visits(perHour, 0); len(s.Nodes) != 2 || s.NodesForbidden {
					t.Errorf("an hour later: %s", line(s))
				}
			})
		})
	}
}

// TestCredentialsThatChangeOften has other ones come before each count: those that may not list
// nodes are not a failure for ever.
func TestCredentialsThatChangeOften(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &patient{t: t, trouble: status(http.StatusForbidden, "")}
		p.renew(nil)
		p.visits(1, 0)
		p.ill = nodesOnly
		for i := range 6 {
			p.renew(nil)
			p.visits(1, max(0, 1-i))
		}
	})
}

// TestNodesRefusedMeanwhile has the list of nodes refused to others, of the same Counter,
// before a count that was suspended asks for it again.
func TestNodesRefusedMeanwhile(t *testing.T) {
	var names []string
	for i := range maxLookups + 1 {
		names = append(names, fmt.Sprint("n", i))
	}
	c := newScript(t, podPage("", names...)).counter(nil)
	run := c.take(&recorder{})
	must(t, c.pages(t.Context(), run))
	c.refused[nodesPath] = time.Now()
	must(t, c.run(t.Context(), run))
	if s := c.snapshot(run); !s.NodesForbidden || len(s.Nodes) != len(names) {
		t.Errorf("%s, want the nodes that have pods", line(s))
	}
}

// TestForbiddenNamespaceIsDeleted has an empty namespace that may not be looked up for an
// hour, does not exist then, and cannot be looked up after that: it still does not exist.
func TestForbiddenNamespaceIsDeleted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &patient{t: t, pods: podPage(""), trouble: status(http.StatusForbidden, "")}
		p.ill = func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/x") }
		p.renew(func(cfg *Config) { cfg.Namespaces = []string{"x"} })
		p.visits(perHour, 0)
		for _, code := range []int{http.StatusNotFound, http.StatusServiceUnavailable} {
			p.trouble = status(code, "")
			p.visits(1, 1)
		}
		p.trouble = status(http.StatusForbidden, "")
		p.visits(1, 0)
	})
}

// TestLooksAreReported has a look fail: of an hour's refusal that is nothing new, and of
// another failure it is.
func TestLooksAreReported(t *testing.T) {
	for code, want := range map[int]int{http.StatusForbidden: 0, http.StatusServiceUnavailable: 1} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &patient{t: t, ill: nodesOnly, trouble: status(http.StatusForbidden, "")}
				p.renew(nil)
				p.visits(perHour, 0)
				p.trouble = status(code, "")
				var seen recorder
				if _, err := countOnce(t.Context(), p.counter, &seen); err != nil {
					t.Fatal(err)
				}
				failures := 0
				for _, page := range seen.pages {
					if page.Err != nil {
						failures++
					}
				}
				if failures != want || p.asked != 2 {
					t.Errorf("%d failures of %d requests were reported, want %d of 2", failures, p.asked, want)
				}
			})
		})
	}
}

// TestOtherCredentialsAreInTrouble has what was forbidden fail in another way once other
// credentials have come.
func TestOtherCredentialsAreInTrouble(t *testing.T) {
	one := func(cfg *Config) { cfg.Namespaces = []string{"x"} }
	namespace := func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/x") }
	for _, what := range []struct {
		name   string
		change func(*Config)
		pods   step
		ill    func(*http.Request) bool
	}{
		{"nodes", nil, nil, nodesOnly},
		{"an empty namespace", one, podPage(""), namespace},
	} {
		t.Run(what.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &patient{t: t, pods: what.pods, ill: what.ill, trouble: status(http.StatusForbidden, "")}
				p.renew(what.change)
				p.visits(1, 0)
				p.trouble, p.asked = status(http.StatusServiceUnavailable, ""), 0
				p.renew(what.change)
				p.visits(perHour, 0)
				if p.asked != 1 {
					t.Errorf("the new credentials asked %d times in an hour, want once", p.asked)
				}
			})
		})
	}
}

// TestNodesThatAreNotServed has a server that does not know nodes, which says nothing of rights.
func TestNodesThatAreNotServed(t *testing.T) {
	for _, code := range []int{404, 405, 501} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &patient{t: t, ill: nodesOnly, trouble: status(code, "")}
				p.renew(nil)
				p.visits(3, 3)
			})
		})
	}
}

// TestNamespacesThatAreNotServed has a server that lists the pods of a namespace, of which
// there are none, and looks the namespace up in no way. Only one that says so is believed:
// of the others, the namespace may not exist.
func TestNamespacesThatAreNotServed(t *testing.T) {
	for _, unserved := range []int{405, 501} {
		for how, trouble := range troubles() {
			t.Run(fmt.Sprintf("%s, then %d", how, unserved), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					p := &patient{t: t, pods: podPage(""), trouble: trouble}
					p.ill = func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/x") }
					p.renew(func(cfg *Config) { cfg.Namespaces = []string{"x"} })
					failing := 3
					if how == "403" || how == "405" {
						failing = 0
					}
					p.visits(3, failing)
					p.trouble, p.asked = status(unserved, ""), 0
					if s := p.visits(2*perHour, 0); len(s.Nodes) != 2 || p.asked != 2 {
						t.Errorf("asked %d times in two hours, want twice: %s", p.asked, line(s))
					}
				})
			})
		}
	}
}
