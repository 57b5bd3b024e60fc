package podcount

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/apimachinery/pkg/util/validation"
)

// inNamespaces counts x and y.
func inNamespaces(c *Config) { c.Namespaces = []string{"x", "y"} }

func TestNamespaces(t *testing.T) {
	const both = "a=2 b=2 c=0 unscheduled=1 unknown=0 pages=3 version=8 consistent=true"
	x1, x2 := podPage("t1", "a", "b"), podPage("", "<none>")
	tests := []struct {
		name  string
		pods  []step
		want  string
		asked []string
	}{
		{"one after the other, at one resourceVersion", []step{x1, x2, podPage("", "a", "b")}, both,
			[]string{"nodes", "x?", "x?t1", "y@8"}},
		{"a failure in the second", []step{x1, x2, status(503, ""), podPage("", "a", "b")}, both,
			[]string{"nodes", "x?", "x?t1", "y@8", "y@8"}},
		{"two failures in the second", []step{x1, x2, status(503, ""), status(503, ""), podPageAt("9", "", "a", "b")},
			"a=2 b=2 c=0 unscheduled=1 unknown=0 pages=3 version=9 consistent=false", []string{"nodes", "x?", "x?t1", "y@8", "y@8", "y?"}},
		{"a failure within the second", []step{x1, x2, podPage("t1", "a"), status(503, ""), podPage("", "b")},
			strings.Replace(both, "pages=3", "pages=4", 1), []string{"nodes", "x?", "x?t1", "y@8", "y?t1", "y?t1"}},
		{"the resourceVersion is too old", []step{x1, x2, status(410, ""), podPageAt("9", "", "a", "b")},
			"a=2 b=2 c=0 unscheduled=1 unknown=0 pages=3 version=9 consistent=false", []string{"nodes", "x?", "x?t1", "y@8", "y?"}},
		{"the server does not know how", []step{x1, x2, status(400, ""), podPageAt("9", "", "a", "b")},
			"a=2 b=2 c=0 unscheduled=1 unknown=0 pages=3 version=9 consistent=false", []string{"nodes", "x?", "x?t1", "y@8", "y?"}},
		{"nothing was changed in between", []step{x1, x2, status(400, ""), podPage("", "a", "b")}, both,
			[]string{"nodes", "x?", "x?t1", "y@8", "y?"}},
		{"the second starts afresh, the first stays", []step{x1, x2, podPage("t1", "a"), status(410, "t9"), podPageAt("9", "", "a", "b")},
			"a=2 b=2 c=0 unscheduled=1 unknown=0 pages=3 version=9 consistent=false", []string{"nodes", "x?", "x?t1", "y@8", "y?t1", "y?"}},
		{"the first starts afresh", []step{x1, status(410, "t9"), x1, x2, podPage("", "a", "b")}, both,
			[]string{"nodes", "x?", "x?t1", "x?", "x?t1", "y@8"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				script := newScript(t, tt.pods...)
				if got := script.count(script.counter(inNamespaces)); got != tt.want {
					t.Errorf("got  %s\nwant %s", got, tt.want)
				}
				script.expect(paths(tt.asked)...)
			})
		})
	}
}

// TestLaterNamespaces has three, of which the second cannot start at the resourceVersion of
// the first: the third is not asked for at one of them either. Credentials that are refused
// are no such reason.
func TestLaterNamespaces(t *testing.T) {
	three := func(cfg *Config) { cfg.Namespaces = []string{"x", "y", "z"} }
	one, fails := podPage("", "a"), status(500, "")
	for _, tt := range []struct {
		name  string
		pods  []step
		asked []string
	}{
		{"at one resourceVersion", []step{one, one, one}, []string{"nodes", "x?", "y@8", "z@8"}},
		{"as they are", []step{one, fails, fails, one, one}, []string{"nodes", "x?", "y@8", "y@8", "y?", "z?"}},
		{"refused", append([]step{one}, repeat(maxRefusals, status(401, ""))...), []string{"nodes", "x?", "y@8", "y@8"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				script := newScript(t, tt.pods...)
				if s, err := countOnce(t.Context(), script.counter(three), &recorder{}); (err == nil) != (tt.name != "refused") {
					t.Errorf("%s, %v", line(s), err)
				}
				script.expect(paths(tt.asked)...)
			})
		})
	}
}

// TestVersionRefused has failures that may be about the resourceVersion to start at, and some
// that cannot.
func TestVersionRefused(t *testing.T) {
	for _, tt := range []struct {
		failure  PageError
		attempts int
		want     bool
	}{
		{PageError{Reason: Expired, Attempt: 1}, 5, true},
		{PageError{Reason: Server, code: 400, Attempt: 1}, 5, true},
		{PageError{Reason: Server, code: 500, Attempt: 1}, 5, false},
		{PageError{Reason: Server, code: 500, Attempt: 1}, 1, true},
		{PageError{Reason: Server, code: 500, Attempt: 2}, 5, true},
		{PageError{Reason: Unauthorized, Attempt: 2}, 5, false},
		{PageError{Reason: Timeout, Attempt: 2}, 5, true},
		{PageError{Reason: Timeout, Err: errBusy, Attempt: 2}, 5, false},
	} {
		w := &walk{startVersion: "8"}
		if got := w.versionRefused(&tt.failure, tt.attempts); got != tt.want {
			t.Errorf("%+v of %d attempts: %t", tt.failure, tt.attempts, got)
		}
	}
}

// paths spells out the requests of a test.
func paths(short []string) []string {
	long := slices.Clone(short)
	for i, s := range short {
		if s[0] >= 'x' { // the name of a namespace
			long[i] = strings.TrimSuffix("namespaces/"+s[:1]+"/pods"+s[1:], "?")
		}
	}
	return long
}

// TestNamespaceSetAside runs out of attempts in the second namespace, with one
// attempt for each page, and goes on in the next count.
func TestNamespaceSetAside(t *testing.T) {
	const whole = "a=2 b=1 c=0 unscheduled=0 unknown=0 "
	tests := []struct {
		name  string
		pods  []step
		page  int // that fails
		rest  time.Duration
		want  string
		asked []string
	}{
		{"at its first page", []step{podPage("", "a"), status(500, ""), status(500, ""), podPage("", "a", "b")}, 2, 0,
			whole + "pages=2 version=8 consistent=true", []string{"nodes", "x?", "y@8", "y?", "y?"}},
		{"in its middle", []step{podPage("", "a"), podPage("t1", "b"), status(500, ""), podPage("", "a")}, 3, 0,
			whole + "pages=3 version=8 consistent=true", []string{"nodes", "x?", "y@8", "y?t1", "y?t1"}},
		{"after its resourceVersion was too old", []step{podPage("", "a"), status(410, ""), status(500, ""), podPageAt("9", "", "a", "b")}, 2, 0,
			whole + "pages=2 version=9 consistent=false", []string{"nodes", "x?", "y@8", "y?", "y?"}},
		{"after its resourceVersion was refused", []step{podPage("", "a"), status(400, ""), status(500, ""), podPageAt("9", "", "a", "b")}, 2, 0,
			whole + "pages=2 version=9 consistent=false", []string{"nodes", "x?", "y@8", "y?", "y?"}},
		{"after it started afresh", []step{podPage("", "a"), podPage("t1", "b"), status(410, "t9"), status(500, ""), podPageAt("9", "", "a", "b")}, 2, 0,
			whole + "pages=2 version=9 consistent=false", []string{"nodes", "x?", "y@8", "y?t1", "y?", "y?"}},
		{"for too long", []step{podPage("", "a"), podPage("t1", "b"), status(500, ""), podPageAt("9", "", "a"), podPageAt("9", "", "a", "b")}, 3, time.Hour,
			whole + "pages=2 version=9 consistent=true", []string{"nodes", "x?", "y@8", "y?t1", "nodes", "x?", "y@9"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				script := newScript(t, tt.pods...)
				c := script.counter(func(cfg *Config) { inNamespaces(cfg); cfg.PageAttempts = 1 })
				if failure := script.countFails(c, Server); failure.Page != tt.page {
					t.Errorf("page %d failed, want %d of the count", failure.Page, tt.page)
				}
				time.Sleep(tt.rest)
				if got := script.count(c); got != tt.want {
					t.Errorf("got  %s\nwant %s", got, tt.want)
				}
				script.expect(paths(tt.asked)...)
			})
		})
	}
}

// A page that times out in the second namespace is requested again at the same
// resourceVersion, with fewer rows.
func TestNamespaceTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		script := newScript(t, podPage("", "a"), hang, podPage("", "b"))
		want := "a=1 b=1 c=0 unscheduled=0 unknown=0 pages=2 version=8 consistent=true"
		if got := script.count(script.counter(inNamespaces)); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		script.expect(paths([]string{"nodes", "x?", "y@8", "y@8"})...)
		if want := []int{500, 500, 250}; !slices.Equal(script.limits, want) {
			t.Errorf("asked for %d rows, want %d", script.limits, want)
		}
	})
}

// Pages and rows are numbered across the namespaces.
func TestNamespacePages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		script := newScript(t, podPage("t1", "a", "b"), podPage("", "<none>"), status(503, ""), podPage("t1", "a"), podPage("", "c"))
		var seen recorder
		if _, err := countOnce(t.Context(), script.counter(inNamespaces), &seen); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, page := range seen.pages[1:] { // after that of nodes
			got = append(got, fmt.Sprintf("%s %d.%d: %d of %d", page.Resource, page.Number, page.Attempt, page.Rows, page.Total))
		}
		want := []string{"pods 1.1: 2 of 2", "pods 2.1: 1 of 3", "pods 3.1: 0 of 3", "pods 3.2: 1 of 4", "pods 4.1: 1 of 5"}
		if !slices.Equal(got, want) {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	})
}

// TestNamespaceFails has failures that are not about the permission on nodes.
func TestNamespaceFails(t *testing.T) {
	tests := []struct {
		name     string
		nodes    step
		pods     []step
		reason   Reason
		resource string
	}{
		{"no credentials for nodes", status(401, ""), nil, Unauthorized, Nodes},
		{"nodes time out", hang, nil, Timeout, Nodes},
		{"no Role in the second namespace", nodePage("", "a"), []step{podPage("", "a"), status(403, ""), status(403, "")}, Forbidden, Pods},
		{"no Role in the second namespace, nor for nodes", status(403, ""), []step{podPage("", "a"), status(403, ""), status(403, "")}, Forbidden, Pods},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				script := newScript(t, tt.pods...)
				script.nodes = []step{tt.nodes}
				c := script.counter(func(cfg *Config) { inNamespaces(cfg); cfg.PageAttempts = 1 })
				if failure := script.countFails(c, tt.reason); failure.Resource != tt.resource {
					t.Errorf("%s failed, want %s", failure.Resource, tt.resource)
				}
			})
		})
	}
}

// TestNodesForbiddenOnTheWay takes the permission away between the list of the
// nodes and the look-up of one that is not in it, and that of all: that is a failure.
func TestNodesForbiddenOnTheWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		script := newScript(t, podPage("", "a", "z"))
		script.nodes = append([]step{nodePage("", "a", "b")}, repeat(2*maxRefusals, status(403, ""))...)
		if failure := script.countFails(script.counter(nil), Forbidden); failure.Resource != Nodes {
			t.Errorf("%s failed, want nodes", failure.Resource)
		}
	})
}

// TestNodesForbiddenLater has the nodes refused after they have been listed before:
// that is a failure like any other.
func TestNodesForbiddenLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		script := newScript(t, podPage("", "a"), podPage("", "b"), podPage("", "b"))
		script.nodes = slices.Concat(repeat(1, nodePage("", "a", "b")), repeat(maxRefusals, status(403, "")), repeat(1, nodePage("", "a", "b")))
		c := script.counter(nil)
		script.count(c)
		if failure := script.countFails(c, Forbidden); failure.Resource != Nodes {
			t.Errorf("%s failed, want nodes", failure.Resource)
		}
		snapshot, err := countOnce(t.Context(), c, &recorder{})
		if err != nil {
			t.Fatal(err)
		}
		if got, want := line(snapshot), "a=0 b=1 unscheduled=0 unknown=0 pages=1 version=8 consistent=true"; got != want || snapshot.NodesForbidden {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	})
}

// TestNodesForbidden has permission for the pods of two namespaces and no more.
func TestNodesForbidden(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		script := newScript(t)
		script.nodes = []step{status(403, ""), status(403, ""), nodePage("", "a", "b")}
		c := script.counter(inNamespaces)
		counts := func() (string, *Snapshot, recorder) {
			script.pods = []step{podPage("", "a", "<none>"), podPage("", "z")}
			var seen recorder
			s, err := countOnce(t.Context(), c, &seen)
			if err != nil {
				t.Fatal(err)
			}
			return line(s), s, seen
		}
		want := "a=1 z=1 unscheduled=1 unknown=0 pages=2 version=8 consistent=true"
		got, snapshot, seen := counts()
		if got != want || !snapshot.NodesForbidden || snapshot.Nodes[0].HasAllocatable {
			t.Errorf("got %s, %+v; want %s", got, snapshot, want)
		}
		for _, page := range seen.pages {
			if page.Err != nil {
				t.Errorf("a denial that is none of the count's was reported: %v", page.Err)
			}
		}
		script.expect(paths([]string{"nodes", "x?", "y@8"})...)

		time.Sleep(denialLife - time.Minute)
		counts()
		script.expect(paths([]string{"x?", "y@8"})...)
		time.Sleep(time.Minute)
		counts()
		script.expect(paths([]string{"nodes", "x?", "y@8"})...)

		time.Sleep(denialLife)
		want = "a=1 b=0 unscheduled=1 unknown=1 pages=2 version=8 consistent=true"
		script.nodes = append(script.nodes, nodePage("")) // for z, by name
		if got, snapshot, _ = counts(); got != want || snapshot.NodesForbidden {
			t.Errorf("once it is allowed: got %s, want %s", got, want)
		}
	})
}

// TestPodsOnlyAllowed has no permission for nodes, and for all pods.
func TestPodsOnlyAllowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		script := newScript(t, podPage("", "a", "b", "a", "<none>"))
		script.nodes = []step{status(http.StatusForbidden, "")}
		snapshot, err := countOnce(t.Context(), script.counter(nil), &recorder{})
		if err != nil {
			t.Fatal(err)
		}
		if got, want := line(snapshot), "a=2 b=1 unscheduled=1 unknown=0 pages=1 version=8 consistent=true"; got != want || !snapshot.NodesForbidden {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	})
}

func TestCheckNames(t *testing.T) {
	tests := []struct {
		name  string
		names []string
		text  string // of the error; none when empty
	}{
		{"none", nil, ""},
		{"two", []string{"kube-system", "web-1"}, ""},
		{"empty", []string{""}, `"": a lowercase RFC 1123 label`},
		{"a path", []string{"a/../b"}, `"a/../b"`},
		{"upper case", []string{"Web"}, `"Web"`},
		{"too long", []string{strings.Repeat("a", 64)}, "no more than 63"},
		{"twice", []string{"a", "b", "a"}, `"a" is given twice`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := checkNames(tt.names, validation.IsDNS1123Label)
			if (err == nil) != (tt.text == "") || err != nil && !strings.Contains(err.Error(), tt.text) {
				t.Errorf("got %v, want %q", err, tt.text)
			}
		})
	}
}

// TestNamespacesBeyondTheBudget has the names of two namespaces exceed the budget of a
// cluster: the count fails, and the next one does not go on without the pods of the second.
func TestNamespacesBeyondTheBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newScript(t, podPage("", "a"), podPage("", "b"), podPage("", "b")).counter(inNamespaces)
		run := c.take(&recorder{})
		must(t, c.walk(t.Context(), run.nodes, run))
		must(t, c.countNext(t.Context(), run))
		run.tally.count = maxNodeNames // as if the first had so many
		c.suspended = run
		for range 2 {
			err := c.Count(t.Context(), &recorder{}, func(s *Snapshot) { t.Errorf("there is a snapshot: %s", line(s)) })
			var failure *PageError
			if !errors.As(err, &failure) || !errors.Is(err, errManyNames) || failure.Reason != Malformed || failure.Page != 2 {
				t.Errorf("it failed with %v, want page 2 to have too many names", err)
			}
		}
	})
}

// TestNamespaceThatIsDeleted has a namespace that is empty, and then is no more.
func TestNamespaceThatIsDeleted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		script := newScript(t, podPage(""), podPage("", "a"), podPage(""))
		script.nodes = []step{nodePage("", "a"), body(http.StatusOK, `{"kind":"Namespace"}`), nodePage("", "a"), status(http.StatusNotFound, "")}
		c := script.counter(inNamespaces)
		script.count(c)
		time.Sleep(5 * time.Minute)
		if failure := script.countFails(c, Server); !strings.Contains(failure.Error(), "does not exist") {
			t.Errorf("it failed with %v", failure)
		}
	})
}

// TestOtherCredentialsWithoutNodes has credentials change to some that may list pods
// only: after one failure the nodes that have pods are shown, as after a start with them.
func TestOtherCredentialsWithoutNodes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		script := newScript(t, podPage("", "a"), podPage("", "a"))
		script.nodes = append([]step{nodePage("", "a", "b")}, repeat(maxRefusals+1, status(http.StatusForbidden, ""))...)
		former := script.counter(nil)
		script.count(former)
		c := script.counter(nil)
		c.Resume(former)
		_ = script.countFails(c, Forbidden) // it checks the reason
		s, err := countOnce(t.Context(), c, &recorder{})
		if err != nil || !s.NodesForbidden || len(s.Nodes) != 1 {
			t.Errorf("%s, %v; want one node", line(s), err)
		}
	})
}

// TestFewerRightsAmidACount has such credentials arrive between the list of the nodes and
// the last page of pods. The count goes on with that list, or without it if a node has to
// be looked up, and later ones do without nodes. The first refusal is a failure.
func TestFewerRightsAmidACount(t *testing.T) {
	const pods = " unscheduled=0 unknown=0 pages=2 version=8 consistent=true"
	for _, tt := range []struct {
		name, on, want string
		fails          bool // before
		refused        int  // requests
	}{
		{"all nodes are known", "a", "a=2 b=0" + pods, false, 0},
		{"a node is not known", "z", "a=1 z=1" + pods, true, 2 * maxRefusals},
		{"many nodes are not known", "c d e f g h i j k l m", "a=1 c=1 d=1 e=1 f=1 g=1 h=1 i=1 j=1 k=1 l=1 m=1" + pods, true, maxRefusals},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				script := newScript(t, podPage("t1", "a"), hang, podPage("", strings.Fields(tt.on)...), podPage("", "a"))
				script.nodes = append([]step{nodePage("", "a", "b")}, repeat(max(tt.refused, maxRefusals)+1, status(http.StatusForbidden, ""))...)
				former, c := script.counter(nil), script.counter(nil)
				cancelled(t, former)
				c.Resume(former)
				if tt.fails {
					_ = script.countFails(c, Forbidden) // it checks the reason
				}
				s, err := countOnce(t.Context(), c, &recorder{})
				if err != nil || line(s) != tt.want || s.NodesForbidden != tt.fails {
					t.Fatalf("%s, %v, want %s", line(s), err, tt.want)
				}
				if !tt.fails {
					_ = script.countFails(c, Forbidden)
				}
				if s, err = countOnce(t.Context(), c, &recorder{}); err != nil || !s.NodesForbidden || len(s.Nodes) != 1 {
					t.Errorf("the next count: %s, %v, want one node", line(s), err)
				}
			})
		})
	}
}

// TestOtherCredentialsLookUpAgain has the look-up of an empty namespace refused to the
// former credentials only.
func TestOtherCredentialsLookUpAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		script := newScript(t, repeat(4, podPage(""))...)
		script.nodes = []step{nodePage("", "a"), status(http.StatusForbidden, ""), nodePage("", "a"), status(http.StatusNotFound, "")}
		one := func(cfg *Config) { cfg.Namespaces = []string{"x"} }
		former, c := script.counter(one), script.counter(one)
		script.count(former)
		c.Resume(former)
		if failure := script.countFails(c, Server); !strings.Contains(failure.Error(), "does not exist") {
			t.Errorf("it failed with %v", failure)
		}
	})
}

// TestStreamedStartWithoutItsNamespace has the initial events of a namespace that does
// not exist: there are none, and that alone is no count.
func TestStreamedStartWithoutItsNamespace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api, watcher := interceptedCluster(t, func(cfg *Config) { cfg.Namespaces = []string{"x"} })
		watcher.stale = 2
		api.answerBy(func(r *http.Request) (*http.Response, error) {
			switch {
			case strings.HasSuffix(r.URL.Path, "/namespaces/x"):
				return refusing(http.StatusNotFound)(r), nil
			case r.URL.Query().Get("sendInitialEvents") != "":
				end := `{"type":"BOOKMARK","object":{"kind":"Table","metadata":{"resourceVersion":"150"},"rows":[{"object":{"metadata":{"annotations":{"k8s.io/initial-events-end":"true"}}}}]}}`
				return answerWith(r, http.StatusOK, io.NopCloser(io.MultiReader(strings.NewReader(end), until(r.Context().Done())))), nil
			}
			return nil, nil
		})
		err := watcher.Count(t.Context(), &recorder{}, func(s *Snapshot) { t.Errorf("there is a snapshot: %+v", s) })
		if !noNamespace(err) {
			t.Errorf("it ended with %v, want that the namespace does not exist", err)
		}
	})
}
