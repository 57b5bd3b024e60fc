package contract

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// checkNamespace creates a pod after a list of all namespaces: its namespace alone
// then has it, but not at the list's resourceVersion.
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
}

// checkNoNamespace requires the answer to have the requested resourceVersion:
// otherwise a count of several namespaces would seem to change on the way.
func checkNoNamespace(t *testing.T, target Target) {
	const path = "/api/v1/namespaces/no-such-namespace/pods"
	all := pods(t, target, "fieldSelector", unfinished, "limit", "1")
	create(t, target, target.Node)
	for _, at := range [][]string{nil, {"resourceVersion", all.Metadata.Version, "resourceVersionMatch", "Exact"}} {
		if rows := namespacePages(t, target, path, 500, at...); len(rows) != 0 {
			t.Errorf("%d rows of a namespace that does not exist, asked for at %q", len(rows), at)
		}
	}
}

// checkNamespaceByName tells an empty namespace from one that does not exist.
func checkNamespaceByName(t *testing.T, target Target) {
	namespace, _, _ := strings.Cut(create(t, target, target.Node), "/")
	answer, code, _ := get(t, target, "/api/v1/namespaces/"+namespace, "application/json", nil)
	if code != http.StatusOK || answer.Kind != "Namespace" {
		t.Errorf("status %d and a %s, want 200 and a Namespace", code, answer.Kind)
	}
	answer, code, _ = get(t, target, "/api/v1/namespaces/no-such-namespace", "application/json", nil)
	if code != http.StatusNotFound || answer.Kind != "Status" || answer.Reason != "NotFound" {
		t.Errorf("status %d and a %s with reason %q of one that does not exist, want 404 and NotFound", code, answer.Kind, answer.Reason)
	}
}

func checkExactVersions(t *testing.T, target Target) {
	old := pods(t, target, "limit", "1").Metadata.Version
	key := create(t, target, target.Node)
	namespace, _, _ := strings.Cut(key, "/")
	newest := version(t, pods(t, target, "limit", "1").Metadata.Version)
	at := func(version string) (list, int) {
		answer, code, _ := get(t, target, "/api/v1/namespaces/"+namespace+"/pods", acceptTable,
			params("limit", "500", "resourceVersion", version, "resourceVersionMatch", "Exact"))
		return answer, code
	}
	if answer, code := at("0"); code != http.StatusUnprocessableEntity {
		t.Errorf("status %d with reason %q for resourceVersion 0, want 422", code, answer.Reason)
	}
	future := strconv.FormatInt(newest+1_000_000, 10)
	if answer, code := at(future); code != http.StatusGatewayTimeout || answer.Reason != "Timeout" {
		t.Errorf("status %d with reason %q for a resourceVersion that is yet to come, want 504 with Timeout", code, answer.Reason)
	}
	if target.Expire == nil {
		return
	}
	must(t, target.Expire(t.Context()))
	if answer, code := at(old); code != http.StatusGone || answer.Reason != "Expired" || answer.Metadata.Continue != "" {
		t.Errorf("status %d with reason %q and token %q for one that is too old, want 410 with Expired and no token",
			code, answer.Reason, answer.Metadata.Continue)
	}
}

// namespacePages walks over a namespace; at applies to the first page only, and all
// pages must have its resourceVersion.
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
