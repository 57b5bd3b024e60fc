package page

import (
	"errors"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
	"github.com/kube-node-manager/pod_count_exporter/collector/store"
)

var update = flag.Bool("update", false, "write the golden files anew")

// noon is the time of all documents here.
func noon() time.Time { return time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC) }

// clusters is a Source.
type clusters []Cluster

func (c clusters) Clusters() []Cluster { return c }

func (c clusters) Cluster(name string) (Cluster, bool) {
	for _, one := range c {
		if one.Cluster == name {
			return one, true
		}
	}
	return Cluster{}, false
}

func newPage(t testing.TB, source Source) *Page {
	t.Helper()
	p, err := New(source, About{
		Program: "pod_count_exporter", Version: "1.2.3", Build: "(version=1.2.3)", Metrics: "/metrics",
		Links:    []Link{{Path: "/metrics", Text: "Metrics", Hint: "for Prometheus"}, {Path: "/-/healthy", Text: "Healthy", Hint: "whether the program runs"}},
		Profiles: []Link{{Path: "/debug/pprof/heap", Text: "Heap", Hint: "memory in use"}},
	}, noon)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// get returns an answer to a request for a document.
func get(t testing.TB, source Source, target string) *httptest.ResponseRecorder {
	t.Helper()
	answer := httptest.NewRecorder()
	write, err := newPage(t, source).Document(httptest.NewRequestWithContext(t.Context(), http.MethodGet, target, nil))
	if err != nil {
		t.Fatal(err)
	}
	write(answer)
	return answer
}

// taken is a snapshot with an age.
func taken(age time.Duration, nodes ...podcount.Node) *podcount.Snapshot {
	return &podcount.Snapshot{
		Mode:  podcount.ModeList,
		Nodes: nodes, Pages: 3, Bytes: 1_234_567, Duration: 1500 * time.Millisecond, Source: podcount.SourceTable,
		UnscheduledPods: 2, Consistent: true, Time: noon().Add(-age),
	}
}

func node(name string, active int, allocatable int64) podcount.Node {
	return podcount.Node{Name: name, ActivePods: active, AllocatablePods: allocatable, HasAllocatable: true}
}

// in is a cluster with a snapshot that is a minute old.
func in(name string, state store.State, nodes ...podcount.Node) Cluster {
	return Cluster{View: store.View{Cluster: name, State: state, Snapshot: taken(time.Minute, nodes...), Age: time.Minute}}
}

// failed is a failure of the latest count.
func failed(c Cluster, reason podcount.Reason, since time.Duration) Cluster {
	c.Err = &podcount.PageError{Resource: podcount.Pods, Page: 3, Attempt: 5, Reason: reason, Err: errors.New("context deadline exceeded")}
	c.Reason = string(reason)
	c.FailingSince = noon().Add(-since)
	c.LastFailure = &Failure{Time: noon().Add(-time.Minute), Reason: c.Reason, Text: c.Err.Error()}
	c.Slots[Slots-1] = Slot{Counts: 2, Pages: 10}
	c.Slots[Slots-3] = Slot{Pages: 1}
	c.LastSlot = noon()
	return c
}

// counting is a count that runs.
func counting(c Cluster, pods int) Cluster {
	c.Counting = true
	c.Progress = store.Progress{Since: noon().Add(-time.Second), Resource: podcount.Pods, Page: 7, Attempt: 1, Pods: pods}
	return c
}

// followed is a cluster in watch mode.
func followed(c Cluster) Cluster {
	c.Snapshot.Mode, c.Counting = podcount.ModeWatch, true
	return c
}

// unusableCluster is one whose context cannot be used.
func unusableCluster(name string) Cluster {
	return Cluster{View: store.View{Cluster: name, State: store.Pending,
		Err: &store.ConfigError{Err: errors.New("certificate-authority: no such file or directory"), Since: noon().Add(-26 * time.Hour)}}, Reason: "config"}
}

// fleet has a cluster in every state.
func fleet() clusters {
	full := node("full", 110, 110)
	gone := failed(in("withdrawn-failing", store.Withdrawn, full), podcount.Timeout, 2*time.Hour)
	gone.Snapshot, gone.Age = taken(2*time.Hour, full), 2*time.Hour
	return clusters{
		in("a-fresh", store.Fresh, node("a-1", 99, 110), node("a-2", 11, 110), podcount.Node{Name: "a-3", ActivePods: 4}),
		failed(in("b-failing", store.Stale, node("b-1", 107, 110)), podcount.Throttled, 10*time.Minute),
		{View: store.View{Cluster: "c-pending", State: store.Pending}},
		counting(in("d-refreshing", store.Stale, node("d-1", 60, 110), full), 85),
		in("e-stale", store.Stale, node("e-1", 1, 110)),
		unusableCluster("f-unusable"),
		{View: store.View{Cluster: "g-withdrawn", State: store.Withdrawn, Snapshot: taken(40 * time.Minute), Age: 40 * time.Minute}},
		gone,
	}
}

func TestGoldenDocuments(t *testing.T) {
	for name, target := range map[string]string{
		"overview": "/", "failing": "/cluster?name=b-failing", "fresh": "/cluster?name=a-fresh", "missing": "/cluster?name=nowhere",
	} {
		t.Run(name, func(t *testing.T) {
			// The hashes of the assets change with every colour.
			got := regexp.MustCompile(`\.[0-9a-f]{16}\.`).ReplaceAllString(get(t, fleet(), target).Body.String(), ".HASH.")
			path := filepath.Join("testdata", name+".html")
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("%s differs (renew it with -update if the change is meant):\n%s", path, got)
			}
		})
	}
}

// texts are the texts of the elements that have a class, in their order.
func texts(t *testing.T, document, class string) (found []string) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(document))
	if err != nil {
		t.Fatal(err)
	}
	for n := range root.Descendants() {
		for _, a := range n.Attr {
			if a.Key == "class" && strings.Contains(" "+a.Val+" ", " "+class+" ") {
				found = append(found, textOf(n))
			}
		}
	}
	return found
}

func textOf(n *html.Node) string {
	var all strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			all.WriteString(d.Data)
		}
	}
	return strings.Join(strings.Fields(all.String()), " ")
}

func TestRequests(t *testing.T) {
	tests := []struct {
		name, target string
		status       int
		text         string
	}{
		{"overview", "/", 200, "4 of 8 clusters need attention"},
		{"cluster", "/cluster?name=e-stale", 200, "<h1><bdi>e-stale</bdi></h1>"},
		{"unknown cluster", "/cluster?name=%3Cb%3E", 404, "There is no cluster &#34;&lt;b&gt;&#34;."},
		{"no name", "/cluster", 400, "<bdi>Name a cluster: /cluster?name=NAME.</bdi>"},
		{"empty name", "/cluster?name=", 400, "<bdi>Name a cluster: /cluster?name=NAME.</bdi>"},
		{"blank name", "/cluster?name=+", 404, "There is no cluster &#34; &#34;."},
		{"unknown cluster with what cannot be seen", "/cluster?name=a%1b", 404, `There is no cluster &#34;a\x1b&#34;.`},
		{"bad query", "/cluster?name=%zz", 400, "The address cannot be read."},
		{"withdrawn numbers", "/cluster?name=g-withdrawn", 200, "Nothing is shown: the last complete count, of 11:20:00 UTC, is too old (40 min)."},
		{"first row that is none", "/?from=-1", 200, "4 of 8"},
		{"first row beyond the last", "/?from=8", 200, "4 of 8"},
		{"first row in words", "/?from=x", 200, "4 of 8"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			answer := get(t, fleet(), tt.target)
			if body := answer.Body.String(); answer.Code != tt.status || !strings.Contains(body, tt.text) {
				t.Errorf("got %d, want %d with %q:\n%s", answer.Code, tt.status, tt.text, body)
			}
		})
	}
}

func TestLead(t *testing.T) {
	good := in("a", store.Fresh)
	bad := unusableCluster("b")
	for want, source := range map[string]clusters{
		"There are no clusters to count":  {},
		"The cluster is well":             {good},
		"All 2 clusters are well":         {good, good},
		"1 of 1 cluster needs attention":  {bad},
		"1 of 2 clusters needs attention": {good, bad},
		"2 of 2 clusters need attention":  {bad, bad},
	} {
		if got := texts(t, get(t, source, "/").Body.String(), "lead"); len(got) != 1 || got[0] != want {
			t.Errorf("%d clusters: %q, want %q", len(source), got, want)
		}
	}
}

// Rows beyond those of one document are on the next; a filter finds them all.
func TestFilterAndPages(t *testing.T) {
	var nodes []podcount.Node
	for i := range 450 {
		nodes = append(nodes, node(fmt.Sprintf("Node-%03d", i), i, 1000))
	}
	source := clusters{in("big & more", store.Fresh, nodes...)}
	tests := []struct {
		name, query       string
		rows              int
		first, summary    string
		previous, further string
	}{
		{"the first", "", 200, "Node-449", "1 to 200 of 450 nodes", "", "?from=200&name=big+%26+more"},
		{"the middle", "&from=200", 200, "Node-249", "201 to 400 of 450 nodes", "?from=0&name=big+%26+more", "?from=400&name=big+%26+more"},
		{"the last", "&from=400", 50, "Node-049", "401 to 450 of 450 nodes", "?from=200&name=big+%26+more", ""},
		{"by name, in another case", "&filter=nODE-44", 10, "Node-449", "10 of 450 nodes", "", ""},
		{"many by name", "&filter=node-", 200, "Node-449", "1 to 200 of 450 of 450 nodes", "", "?filter=node-&from=200&name=big+%26+more"},
		{"none by name", "&filter=x", 0, "", "0 of 450 nodes", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			body := get(t, source, "/cluster?name=big+%26+more"+tt.query).Body.String()
			rows := texts(t, body, "name")
			if len(rows) != tt.rows || tt.rows > 0 && rows[0] != tt.first {
				t.Errorf("%d rows from %q, want %d from %s", len(rows), rows[:min(1, len(rows))], tt.rows, tt.first)
			}
			if got := texts(t, body, "shown"); len(got) != 1 || got[0] != tt.summary {
				t.Errorf("summary %q, want %q", got, tt.summary)
			}
			for rel, want := range map[string]string{"prev": tt.previous, "next": tt.further} {
				got := ""
				if m := regexp.MustCompile(`rel="` + rel + `" href="([^"]*)"`).FindStringSubmatch(body); m != nil {
					got = html.UnescapeString(m[1])
				}
				if got != want {
					t.Errorf("%s is at %q, want %q", rel, got, want)
				}
			}
		})
	}
}

func BenchmarkOverview(b *testing.B) {
	var source clusters
	for i := range 500 {
		source = append(source, in(fmt.Sprintf("cluster-%d", i), store.Fresh, manyNodes(100)...))
	}
	for b.Loop() {
		get(b, source, "/")
	}
}

func BenchmarkCluster(b *testing.B) {
	source := clusters{in("one", store.Fresh, manyNodes(5000)...)}
	for b.Loop() {
		get(b, source, "/cluster?name=one")
	}
}

func manyNodes(n int) []podcount.Node {
	nodes := make([]podcount.Node, n)
	for i := range nodes {
		nodes[i] = node(fmt.Sprintf("node-%d", i), i*37%110, 110)
	}
	return nodes
}
