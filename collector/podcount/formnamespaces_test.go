package podcount

import (
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// quirk is what a server cannot do, for as long as it is asked.
type quirk struct {
	name   string
	refuse func(r *http.Request, rows int) bool // whether it refuses a request for so many pods
	answer step
	source Source // what it can list
}

func (q quirk) String() string { return q.name }

// quirks are those of servers and of proxies before them. Most show only where there are rows.
func quirks() []quirk {
	is := func(refused ...Source) func(*http.Request, int) bool {
		return func(r *http.Request, rows int) bool { return rows > 0 && slices.Contains(refused, sourceOf(r)) }
	}
	table, metadata, list := SourceTable, SourceTableMetadata, SourceList
	all := []quirk{
		{"rows need their objects", is(table), status(500, ""), metadata},
		{"rows fail", is(table, metadata), status(500, ""), list},
		{"default columns", is(table, metadata), body(200, defaultColumns), list},
		{"no Tables", is(table, metadata), status(406, ""), list},
		{"no selectors", is(table, metadata, list), status(400, ""), SourceListUnfiltered},
		{"no Tables, empty or not", func(r *http.Request, _ int) bool { return tables(r) }, status(415, ""), list},
	}
	for how, trouble := range troubles() {
		if how != "401" { // that is about credentials
			all = append(all, quirk{"Exact is answered with " + how, func(r *http.Request, _ int) bool {
				return r.URL.Query().Get("resourceVersionMatch") != ""
			}, trouble, table})
		}
	}
	return all
}

// villages is a server with the quirk, and with pods on the node a in its namespaces.
type villages struct {
	*patient
	pods map[string]int
}

func newVillages(t *testing.T, q quirk, change func(*Config)) *villages {
	v := &villages{&patient{t: t, trouble: q.answer}, map[string]int{}}
	rows := func(r *http.Request) int {
		return v.pods[strings.Split(strings.TrimPrefix(r.URL.Path, "/api/v1/namespaces/"), "/")[0]]
	}
	v.ill = func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/pods") && q.refuse(r, rows(r)) }
	v.patient.pods = func(r *http.Request) (*http.Response, error) {
		if tables(r) {
			return podPage("", slices.Repeat([]string{"a"}, rows(r))...)(r)
		}
		item := `{"spec":{"nodeName":"a"},"status":{"phase":"Running"}}`
		return body(http.StatusOK, pods("["+strings.Join(slices.Repeat([]string{item}, rows(r)), ",")+"]"))(r)
	}
	v.renew(change)
	return v
}

// visit counts once, which must succeed.
func (v *villages) visit() *Snapshot {
	v.t.Helper()
	want := 0
	for _, n := range v.pods {
		want += n
	}
	s := v.visits(1, 0)
	if len(s.Nodes) != 2 || s.Nodes[0].ActivePods != want {
		v.t.Errorf("with %v pods: %s", v.pods, line(s))
	}
	return s
}

// TestNamespaceThatShowsTheForm has a namespace without pods and one with some, in both orders:
// whatever a server cannot do, it is counted at once and from then on, in the form that it can
// give.
func TestNamespaceThatShowsTheForm(t *testing.T) {
	for _, q := range quirks() {
		for _, full := range []string{"x", "y"} {
			t.Run(fmt.Sprintf("%s, pods in %s", q, full), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					v := newVillages(t, q, inNamespaces)
					v.pods[full] = 3
					for range 2*perHour + 1 {
						if s := v.visit(); s.Source != q.source {
							t.Fatalf("listed as %s, want %s", s.Source, q.source)
						}
					}
				})
			})
		}
	}
}

// TestNamespacesThatAreEmptyAtTimes has pods come and go in three namespaces for hours, at a
// server that cannot do everything: no count fails.
func TestNamespacesThatAreEmptyAtTimes(t *testing.T) {
	for _, q := range quirks() {
		t.Run(q.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				random := rand.New(rand.NewPCG(1, 2))
				v := newVillages(t, q, func(cfg *Config) { cfg.Namespaces = []string{"x", "y", "z"} })
				for range 20 * perHour / share {
					maps.DeleteFunc(v.pods, func(string, int) bool { return random.IntN(3) == 0 })
					v.pods[v.counter.cfg.Namespaces[random.IntN(3)]] = random.IntN(4)
					v.visit()
				}
				v.ill = nil
				v.pods["z"] = 1
				v.visits(perHour, 0)
				if s := v.visit(); s.Source != SourceTable || !s.Consistent {
					t.Errorf("an hour after it was mended it is listed as %s, %s", s.Source, line(s))
				}
			})
		})
	}
}

// TestFormBeginsAfresh has a form be refused after pages without pods: those of another form
// may not fit them, so all are asked for again, beginning where there may be pods.
func TestFormBeginsAfresh(t *testing.T) {
	refused, busy := status(406, ""), status(429, "")
	for _, tt := range []struct {
		name   string
		change func(*Config)
		pods   []step
		counts [][]string // what each of them asks for; all but the last one fail
		source Source
	}{
		{"on a later page", nil, []step{podPage("t1"), refused, podPage("t1"), podPage("", "a")},
			[][]string{{"nodes", "pods", "pods?t1", "pods", "pods?t1"}}, SourceTableMetadata},
		{"in the second namespace", inNamespaces, []step{podPage("t1"), podPage(""), refused, refused, podPage("", "a"), podPage("t1"), podPage("")},
			[][]string{{"nodes", "x?", "x?t1", "namespaces/x", "y@8", "y?", "y?", "x@8", "x?t1"}}, SourceTableMetadata},
		{"in the next count, as no form was found", func(cfg *Config) { inNamespaces(cfg); cfg.PageAttempts = 1 },
			[]step{refused, refused, body(http.StatusOK, pods("[]")), busy, busy, podPage("", "a"), podPage("")},
			[][]string{{"nodes", "x?", "x?", "x?", "namespaces/x", "y@8", "y?"}, {"y?", "x@8"}}, SourceTable},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				script := newScript(t, tt.pods...)
				c := script.counter(tt.change)
				for i, asked := range tt.counts {
					s, err := countOnce(t.Context(), c, &recorder{})
					if last := i == len(tt.counts)-1; (err == nil) != last || last && (s.Source != tt.source || s.Nodes[0].ActivePods != 1) {
						t.Errorf("count %d: %s, %v", i, line(s), err)
					}
					script.expect(paths(asked)...)
				}
			})
		})
	}
}

// TestNamespaceInTrouble has the pods of the second namespace fail in every way for some
// counts. All is as before in the first count after that, whatever the first namespace has.
func TestNamespaceInTrouble(t *testing.T) {
	for how, trouble := range troubles() {
		for _, before := range []int{0, 2} {
			t.Run(fmt.Sprintf("%s, after %d pods", how, before), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					v := newVillages(t, quirk{answer: trouble}, inNamespaces)
					second := func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/y/pods") }
					v.ill = nil
					v.pods = map[string]int{"x": before, "y": 1}
					v.visit()
					for range 2 {
						v.ill = second
						v.visits(3, 3)
						v.ill = nil
						if s := v.visit(); s.Source != SourceTable || !s.Consistent || s.Pages != 2 {
							t.Errorf("after it was mended: listed as %s, %s", s.Source, line(s))
						}
					}
				})
			})
		}
	}
}

// TestWatchOfTheFormThatIsShown follows two namespaces, the first of which is empty, and lists
// pods as the second one takes it. The streams that the first one's empty page has opened
// are replaced.
func TestWatchOfTheFormThatIsShown(t *testing.T) {
	for _, code := range []int{406, 500} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				api, watcher := interceptedCluster(t, inNamespaces)
				api.answerBy(func(r *http.Request) (*http.Response, error) {
					switch {
					case strings.HasSuffix(r.URL.Path, "/x/pods") && lists(r, Pods):
						return podPageAt(fmt.Sprint(api.version), "")(r)
					case strings.HasSuffix(r.URL.Path, "/x/pods"):
						return answerWith(r, http.StatusOK, io.NopCloser(until(r.Context().Done()))), nil
					case strings.HasSuffix(r.URL.Path, "/namespaces/x"):
						return body(http.StatusOK, `{"kind":"Namespace"}`)(r)
					case lists(r, Pods) && r.URL.Query().Get("includeObject") == "None":
						return status(code, "")(r)
					}
					return nil, nil
				})
				w := &watching{t: t, api: api.fakeAPI, seen: &coverage{}}
				stop := counting(t, watcher, w, w.publish)
				defer stop()
				time.Sleep(10 * time.Minute)
				w.mu.Lock()
				defer w.mu.Unlock()
				if s := w.last; s == nil || s.Mode != ModeWatch || s.Source != SourceTableMetadata {
					t.Errorf("shown: %+v, want what events tell of rows with metadata; %+v", s, w.why)
				}
			})
		})
	}
}
