package podcount

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// visit is one count of a namespace, some time after the one before.
type visit struct {
	rest    time.Duration
	pods    []step
	lookups []step
	reason  Reason // of its failure; empty when it is complete
	asked   []string
}

// TestNamespaceIsLookedUp has namespaces without pods: a misspelt name must not be
// shown as an empty namespace, and neither must one that was deleted.
func TestNamespaceIsLookedUp(t *testing.T) {
	found := body(http.StatusOK, `{"kind":"Namespace","metadata":{"name":"x","resourceVersion":"3"}}`)
	// A page without any pods is asked for in another form, too.
	none, one := repeat(2, podPage("")), []step{podPage("", "a")}
	list := []string{"nodes", "namespaces/x/pods"}
	twice := slices.Concat(list, list[1:])
	whole := slices.Concat(twice, []string{"namespaces/x"})
	lookups := func(n int) []string {
		return append(twice[:3:3], strings.Fields(strings.Repeat("namespaces/x ", n))...)
	}
	const soon = denialLife - time.Second
	for _, tt := range []struct {
		name   string
		visits []visit
	}{
		{"it has a pod", []visit{{0, one, nil, "", list}}},
		{"its pod has no node", []visit{{0, []step{podPage("", "<none>")}, nil, "", list}}},
		{"it exists", []visit{
			{0, none, []step{found}, "", whole}, {time.Minute, none, []step{found}, "", whole},
		}},
		{"it is deleted", []visit{
			{0, none, []step{found}, "", whole}, {time.Minute, none, []step{status(404, "")}, Server, whole},
		}},
		{"it may not be looked up", []visit{
			{0, none, []step{status(403, "")}, "", whole}, {soon, none, nil, "", twice}, {time.Second, none, []step{status(403, "")}, "", whole},
		}},
		{"its last pod goes", []visit{{0, one, nil, "", list}, {time.Minute, none, []step{found}, "", whole}}},
		{"it does not exist", []visit{
			{0, none, []step{status(404, "")}, Server, whole}, {denialLife, none, []step{status(404, "")}, Server, whole},
		}},
		{"it comes to exist", []visit{
			{0, none, []step{status(404, "")}, Server, whole}, {time.Second, nil, []step{found}, "", whole[3:]}, {time.Minute, none, []step{found}, "", whole},
		}},
		{"the look-up fails for a while", []visit{{0, none, []step{status(503, ""), hang, found}, "", lookups(3)}}},
		{"the look-up fails", []visit{
			{0, none, repeat(DefaultPageAttempts, status(503, "")), Server, lookups(DefaultPageAttempts)},
			{time.Second, nil, []step{found}, "", whole[3:]},
		}},
		{"the credentials are refused", []visit{
			{0, none, repeat(maxRefusals, status(401, "")), Unauthorized, lookups(maxRefusals)},
			{time.Second, nil, []step{found}, "", whole[3:]},
		}},
		{"the answer is no JSON", []visit{{0, none, repeat(DefaultPageAttempts, body(http.StatusOK, "ok")), Malformed, lookups(DefaultPageAttempts)}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				script := newScript(t)
				c := script.counter(func(cfg *Config) { cfg.Namespaces = []string{"x"} })
				for _, v := range tt.visits {
					time.Sleep(v.rest)
					v.count(script, c)
				}
			})
		})
	}
}

func (v visit) count(script *script, c *Counter) {
	script.t.Helper()
	script.nodes, script.pods = v.lookups, nil
	if v.pods != nil {
		script.nodes, script.pods = append([]step{nodePage("", "a")}, v.lookups...), v.pods
	}
	if v.reason == "" {
		script.count(c)
	} else if failure := script.countFails(c, v.reason); failure.Resource != Namespaces {
		script.t.Errorf("%s failed, want the look-up", failure.Resource)
	} else if gone := v.reason == Server && failure.code == http.StatusNotFound; gone != strings.Contains(failure.Error(), `the namespace "x" does not exist`) {
		script.t.Errorf("failed with %v", failure)
	}
	script.expect(v.asked...)
}

// TestSecondNamespaceIsLookedUp has one of two namespaces that does not exist.
func TestSecondNamespaceIsLookedUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		script := newScript(t, podPage("", "a"), podPage(""))
		script.nodes = []step{nodePage("", "a"), status(404, "")}
		failure := script.countFails(script.counter(inNamespaces), Server)
		if !strings.Contains(failure.Error(), `the namespace "y" does not exist`) || failure.Attempt != 1 {
			t.Errorf("failed with %v, want that y does not exist, at the first attempt", failure)
		}
		script.expect("nodes", "namespaces/x/pods", "namespaces/y/pods@8", "namespaces/y")
	})
}

// TestEmptyNamespacesAreLookedUpOnce has two namespaces without pods, which are listed in
// two forms.
func TestEmptyNamespacesAreLookedUpOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		script := newScript(t, repeat(4, podPage(""))...)
		found := body(http.StatusOK, `{"kind":"Namespace","metadata":{"name":"x","resourceVersion":"3"}}`)
		script.nodes = []step{nodePage("", "a"), found, found}
		script.count(script.counter(inNamespaces))
		if n := strings.Count(strings.Join(script.asked, " ")+" ", "namespaces/x "); n != 1 {
			t.Errorf("asked for %v", script.asked)
		}
	})
}

// TestEachEmptyNamespaceIsLookedUp has two namespaces without pods, and the second does not
// exist.
func TestEachEmptyNamespaceIsLookedUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		script := newScript(t, repeat(3, podPage(""))...)
		found := body(http.StatusOK, `{"kind":"Namespace","metadata":{"name":"x","resourceVersion":"3"}}`)
		script.nodes = []step{nodePage("", "a"), found, status(404, "")}
		failure := script.countFails(script.counter(inNamespaces), Server)
		if !strings.Contains(failure.Error(), `the namespace "y" does not exist`) {
			t.Errorf("failed with %v, want that y does not exist", failure)
		}
		script.expect("nodes", "namespaces/x/pods", "namespaces/x", "namespaces/y/pods@8", "namespaces/y/pods", "namespaces/y")
	})
}
