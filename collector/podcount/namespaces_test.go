package podcount

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
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

// paths spells out the requests of a test.
func paths(short []string) []string {
	long := make([]string, len(short))
	for i, s := range short {
		s = strings.Replace(s, "x", "namespaces/x/pods", 1)
		s = strings.Replace(s, "y", "namespaces/y/pods", 1)
		long[i] = strings.TrimSuffix(s, "?")
	}
	return long
}

// TestNamespaceSetAside runs out of attempts in the second namespace.
func TestNamespaceSetAside(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		script := newScript(t, podPage("", "a"), podPage("t1", "b"), status(500, ""), podPage("", "a"))
		c := script.counter(func(cfg *Config) { inNamespaces(cfg); cfg.PageAttempts = 1 })
		if failure := script.countFails(c, Server); failure.Page != 3 {
			t.Errorf("page %d failed, want the third of the count", failure.Page)
		}
		want := "a=2 b=1 c=0 unscheduled=0 unknown=0 pages=3 version=8 consistent=true"
		if got := script.count(c); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		script.expect(paths([]string{"nodes", "x?", "y@8", "y?t1", "y?t1"})...)
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
			s, err := c.Count(t.Context(), &seen)
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

// Without namespaces every node must be there, so a denial is a failure.
func TestNodesForbiddenFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		script := newScript(t)
		script.nodes = repeat(5, status(http.StatusForbidden, ""))
		if failure := script.countFails(script.counter(nil), Forbidden); failure.Resource != Nodes {
			t.Errorf("%s failed, want nodes", failure.Resource)
		}
	})
}

func TestCheckNamespaces(t *testing.T) {
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
			err := CheckNamespaces(tt.names)
			if (err == nil) != (tt.text == "") || err != nil && !strings.Contains(err.Error(), tt.text) {
				t.Errorf("got %v, want %q", err, tt.text)
			}
		})
	}
}
