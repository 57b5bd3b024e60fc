package contract

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"testing"

	corev1 "k8s.io/api/core/v1"
)

// maxRowBytes is generous: rows take about 150 bytes, whole pods 6,000. The column
// definitions are added to that.
const (
	maxRowBytes    = 300
	maxColumnBytes = 8000
)

func checkTableRows(t *testing.T, target Target) {
	unscheduled := create(t, target, "")
	query := params("includeObject", "None", "fieldSelector", unfinished)
	table, code, size := get(t, target, "/api/v1/pods", acceptTable, query)
	if code != http.StatusOK || table.Kind != "Table" || table.APIVersion != "meta.k8s.io/v1" {
		t.Fatalf("status %d with a %s of %s, want 200 with a Table of meta.k8s.io/v1", code, table.Kind, table.APIVersion)
	}
	for i, r := range table.Rows {
		if len(r.Cells) != len(table.Columns) || r.Object != nil {
			t.Fatalf("row %d has %d cells for %d columns and object %v, want no object", i, len(r.Cells), len(table.Columns), r.Object)
		}
	}
	counts := perNode(t, table)
	if bound := len(table.Rows) - counts[none]; bound != target.ActivePods {
		t.Errorf("%d rows with a node, want %d", bound, target.ActivePods)
	}
	if counts[none] == 0 {
		t.Errorf("no row with node %q, although pod %s is unscheduled", none, unscheduled)
	}
	if most := maxColumnBytes + maxRowBytes*len(table.Rows); size > most {
		t.Errorf("%d bytes for %d rows, want at most %d", size, len(table.Rows), most)
	}
}

func checkPlainList(t *testing.T, target Target) {
	want := perNode(t, pods(t, target, "includeObject", "None", "fieldSelector", unfinished))
	plain, code, _ := get(t, target, "/api/v1/pods", acceptPlain, params("fieldSelector", unfinished))
	if code != http.StatusOK || plain.Kind != "PodList" {
		t.Fatalf("status %d with a %s, want 200 with a PodList", code, plain.Kind)
	}
	got := map[string]int{}
	for _, item := range plain.Items {
		if item.Spec.Node == "" {
			item.Spec.Node = none
		}
		got[item.Spec.Node]++
	}
	if !maps.Equal(got, want) {
		t.Errorf("a plain list has other pods per node than a Table: %v, want %v", got, want)
	}
}

func checkSelector(t *testing.T, target Target) {
	before := len(pods(t, target, "includeObject", "None", "fieldSelector", active).Rows)
	for _, phase := range []corev1.PodPhase{corev1.PodSucceeded, corev1.PodFailed} {
		key := create(t, target, target.Node)
		if n := len(pods(t, target, "includeObject", "None", "fieldSelector", active).Rows); n != before+1 {
			t.Errorf("%d active pods after one was created, want %d", n, before+1)
		}
		must(t, target.SetPhase(t.Context(), key, phase))
		if n := len(pods(t, target, "includeObject", "None", "fieldSelector", active).Rows); n != before {
			t.Errorf("%d active pods after one became %s, want %d", n, phase, before)
		}
	}
	_, code, _ := get(t, target, "/api/v1/pods", acceptTable, params("fieldSelector", "status.qosClass=Burstable"))
	if code != http.StatusBadRequest {
		t.Errorf("status %d for a field that no selector knows, want 400", code)
	}
}

// checkCompleted has a list without a selector: a condition tells its finished pods
// apart.
func checkCompleted(t *testing.T, target Target) {
	finished := map[string]bool{}
	for _, phase := range []corev1.PodPhase{corev1.PodSucceeded, corev1.PodFailed} {
		key := create(t, target, target.Node)
		must(t, target.SetPhase(t.Context(), key, phase))
		finished[key] = true
	}
	all, rest := pods(t, target), keysOf(t, pods(t, target, "fieldSelector", unfinished).Rows)
	for i, key := range keysOf(t, all.Rows) {
		delete(finished, key)
		if _, selected := slices.BinarySearch(rest, key); all.Rows[i].completed() == selected {
			t.Errorf("pod %s: condition Completed is %v, chosen by the selector %v", key, all.Rows[i].completed(), selected)
		}
	}
	if len(finished) > 0 {
		t.Errorf("the list has no pods %v", finished)
	}
	short := pods(t, target, "includeObject", "None")
	for i := range short.Rows {
		if short.Rows[i].completed() != all.Rows[i].completed() {
			t.Errorf("row %d has other conditions without its object", i)
		}
	}
}

func checkPages(t *testing.T, target Target) {
	whole := keysOf(t, pods(t, target, "fieldSelector", unfinished).Rows)
	if !slices.IsSorted(whole) {
		t.Error("a list is not sorted by key")
	}
	for _, limit := range []int{len(whole)/7 + 1, len(whole)/2 + 1, len(whole), 2 * len(whole)} {
		pages := walk(t, target, "", nil, "fieldSelector", unfinished, "limit", strconv.Itoa(limit))
		if got := keysOf(t, rowsOf(pages)); !slices.Equal(got, whole) {
			t.Errorf("pages of %d hold %d pods, other than the %d of a whole list", limit, len(got), len(whole))
		}
		for i, p := range pages {
			if len(p.Rows) > limit {
				t.Errorf("page %d of %d rows has %d", i+1, limit, len(p.Rows))
			}
		}
	}
}

func checkConsistency(t *testing.T, target Target) {
	whole := keysOf(t, pods(t, target, "fieldSelector", unfinished).Rows)
	limit := strconv.Itoa(len(whole)/3 + 1)
	pages := walk(t, target, "", func(page int) {
		if page == 1 {
			create(t, target, target.Node)
			must(t, target.DeletePod(t.Context(), create(t, target, target.Node)))
		}
	}, "fieldSelector", unfinished, "limit", limit)
	for i, p := range pages {
		if p.Metadata.Version != pages[0].Metadata.Version {
			t.Errorf("page %d is of resourceVersion %s, the first of %s", i+1, p.Metadata.Version, pages[0].Metadata.Version)
		}
	}
	if got := keysOf(t, rowsOf(pages)); !slices.Equal(got, whole) {
		t.Errorf("a walk that began before the change has %d pods, other than the %d of then", len(got), len(whole))
	}
}

func checkLimitIgnored(t *testing.T, target Target) {
	table := pods(t, target, "includeObject", "None", "limit", "1", "resourceVersion", "0")
	if table.Metadata.Continue != "" || len(table.Rows) < target.ActivePods {
		t.Errorf("%d rows and token %q, want all pods and no token", len(table.Rows), table.Metadata.Continue)
	}
}

func checkExpired(t *testing.T, target Target) {
	if target.Expire == nil {
		t.Skip("the target has no way to make tokens expire")
	}
	whole := pods(t, target, "includeObject", "None", "fieldSelector", unfinished)
	selector := []string{"fieldSelector", unfinished, "limit", strconv.Itoa(len(whole.Rows)/3 + 1)}
	first := pods(t, target, selector...)
	create(t, target, target.Node) // so that the token's resourceVersion is not the newest
	must(t, target.Expire(t.Context()))
	query := params(append(selector, "continue", first.Metadata.Continue)...)
	status, code, _ := get(t, target, "/api/v1/pods", acceptTable, query)
	if code != http.StatusGone || status.Kind != "Status" || status.Reason != "Expired" {
		t.Fatalf("status %d with a %s of reason %q, want 410 with a Status of reason Expired", code, status.Kind, status.Reason)
	}
	fresh := status.Metadata.Continue
	if fresh == "" || fresh == first.Metadata.Continue {
		t.Fatalf("the 410 comes with token %q, want a new one", fresh)
	}
	rest := walk(t, target, fresh, nil, selector...)
	keys := keysOf(t, append(first.Rows, rowsOf(rest)...))
	if !slices.IsSorted(keys) || len(slices.Compact(slices.Clone(keys))) != len(keys) {
		t.Error("going on with the new token repeats or reorders keys")
	}
	if len(keys) < len(whole.Rows) {
		t.Errorf("%d pods in all, want at least the %d from before", len(keys), len(whole.Rows))
	}
	was, now := version(t, first.Metadata.Version), version(t, rest[0].Metadata.Version)
	if now <= was {
		t.Errorf("the list goes on at resourceVersion %d, want one newer than %d", now, was)
	}
}

// version reads a resourceVersion; since Kubernetes 1.35 they are numbers that
// may be compared.
func version(t *testing.T, text string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(text, 10, 64)
	must(t, err)
	return n
}

func checkRemaining(t *testing.T, target Target) {
	total := len(pods(t, target, "includeObject", "None").Rows)
	plain := pods(t, target, "includeObject", "None", "limit", "2")
	if r := plain.Metadata.Remaining; r == nil || *r != total-2 {
		t.Errorf("remainingItemCount %v without a selector, want %d", r, total-2)
	}
	selected := pods(t, target, "includeObject", "None", "limit", "2", "fieldSelector", unfinished)
	if r := selected.Metadata.Remaining; r != nil {
		t.Errorf("remainingItemCount %d with a selector, want none", *r)
	}
}

func checkColumns(t *testing.T, target Target) {
	limit := strconv.Itoa(target.ActivePods/3 + 1)
	for i, page := range walk(t, target, "", nil, "includeObject", "None", "limit", limit) {
		node := page.Columns[column(t, page.Columns, "Node")]
		if node.Type != "string" {
			t.Errorf("page %d: column Node has type %q, want string", i+1, node.Type)
		}
	}
}

func checkTimeout(t *testing.T, target Target) {
	status, code, _ := get(t, target, "/api/v1/pods", acceptTable, params("includeObject", "None", "timeout", "1ns"))
	if code != http.StatusGatewayTimeout || status.Reason != "Timeout" {
		t.Errorf("status %d with reason %q, want 504 with reason Timeout", code, status.Reason)
	}
	_, code, _ = get(t, target, "/api/v1/pods", acceptTable, params("limit", "1", "timeout", "soon"))
	if code != http.StatusBadRequest {
		t.Errorf("status %d for a timeout that is no duration, want 400", code)
	}
}

func checkNodes(t *testing.T, target Target) {
	names, token := []string{}, ""
	limit := strconv.Itoa(target.Nodes/3 + 1)
	for {
		page, code, _ := get(t, target, "/api/v1/nodes", acceptPlain, params("limit", limit, "continue", token))
		if code != http.StatusOK || page.Kind != "NodeList" {
			t.Fatalf("status %d with a %s, want 200 with a NodeList", code, page.Kind)
		}
		for _, item := range page.Items {
			names = append(names, item.Metadata.Name)
		}
		if token = page.Metadata.Continue; token == "" {
			break
		}
	}
	if len(names) != target.Nodes || !slices.IsSorted(names) || !slices.Contains(names, target.Node) {
		t.Errorf("%d nodes, want %d, sorted, with %s among them", len(names), target.Nodes, target.Node)
	}
}
