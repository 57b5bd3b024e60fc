package contract

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Media types to accept.
const (
	acceptTable = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
	acceptPlain = "application/json"
)

// Selectors as the exporter sends them.
const (
	unfinished = "status.phase!=Succeeded,status.phase!=Failed"
	active     = "spec.nodeName!=," + unfinished
)

// none is the cell of a pod without a node.
const none = "<none>"

// list has the fields of a Table, a PodList or a Status that the contract checks.
type list struct {
	Kind       string `json:"kind"`
	APIVersion string `json:"apiVersion"`
	Metadata   struct {
		Version   string `json:"resourceVersion"`
		Continue  string `json:"continue"`
		Remaining *int   `json:"remainingItemCount"`
	} `json:"metadata"`
	Columns []metav1.TableColumnDefinition `json:"columnDefinitions"`
	Rows    []row                          `json:"rows"`
	Items   []object                       `json:"items"`
	Reason  string                         `json:"reason"`
	Code    int                            `json:"code"`
}

type row struct {
	Cells      []any                      `json:"cells"`
	Conditions []metav1.TableRowCondition `json:"conditions"`
	Object     *object                    `json:"object"`
}

// completed reports whether the row says that its pod is finished.
func (r row) completed() bool {
	return slices.ContainsFunc(r.Conditions, func(c metav1.TableRowCondition) bool {
		return c.Type == metav1.RowCompleted && c.Status == metav1.ConditionTrue
	})
}

// object has the fields that whole pods and their metadata share.
type object struct {
	Metadata metav1.ObjectMeta `json:"metadata"`
	Spec     struct {
		Node string `json:"nodeName"`
	} `json:"spec"`
}

func (o object) key() string { return o.Metadata.Namespace + "/" + o.Metadata.Name }

// params builds a query; an empty value leaves its parameter out.
func params(pairs ...string) url.Values {
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			v.Set(pairs[i], pairs[i+1])
		}
	}
	return v
}

// accepting returns the headers of a request for a media type.
func accepting(mediaType string) http.Header { return http.Header{"Accept": {mediaType}} }

// open sends a GET; the caller closes the body.
func open(ctx context.Context, t *testing.T, target Target, path, accept string, query url.Values) *http.Response {
	t.Helper()
	return openWith(ctx, t, target, path, accepting(accept), query)
}

func openWith(ctx context.Context, t *testing.T, target Target, path string, header http.Header, query url.Values) *http.Response {
	t.Helper()
	address := target.BaseURL.JoinPath(path)
	address.RawQuery = query.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header = header.Clone()
	response, err := target.Client.Do(request)
	if err != nil {
		t.Fatalf("GET %s: %v", address, err)
	}
	return response
}

// get reads one answer and its status code and size.
func get(t *testing.T, target Target, path, accept string, query url.Values) (answer list, code, size int) {
	t.Helper()
	response := open(t.Context(), t, target, path, accept, query)
	defer func() { _ = response.Body.Close() }() // all of it was read
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatalf("GET %s?%s: %v", path, query.Encode(), err)
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		t.Fatalf("GET %s?%s: status %d: %v", path, query.Encode(), response.StatusCode, err)
	}
	return answer, response.StatusCode, len(body)
}

// pods gets one page of pods as Table rows and requires status 200.
func pods(t *testing.T, target Target, pairs ...string) list {
	t.Helper()
	answer, code, _ := get(t, target, "/api/v1/pods", acceptTable, params(pairs...))
	if code != http.StatusOK || answer.Kind != "Table" {
		t.Fatalf("pods with %q: status %d and a %s, want 200 and a Table", pairs, code, answer.Kind)
	}
	return answer
}

// walk gets all pages from a token on, calls between after each, and returns
// them.
func walk(t *testing.T, target Target, token string, between func(page int), pairs ...string) []list {
	t.Helper()
	var pages []list
	for {
		page := pods(t, target, append(slices.Clone(pairs), "continue", token)...)
		pages = append(pages, page)
		if between != nil {
			between(len(pages))
		}
		if token = page.Metadata.Continue; token == "" {
			return pages
		}
	}
}

// rowsOf joins the rows of pages.
func rowsOf(pages []list) []row {
	var rows []row
	for _, p := range pages {
		rows = append(rows, p.Rows...)
	}
	return rows
}

// keysOf returns the keys of rows that come with metadata.
func keysOf(t *testing.T, rows []row) []string {
	t.Helper()
	keys := make([]string, len(rows))
	for i, r := range rows {
		if r.Object == nil {
			t.Fatalf("row %d has no metadata", i)
		}
		keys[i] = r.Object.key()
	}
	return keys
}

// column returns the index of a named column, or fails.
func column(t *testing.T, columns []metav1.TableColumnDefinition, name string) int {
	t.Helper()
	i := slices.IndexFunc(columns, func(c metav1.TableColumnDefinition) bool { return c.Name == name })
	if i < 0 {
		t.Fatalf("no column %q", name)
	}
	return i
}

// perNode counts rows by their node cell.
func perNode(t *testing.T, table list) map[string]int {
	t.Helper()
	node, counts := column(t, table.Columns, "Node"), map[string]int{}
	for _, r := range table.Rows {
		name, ok := r.Cells[node].(string)
		if !ok {
			t.Fatalf("node cell %v is no string", r.Cells[node])
		}
		counts[name]++
	}
	return counts
}

// create makes a pod that is deleted at the end of the test, whatever happened to it
// before.
func create(t *testing.T, target Target, node string) string {
	t.Helper()
	key, err := target.CreatePod(t.Context(), node)
	if err != nil {
		t.Fatalf("create a pod on node %q: %v", node, err)
	}
	t.Cleanup(func() {
		// The test may have deleted it itself; that is an error here.
		_ = target.DeletePod(context.WithoutCancel(t.Context()), key)
	})
	return key
}

// must fails the test if a change of the cluster failed.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
