package podcount

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// sourceOf tells the form of a request for pods.
func sourceOf(r *http.Request) Source {
	query := r.URL.Query()
	switch {
	case strings.Contains(r.Header.Get("Accept"), "as=Table") && query.Get("includeObject") == "None":
		return SourceTable
	case strings.Contains(r.Header.Get("Accept"), "as=Table") && query.Get("includeObject") == "Metadata":
		return SourceTableMetadata
	case query.Get("fieldSelector") == activeSelector:
		return SourceList
	default:
		return SourceListUnfiltered
	}
}

// onePod is a page of one pod in the requested form, with the finished pods where the
// request did not leave them out.
func onePod(source Source) step {
	switch source {
	case SourceTable, SourceTableMetadata:
		return podPage("", "a")
	case SourceList:
		return body(200, pods(`[{"spec":{"nodeName":"a"},"status":{"phase":"Running"}}]`))
	default:
		return body(200, pods(`[{"spec":{"nodeName":"a"},"status":{"phase":"Running"}},{"spec":{"nodeName":"a"},"status":{"phase":"Succeeded"}}]`))
	}
}

// refusing answers with refusal to the forms that it does not support. asked has the
// form of every request for pods.
func (s *script) refusing(refusal step, asked *[]Source, forms ...Source) step {
	return func(r *http.Request) (*http.Response, error) {
		source := sourceOf(r)
		*asked = append(*asked, source)
		if slices.Contains(forms, source) {
			return refusal(r)
		}
		return onePod(source)(r)
	}
}

const defaultColumns = `{"kind":"Table","metadata":{"resourceVersion":"8"},"columnDefinitions":[{"name":"Name"},{"name":"Created At"}],"rows":[{"cells":["p","x"]}]}`

func TestForms(t *testing.T) {
	table, metadata, list, all := SourceTable, SourceTableMetadata, SourceList, SourceListUnfiltered
	tests := []struct {
		name    string
		refusal step
		forms   []Source // that are refused
		asked   []Source
	}{
		{"an API server", nil, nil, []Source{table}},
		{"default columns", body(200, defaultColumns), []Source{table, metadata}, []Source{table, metadata, list}},
		{"no column definitions", body(200, `{"kind":"Table","rows":[]}`), []Source{table, metadata}, []Source{table, metadata, list}},
		{"null column definitions", body(200, `{"kind":"Table","columnDefinitions":null,"rows":null}`), []Source{table, metadata}, []Source{table, metadata, list}},
		{"no selector", status(400, ""), []Source{table, metadata, list}, []Source{table, metadata, list, all}},
		{"a Status of 400 under 200", body(200, `{"kind":"Status","code":400}`), []Source{table, metadata, list}, []Source{table, metadata, list, all}},
		{"selectors cannot be processed", status(422, ""), []Source{table, metadata, list}, []Source{table, metadata, list, all}},
		{"no Tables", status(406, ""), []Source{table, metadata}, []Source{table, metadata, list}},
		{"no such media type", status(415, ""), []Source{table, metadata}, []Source{table, metadata, list}},
		{"selectors are not implemented", status(501, ""), []Source{table, metadata, list}, []Source{table, metadata, list, all}},
		{"a proxy that needs the objects", status(500, ""), []Source{table}, []Source{table, table, metadata}},
		{"a proxy that fails on Tables", status(500, ""), []Source{table, metadata}, []Source{table, table, metadata, list}},
		{"a proxy that fails on all but one", status(500, ""), []Source{table, metadata, list}, []Source{table, table, metadata, list, all}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				script := newScript(t)
				var asked []Source
				script.pods = repeat(20, script.refusing(tt.refusal, &asked, tt.forms...))
				c := script.counter(func(cfg *Config) { cfg.PageAttempts = 2 })
				source := tt.asked[len(tt.asked)-1]
				const want = "a=1 b=0 c=0 unscheduled=0 unknown=0 pages=1 version=8 consistent=true"
				counts := [][]Source{tt.asked, {source}} // the second count knows
				if len(tt.asked) > 1 && tt.asked[1] == table {
					counts = [][]Source{tt.asked, tt.asked[1:], {source}} // status 500 may have had another reason
				}
				for _, asks := range counts {
					snapshot, err := countOnce(t.Context(), c, &recorder{})
					if err != nil {
						t.Fatal(err)
					}
					if got := line(snapshot); got != want {
						t.Errorf("got  %s\nwant %s", got, want)
					}
					if snapshot.Source != source || (snapshot.SourceRefused == nil) != (source == table) {
						t.Errorf("listed as %s for %v, want %s", snapshot.Source, snapshot.SourceRefused, source)
					}
					if !slices.Equal(asked, asks) {
						t.Errorf("asked as %q, want %q", asked, asks)
					}
					asked = nil
				}
			})
		})
	}
}

// TestFormIsLookedForAgain has a server that begins to support Tables.
func TestFormIsLookedForAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		script := newScript(t)
		var asked []Source
		old := script.refusing(status(406, ""), &asked, SourceTable, SourceTableMetadata)
		script.pods = slices.Concat(repeat(4, old), repeat(3, old), repeat(2, script.refusing(nil, &asked)))
		c := script.counter(nil)
		counts := func(want ...Source) {
			t.Helper()
			script.count(c)
			if !slices.Equal(asked, want) {
				t.Errorf("asked as %q, want %q", asked, want)
			}
			asked = nil
		}
		counts(SourceTable, SourceTableMetadata, SourceList)
		time.Sleep(formLife - time.Second)
		counts(SourceList)
		time.Sleep(time.Second)
		counts(SourceTable, SourceTableMetadata, SourceList)
		time.Sleep(formLife)
		counts(SourceTable)
		counts(SourceTable)
	})
}

// TestFormStays has failures that another form cannot help, at the first page and
// later.
func TestFormStays(t *testing.T) {
	reasons := map[string]step{
		"401": status(401, ""), "403": status(403, ""), "408": status(408, ""), "410": status(410, ""), "413": status(413, ""),
		"429": status(429, ""), "502": status(502, ""), "503": status(503, ""), "504": status(504, ""),
		"hang": hang, "cut": cut(podPage("", "a"), http.ErrBodyReadAfterClose), "HTML": body(200, "<html>", "Content-Type", "text/html"),
		"bad row": body(200, page(`[{"cells":["p"]}]`)), "no list": body(200, `{}`),
	}
	for name, fault := range reasons {
		t.Run(name+" at the first page", func(t *testing.T) { formStays(t, fault) })
	}
	for _, code := range []int{400, 406, 415, 500} {
		t.Run(fmt.Sprintf("%d at the second page", code), func(t *testing.T) { formStays(t, afterFirst(status(code, ""))) })
	}
	t.Run("default columns at the second page", func(t *testing.T) { formStays(t, afterFirst(body(200, defaultColumns))) })
	t.Run("500 of a server that worked", func(t *testing.T) { formStays(t, podPage("", "a"), status(500, "")) })
}

// afterFirst plays the step for all pages but the first.
func afterFirst(s step) step {
	return func(r *http.Request) (*http.Response, error) {
		if r.URL.Query().Get("continue") == "" {
			return podPage("t1", "a")(r)
		}
		return s(r)
	}
}

// formStays plays the steps, repeating the last one, in two counts.
func formStays(t *testing.T, steps ...step) {
	synctest.Test(t, func(t *testing.T) {
		script := newScript(t)
		var asked []Source
		for _, s := range append(steps, repeat(40, steps[len(steps)-1])...) {
			script.pods = append(script.pods, func(r *http.Request) (*http.Response, error) {
				asked = append(asked, sourceOf(r))
				return s(r)
			})
		}
		c := script.counter(func(cfg *Config) { cfg.PageAttempts = 3 })
		failed := 0
		for range 2 {
			if _, err := countOnce(t.Context(), c, &recorder{}); err != nil {
				failed++
			}
		}
		script.settle()
		if failed == 0 || slices.ContainsFunc(asked, func(s Source) bool { return s != SourceTable }) {
			t.Errorf("%d counts failed, asked as %q", failed, asked)
		}
	})
}

// TestFormOfATrustedServer has a server refuse, for once, a form that it supported
// before: the form changes when the attempts are used up, not sooner.
func TestFormOfATrustedServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		script := newScript(t)
		var asked []Source
		refusing := script.refusing(status(400, ""), &asked, SourceTable)
		script.pods = append(repeat(1, script.refusing(nil, &asked)), repeat(20, refusing)...)
		c := script.counter(func(cfg *Config) { cfg.PageAttempts = 3 })
		script.count(c)
		script.count(c)
		if want := []Source{SourceTable, SourceTable, SourceTable, SourceTable, SourceTableMetadata}; !slices.Equal(asked, want) {
			t.Errorf("asked as %q, want %q", asked, want)
		}
	})
}

// TestNoFormWorks tries every form on a server that fails, and the best one again
// when it has recovered.
func TestNoFormWorks(t *testing.T) {
	for _, code := range []int{400, 500} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				script := newScript(t)
				var asked []Source
				ill := script.refusing(status(code, ""), &asked, Sources()...)
				script.pods = repeat(40, ill)
				c := script.counter(func(cfg *Config) { cfg.PageAttempts = 2 })
				_ = script.countFails(c, Server) // it checks the reason
				want := Sources()
				if code == 500 {
					want = append([]Source{SourceTable}, want...)
				} else {
					want = append(want, SourceListUnfiltered)
				}
				if !slices.Equal(asked, want) {
					t.Errorf("asked as %q, want %q", asked, want)
				}
				script.pods = repeat(2, script.refusing(nil, &asked))
				asked = nil
				script.count(c)
				if !slices.Equal(asked, []Source{SourceTable}) {
					t.Errorf("when it is well, asked as %q", asked)
				}
			})
		})
	}
}

// TestListInAnswerToTable shows that it is counted, without finished pods, and
// reported as the source.
func TestListInAnswerToTable(t *testing.T) {
	script := newScript(t, body(200, pods(`[{"spec":{"nodeName":"a"}},{"spec":{"nodeName":"a"},"status":{"phase":"Failed"}}]`)))
	snapshot, err := countOnce(t.Context(), script.counter(nil), &recorder{})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := line(snapshot), "a=1 b=0 c=0 unscheduled=0 unknown=0 pages=1 version=8 consistent=true"; got != want || snapshot.Source != SourceList {
		t.Errorf("got  %s from %s\nwant %s", got, snapshot.Source, want)
	}
}

// TestTableThatNobodyAskedFor has a server that answers with rows although whole pods were
// asked for, without a selector: nothing says which of them have finished.
func TestTableThatNobodyAskedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		script := newScript(t)
		var asked []Source
		rows := script.refusing(status(400, ""), &asked, SourceTable, SourceTableMetadata, SourceList)
		script.pods = repeat(3+DefaultPageAttempts, func(r *http.Request) (*http.Response, error) {
			if answer, err := rows(r); err != nil || answer.StatusCode != http.StatusOK {
				return answer, err
			}
			return podPage("", "a", "a", "a")(r)
		})
		if failure := script.countFails(script.counter(nil), Malformed); !errors.Is(failure, errUnasked) {
			t.Errorf("failed with %v, want %v", failure, errUnasked)
		}
	})
}

// TestNamespacesShareTheForm shows that it is looked for once.
func TestNamespacesShareTheForm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		script := newScript(t)
		var asked []Source
		script.pods = repeat(9, script.refusing(status(406, ""), &asked, SourceTable, SourceTableMetadata))
		script.count(script.counter(inNamespaces))
		if want := []Source{SourceTable, SourceTableMetadata, SourceList, SourceList}; !slices.Equal(asked, want) {
			t.Errorf("asked as %q, want %q", asked, want)
		}
	})
}

// TestRefusedFormIsNoFailure shows that a refused form counts in the bytes, but not
// as a failure.
func TestRefusedFormIsNoFailure(t *testing.T) {
	script := newScript(t)
	var asked []Source
	script.pods = repeat(3, script.refusing(body(200, defaultColumns), &asked, SourceTable, SourceTableMetadata))
	var seen recorder
	snapshot, err := countOnce(t.Context(), script.counter(nil), &seen)
	if err != nil {
		t.Fatal(err)
	}
	if len(seen.pages) != 2 || seen.pages[1].Err != nil || snapshot.Bytes < 2*int64(len(defaultColumns)) {
		t.Errorf("reported %+v, %d bytes", seen.pages, snapshot.Bytes)
	}
}

// TestAnotherFormBeginsSmall has a server forget Tables after its pages have grown: a
// page of that many whole pods would be very large.
func TestAnotherFormBeginsSmall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked []Source
		script := newScript(t, podPage("t", "a"), podPage("u", "a", "a", "a", "a"), podPage("", "a"))
		script.pods = append(script.pods, repeat(8, script.refusing(status(406, ""), &asked, SourceTable, SourceTableMetadata))...)
		c := script.counter(func(cfg *Config) { cfg.PageSize = 1 })
		script.count(c)
		time.Sleep(formLife)
		script.count(c)
		if want := []int{1, 4, 16, 16, 4, 4, 2, 1, 1, 1}; !slices.Equal(script.limits, want) {
			t.Errorf("asked for %v rows, want %v", script.limits, want)
		}
	})
}

// TestFaultAtTheStart has a server answer with status 500 for a while: because it is in
// trouble, or because it cannot give a form.
func TestFaultAtTheStart(t *testing.T) {
	for _, tc := range []struct {
		name   string
		faults int // answers to requests for the best form
		want   []Source
	}{
		{"it was in trouble", DefaultPageAttempts, []Source{SourceTableMetadata, SourceTable, SourceTable}},
		{"it cannot give the best form", 1000, []Source{SourceTableMetadata, SourceTableMetadata, SourceTableMetadata}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				faults := 0
				c := sharing(t, nil, roundTrip(func(r *http.Request) (*http.Response, error) {
					getConn(r.Context())
					switch {
					case strings.HasSuffix(r.URL.Path, "/nodes"):
						return nodePage("", "a")(r)
					case sourceOf(r) == SourceTable && faults < tc.faults:
						faults++
						return status(http.StatusInternalServerError, "")(r)
					}
					return podPage("", "a")(r)
				}))
				for i, want := range tc.want {
					s, err := countOnce(t.Context(), c, &recorder{})
					if err != nil || s.Source != want {
						t.Errorf("count %d: %s, %v; want %s", i, s.Source, err, want)
					}
					time.Sleep(5 * time.Minute)
				}
				if tries := 2 * DefaultPageAttempts; faults > tries {
					t.Errorf("the form was asked for %d times in a quarter of an hour, want %d at most", faults, tries)
				}
			})
		})
	}
}

// TestNodeThatJoinsWithoutSelectors has a node join a cluster whose server takes no field
// selector: it cannot be looked up by name, so all nodes are listed again.
func TestNodeThatJoinsWithoutSelectors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lists := 0
		c := sharing(t, nil, roundTrip(func(r *http.Request) (*http.Response, error) {
			getConn(r.Context())
			switch {
			case r.URL.Query().Get("fieldSelector") != "":
				return status(http.StatusBadRequest, "")(r)
			case strings.HasSuffix(r.URL.Path, "/nodes"):
				lists++
				return nodePage("", []string{"a", "new"}[:min(lists, 2)]...)(r)
			default:
				return answerOf(`{"kind":"PodList","metadata":{"resourceVersion":"1"},"items":[{"spec":{"nodeName":"a"}},{"spec":{"nodeName":"new"}}]}`), nil
			}
		}))
		s, err := countOnce(t.Context(), c, &recorder{})
		if err != nil || len(s.Nodes) != 2 || s.UnknownNodePods != 0 || lists != 2 {
			t.Errorf("%s, %v after %d lists of nodes; want both nodes after two", line(s), err, lists)
		}
	})
}

// TestSelectorsRefusedEverywhere has a server that takes no field selector, and a pod
// on a node that does not exist: nodes cannot be looked up by name, so all are listed.
func TestSelectorsRefusedEverywhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		transport := roundTrip(func(r *http.Request) (*http.Response, error) {
			getConn(r.Context())
			nodes := strings.HasSuffix(r.URL.Path, "/nodes")
			switch {
			case r.URL.Query().Get("fieldSelector") != "":
				asked++
				return status(http.StatusBadRequest, "")(r)
			case nodes:
				return nodePage("", "a")(r)
			default:
				return answerOf(`{"kind":"PodList","metadata":{"resourceVersion":"1"},"items":[{"spec":{"nodeName":"a"}},{"spec":{"nodeName":"gone"}}]}`), nil
			}
		})
		c := sharing(t, nil, transport)
		for i, refusals := range []int{4, 0, 0} { // three forms and the look-up
			asked = 0
			s, err := countOnce(t.Context(), c, &recorder{})
			if err != nil || len(s.Nodes) != 1 || s.UnknownNodePods != 1 {
				t.Errorf("count %d: %s, %v", i, line(s), err)
			}
			if asked != refusals {
				t.Errorf("count %d: %d selectors were refused, want %d", i, asked, refusals)
			}
			time.Sleep(5 * time.Minute)
		}
	})
}
