package kubesim

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"testing"

	corev1 "k8s.io/api/core/v1"
)

const (
	acceptTable    = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
	acceptPlain    = "application/json"
	acceptProtobuf = "application/vnd.kubernetes.protobuf"
	unfinished     = "status.phase!=Succeeded,status.phase!=Failed"
)

// newServer makes a server from the default cluster with changes.
func newServer(t testing.TB, edit func(*Config)) *Server {
	t.Helper()
	cfg := DefaultConfig()
	if edit != nil {
		edit(&cfg)
	}
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// small is a cluster that tests go through row by row.
func small(c *Config) {
	c.Nodes, c.Pods, c.Finished, c.Unscheduled, c.UnknownNode, c.EmptyNodes = 9, 400, 60, 5, 8, 2
}

// ask sends one request straight to the handler.
func ask(t testing.TB, h http.Handler, path, accept string, query ...string) *httptest.ResponseRecorder {
	t.Helper()
	v := url.Values{}
	for i := 0; i+1 < len(query); i += 2 {
		v.Set(query[i], query[i+1])
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path+"?"+v.Encode(), nil)
	r.Header.Set("Accept", accept)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// answer has the fields of a Table, a list or a Status that tests check.
type answer struct {
	Kind     string
	Metadata struct {
		Continue           string
		ResourceVersion    string
		RemainingItemCount *int
	}
	ColumnDefinitions []struct{ Name string }
	Rows              []struct {
		Cells  []string
		Object json.RawMessage
	}
	Items           []corev1.Pod
	Reason, Message string
	Code            int
}

// askList sends a request and decodes the answer, whatever its status.
func askList(t testing.TB, h http.Handler, path, accept string, query ...string) answer {
	t.Helper()
	return decode(t, ask(t, h, path, accept, query...).Body.Bytes())
}

func decode(t testing.TB, body []byte) answer {
	t.Helper()
	var a answer
	if err := json.Unmarshal(body, &a); err != nil {
		t.Fatalf("%v in %.200q", err, body)
	}
	return a
}

// pagesOf walks a list and calls between after every page.
func pagesOf(t testing.TB, h http.Handler, path, accept string, limit int, between func(), query ...string) []answer {
	t.Helper()
	var pages []answer
	for token := ""; ; {
		q := append(slices.Clone(query), "limit", strconv.Itoa(limit), "includeObject", "None")
		if token != "" {
			q = append(q, "continue", token)
		}
		page := askList(t, h, path, accept, q...)
		if page.Kind == "Status" {
			t.Fatalf("page %d: %s", len(pages)+1, page.Message)
		}
		pages = append(pages, page)
		if between != nil {
			between()
		}
		if token = page.Metadata.Continue; token == "" {
			return pages
		}
	}
}

// nodesOf counts the pods of pages by their node, "" for none.
func nodesOf(pages []answer) map[string]int {
	counts := map[string]int{}
	for _, p := range pages {
		for _, r := range p.Rows {
			if r.Cells[nodeColumn] == "<none>" {
				r.Cells[nodeColumn] = ""
			}
			counts[r.Cells[nodeColumn]]++
		}
		for _, pod := range p.Items {
			counts[pod.Spec.NodeName]++
		}
	}
	return counts
}

// compare fails unless counts of unfinished pods by node are the truth.
func compare(t testing.TB, counts map[string]int, want Truth) {
	t.Helper()
	if counts[""] != want.Unscheduled {
		t.Errorf("%d unscheduled pods, want %d", counts[""], want.Unscheduled)
	}
	got, unknown := map[string]int{}, 0
	for name := range want.Pods {
		got[name] = 0
	}
	for name, n := range counts {
		if _, ok := want.Pods[name]; ok {
			got[name] = n
		} else if name != "" {
			unknown += n
		}
	}
	if unknown != want.UnknownNode {
		t.Errorf("%d pods on unknown nodes, want %d", unknown, want.UnknownNode)
	}
	if !maps.Equal(got, want.Pods) {
		t.Errorf("pods per node %v, want %v", got, want.Pods)
	}
}
