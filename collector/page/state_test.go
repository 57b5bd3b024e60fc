package page

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
	"github.com/kube-node-manager/pod_count_exporter/collector/store"
)

func TestStates(t *testing.T) {
	retried := counting(failed(in("x", store.Stale), podcount.Timeout, time.Hour), 0)
	retried.Progress.Attempt, retried.Progress.Reason = 3, podcount.Timeout
	unfollowed, withdrawnUnfollowed := followed(in("x", store.Stale)), followed(in("x", store.Withdrawn))
	unfollowed.Counting, withdrawnUnfollowed.Counting = false, false
	tests := []struct {
		name    string
		cluster Cluster
		state   string
		text    []string
	}{
		{"fresh", in("x", store.Fresh), "fresh", []string{"<dd>1 min</dd>", "<dd>1.5 s</dd>", "<dd>table</dd>", "<dd>list</dd>"}},
		{"stale", in("x", store.Stale), "stale", []string{"The next scrape has it counted anew."}},
		{"refreshing", counting(in("x", store.Stale, node("n", 118, 220)), 60), "refreshing", []string{`value="60" max="120"`, "pods, page 7: 60 of about 120 rows"}},
		{"more rows than the last time", counting(in("x", store.Stale), 60), "refreshing", []string{`value="2" max="2"`, "60 of about 2 rows"}},
		{"pending", Cluster{View: store.View{Cluster: "x", State: store.Pending}}, "pending", []string{"There was no complete count yet."}},
		{"first count", counting(Cluster{View: store.View{Cluster: "x", State: store.Pending}}, 1500), "pending", []string{`<progress aria-label="Count under way"></progress>`, "pods, page 7: 1,500 rows"}},
		{"withdrawn", in("x", store.Withdrawn), "withdrawn", []string{"Nothing is shown: the last complete count, of 11:59:00 UTC, is too old", "see whether Prometheus scrapes"}},
		{"followed", followed(in("x", store.Fresh)), "fresh", []string{"<dd>watch</dd>"}},
		{"followed and silent", followed(in("x", store.Stale)), "stale", []string{"A stream of its events has been silent for that long."}},
		{"followed and silent for too long", followed(in("x", store.Withdrawn)), "withdrawn", []string{"Nothing is shown: its events have come to 11:59:00 UTC, which is too old (1 min).", "raise --collector.max-staleness"}},
		{"followed no more", unfollowed, "stale", []string{"The next scrape has it counted anew."}},
		{"followed no more, and not counted for too long", withdrawnUnfollowed, "withdrawn", []string{"the last complete count, of 11:59:00 UTC, is too old", "see whether Prometheus scrapes"}},
		{"failing", failed(in("x", store.Stale), podcount.Timeout, time.Hour), "failing", []string{"<strong>timeout</strong> since <time", "11:00:00 UTC", "1 h 0 min ago", "The numbers are those of 11:59:00 UTC", "--collector.page-timeout"}},
		{"failing from the start", failed(Cluster{View: store.View{Cluster: "x", State: store.Pending}}, podcount.Network, time.Hour), "failing", []string{"no complete count yet, so nothing is shown"}},
		{"failing and tried again", retried, "failing", []string{"(attempt 3, after timeout)"}},
		{"failed for no reason of the list", Cluster{View: store.View{Cluster: "x", State: store.Pending, Err: errText("the count panicked")}}, "failing", []string{"not counted", "the count panicked", "log has more"}},
		{"unusable", unusableCluster("x"), "cannot be used", []string{"<strong>config</strong> since", "23 Nov 2026 10:00 UTC", "1 d 2 h ago", "Mend the kubeconfig"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			body := get(t, clusters{tt.cluster}, "/cluster?name=x").Body.String()
			if got := texts(t, body, "chip"); !slices.Equal(got, []string{tt.state}) {
				t.Errorf("state %q, want %s", got, tt.state)
			}
			for _, want := range tt.text {
				if !strings.Contains(body, want) {
					t.Errorf("the page lacks %q:\n%s", want, body)
				}
			}
			if overview := texts(t, get(t, clusters{tt.cluster}, "/").Body.String(), "chip"); !slices.Equal(overview, []string{tt.state}) {
				t.Errorf("the overview has %q", overview)
			}
		})
	}
}

// Clusters of which nothing is shown come first, and of those the ones that have been
// unwell longest.
func TestOrder(t *testing.T) {
	body := get(t, fleet(), "/").Body.String()
	at := -1
	for _, name := range []string{"f-unusable", "withdrawn-failing", "g-withdrawn", "b-failing", "c-pending", "a-fresh", "d-refreshing", "e-stale"} {
		next := strings.LastIndex(body, `data-key="`+name+`"`)
		if next <= at {
			t.Errorf("%s is at %d, and the one before at %d", name, next, at)
		}
		at = next
	}
}

func TestEveryReasonHasAdvice(t *testing.T) {
	general := adviceOn("", false)
	for _, reason := range podcount.Reasons() {
		if adviceOn(string(reason), false) == general {
			t.Errorf("there is no advice for %s", reason)
		}
	}
}

func TestFailuresOfTheHour(t *testing.T) {
	body := get(t, fleet(), "/cluster?name=b-failing").Body.String()
	if got := texts(t, body, "summary"); !slices.Equal(got, []string{"2 counts, 11 pages"}) {
		t.Errorf("summary %q", got)
	}
	// 2 and 10 of 12, and 1 of 12 that is two slots earlier.
	for _, want := range []string{
		`<title>12:00–12:05 UTC: 2 counts, 10 pages</title><rect class="counts" x="11" y="83.3" width="0.8" height="16.7"/><rect class="pages" x="11" y="0.0" width="0.8" height="83.3"/>`,
		`<title>11:50–11:55 UTC: 1 page</title><rect class="pages" x="9" y="91.7" width="0.8" height="8.3"/>`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("the chart lacks %s:\n%s", want, body)
		}
	}
}

// Streams of events that failed are red, as counts are: the numbers are not kept up.
func TestStreamsOfTheHour(t *testing.T) {
	c := in("x", store.Stale)
	c.Slots[Slots-1], c.LastSlot = Slot{Streams: 8, Pages: 2}, noon()
	body := get(t, clusters{c}, "/").Body.String()
	if got := texts(t, body, "summary"); !slices.Equal(got, []string{"8 streams, 2 pages"}) {
		t.Errorf("summary %q", got)
	}
	want := `<title>12:00–12:05 UTC: 8 streams, 2 pages</title><rect class="counts" x="11" y="20.0" width="0.8" height="80.0"/><rect class="pages" x="11" y="0.0" width="0.8" height="20.0"/>`
	if !strings.Contains(body, want) {
		t.Errorf("the chart lacks %s:\n%s", want, body)
	}
}

// What was never counted has no facts, and no row of dashes in their place.
func TestNoFactsBeforeTheFirstCount(t *testing.T) {
	never := failed(Cluster{View: store.View{Cluster: "x", State: store.Pending}}, podcount.Network, time.Hour)
	for target, class := range map[string]string{"/cluster?name=x": `class="facts"`, "/": `class="inline"`} {
		if body := get(t, clusters{never}, target).Body.String(); strings.Contains(body, class) || strings.Contains(body, "<dd>–") {
			t.Errorf("%s has facts:\n%s", target, body)
		}
		if body := get(t, clusters{failed(in("x", store.Stale), podcount.Network, time.Hour)}, target).Body.String(); !strings.Contains(body, class) {
			t.Errorf("%s has no facts of a cluster that was counted:\n%s", target, body)
		}
	}
}

// The filter of the overview holds for its table of nodes, too.
func TestFilterOfFullestNodes(t *testing.T) {
	body := get(t, fleet(), "/?filter=A-FR").Body.String()
	nodes := body[strings.Index(body, `id="fullest"`):strings.Index(body, `id="clusters"`)]
	if got := texts(t, nodes, "name"); !slices.Equal(got, []string{"a-1", "a-2"}) {
		t.Errorf("nodes %q, want those of a-fresh", got)
	}
	if body := get(t, fleet(), "/?filter=pending").Body.String(); strings.Contains(body, "Fullest nodes") {
		t.Errorf("nodes of clusters that are not shown:\n%s", body)
	}
}
