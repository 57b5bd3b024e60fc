package podcount

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

type recorder struct{ pages []Page }

func (r *recorder) Started(int)    {}
func (r *recorder) Page(page Page) { r.pages = append(r.pages, page) }
func (*recorder) Event(Event)      {}
func (*recorder) Watched(Watched)  {}

// handCounted is the smallest cluster with every kind of pod, counted by hand.
var handCounted = map[string]string{
	"/api/v1/nodes": `{"kind":"NodeList","metadata":{"resourceVersion":"7"},"items":[
		{"metadata":{"name":"b"},"status":{"allocatable":{"pods":"110"},"images":[{"names":["x"]}]}},
		{"metadata":{"name":"a"},"status":{}}]}`,
	"/api/v1/pods": `{"kind":"Table","metadata":{"resourceVersion":"8","continue":"t1"},
		"columnDefinitions":[{"name":"Name","type":"string"},{"name":"Node","type":"string"}],
		"rows":[{"cells":["p1","b"],"object":null},{"cells":["p2","<none>"],"object":null}]}`,
	"/api/v1/pods?t1": `{"kind":"Table","metadata":{"resourceVersion":"8"},
		"columnDefinitions":[{"name":"Node"},{"name":"Name"}],
		"rows":[{"cells":["b","p3"]},{"cells":["gone","p4"]}]}`,
}

// handCount is what byHand makes of it.
const handCount = "a=0/0,false b=2/110,true unscheduled=1 unknown=1 pages=2 version=8 consistent=true"

func byHand(snapshot *Snapshot) string {
	if snapshot == nil {
		return "none"
	}
	var got strings.Builder
	for _, node := range snapshot.Nodes {
		fmt.Fprintf(&got, "%s=%d/%d,%t ", node.Name, node.ActivePods, node.AllocatablePods, node.HasAllocatable)
	}
	fmt.Fprintf(&got, "unscheduled=%d unknown=%d pages=%d version=%s consistent=%t", snapshot.UnscheduledPods,
		snapshot.UnknownNodePods, snapshot.Pages, snapshot.ResourceVersion, snapshot.Consistent)
	return got.String()
}

func TestCountByHand(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		key := r.URL.Path
		if token := r.URL.Query().Get("continue"); token != "" {
			key += "?" + token
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, handCounted[key])
	}))
	defer server.Close()
	base, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	counter, err := New(DefaultConfig(), server.Client(), base)
	if err != nil {
		t.Fatal(err)
	}
	var seen recorder
	snapshot, err := countOnce(t.Context(), counter, &seen)
	if err != nil {
		t.Fatal(err)
	}
	if got := byHand(snapshot); got != handCount {
		t.Errorf("got  %s\nwant %s", got, handCount)
	}
	if len(seen.pages) != 4 { // nodes, two of pods, and nodes again for the unknown one
		t.Errorf("observed %d pages, want 4: %+v", len(seen.pages), seen.pages)
	}
}
