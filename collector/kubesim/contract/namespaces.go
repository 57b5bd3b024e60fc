package contract

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// checkNamespace has a pod come to a namespace after a list of all: the
// namespace alone has it, but not at the list's resourceVersion.
func checkNamespace(t *testing.T, target Target) {
	all := pods(t, target, "fieldSelector", unfinished)
	added := create(t, target, target.Node)
	namespace, _, _ := strings.Cut(added, "/")
	want := slices.DeleteFunc(keysOf(t, all.Rows), func(key string) bool { return !strings.HasPrefix(key, namespace+"/") })
	path := "/api/v1/namespaces/" + namespace + "/pods"

	now := namespacePages(t, target, path, len(want)/2+1)
	if got := keysOf(t, now); len(got) != len(want)+1 || !slices.Contains(got, added) {
		t.Errorf("namespace %s has %d pods now, want the %d of before and %s", namespace, len(got), len(want), added)
	}
	then := namespacePages(t, target, path, len(want)/2+1,
		"resourceVersion", all.Metadata.Version, "resourceVersionMatch", "Exact")
	if got := keysOf(t, then); !slices.Equal(got, want) {
		t.Errorf("namespace %s had %d pods at resourceVersion %s, want the %d of the whole list",
			namespace, len(got), all.Metadata.Version, len(want))
	}
	none, code, _ := get(t, target, "/api/v1/namespaces/no-such-namespace/pods", acceptTable, nil)
	if code != http.StatusOK || len(none.Rows) != 0 {
		t.Errorf("status %d and %d rows of a namespace that does not exist, want 200 and none", code, len(none.Rows))
	}
}

// namespacePages walks over a namespace; at is for the first page only, and all
// pages must be of its resourceVersion.
func namespacePages(t *testing.T, target Target, path string, limit int, at ...string) []row {
	t.Helper()
	var rows []row
	version, token := "", ""
	for {
		query := params(append(at, "fieldSelector", unfinished, "limit", strconv.Itoa(limit), "continue", token)...)
		page, code, _ := get(t, target, path, acceptTable, query)
		if code != http.StatusOK {
			t.Fatalf("status %d for %s", code, query.Encode())
		}
		if version == "" {
			version = page.Metadata.Version
		}
		if page.Metadata.Version != version || len(at) > 0 && version != at[1] {
			t.Errorf("a page of resourceVersion %s in a walk at %s, asked for at %q", page.Metadata.Version, version, at)
		}
		rows = append(rows, page.Rows...)
		if token = page.Metadata.Continue; token == "" {
			return rows
		}
		at = nil
	}
}
