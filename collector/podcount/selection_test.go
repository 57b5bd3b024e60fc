package podcount

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
)

// manyLabels are labels as those of node-feature-discovery, with a comma at the end.
func manyLabels(n int) string {
	var text strings.Builder
	for i := range n {
		fmt.Fprintf(&text, `"feature.node.kubernetes.io/cpu-%d":"true",`, i)
	}
	return text.String()
}

// TestSelection checks the requests, and the treatment of pods on nodes that were not
// selected.
func TestSelection(t *testing.T) {
	const unfinished = "status.phase!=Succeeded,status.phase!=Failed"
	pods := podPage("", "a", "b", "b", "elsewhere", "<none>")
	tests := []struct {
		name      string
		selection Selection
		nodes     step
		pods      step
		want      string
		ofNodes   url.Values
		ofPods    string
	}{
		{"one", Selection{Names: []string{"b"}}, nodePage("", "b"), podPage("", "b", "b"), "b=2",
			url.Values{"fieldSelector": {"metadata.name=b"}}, "spec.nodeName=b," + unfinished},
		{"one that does not exist", Selection{Names: []string{"b"}}, nodePage(""), podPage("", "b"), "",
			url.Values{"fieldSelector": {"metadata.name=b"}}, "spec.nodeName=b," + unfinished},
		{"one, of a server that selects nothing", Selection{Names: []string{"b"}}, nodePage("", "a", "b"), pods, "b=2",
			url.Values{"fieldSelector": {"metadata.name=b"}}, "spec.nodeName=b," + unfinished},
		{"one that may not be listed", Selection{Names: []string{"b"}}, status(http.StatusForbidden, ""), pods, "b=2",
			url.Values{"fieldSelector": {"metadata.name=b"}}, "spec.nodeName=b," + unfinished},
		{"several", Selection{Names: []string{"c", "b", "d"}}, nodePage("", "a", "b", "c"), pods, "b=2 c=0", url.Values{}, unfinished},
		{"labels", Selection{Labels: "zone in (x,y)"}, withLabels(`"zone":"x"`, "a"), pods, "a=1",
			url.Values{"labelSelector": {"zone in (x,y)"}}, unfinished},
		{"labels, of a server that selects nothing", Selection{Labels: "zone,zone!=x"}, withLabels(`"zone":"x"`, "a"), pods, "",
			url.Values{"labelSelector": {"zone,zone!=x"}}, unfinished},
		{"no such label, of a server that selects nothing", Selection{Labels: "zone"}, nodePage("", "a"), pods, "",
			url.Values{"labelSelector": {"zone"}}, unfinished},
		{"labels that are null", Selection{Labels: "!zone"}, body(http.StatusOK, `{"kind":"NodeList","metadata":{},"items":[{"metadata":{"labels":null,"name":"a"}}]}`), pods, "a=1",
			url.Values{"labelSelector": {"!zone"}}, unfinished},
		{"one of a thousand labels", Selection{Labels: "zone=x"}, withLabels(manyLabels(1000)+`"zone":"x"`, "a"), pods, "a=1",
			url.Values{"labelSelector": {"zone=x"}}, unfinished},
		{"an empty label", Selection{Labels: "zone="}, withLabels(`"zone":""`, "a"), pods, "a=1",
			url.Values{"labelSelector": {"zone="}}, unfinished},
		{"labels and one", Selection{Labels: "zone=x", Names: []string{"a"}}, withLabels(`"zone":"x","zone.a":""`, "a"), podPage("", "a"), "a=1",
			url.Values{"labelSelector": {"zone=x"}, "fieldSelector": {"metadata.name=a"}}, "spec.nodeName=a," + unfinished},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			script := newScript(t, tt.pods)
			script.nodes = []step{func(r *http.Request) (*http.Response, error) {
				query := script.query
				for _, name := range []string{"fieldSelector", "labelSelector"} {
					if got, want := query.Get(name), tt.ofNodes.Get(name); got != want {
						t.Errorf("the nodes' %s is %q, want %q", name, got, want)
					}
				}
				return tt.nodes(r)
			}}
			want := strings.TrimSpace(tt.want + " unscheduled=0 unknown=0 pages=1 version=8 consistent=true")
			if got := script.count(script.counter(func(c *Config) { c.Nodes = tt.selection })); got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
			script.expect("nodes", "pods") // nodes that are not selected are not looked for
			if got := script.query.Get("fieldSelector"); got != tt.ofPods || script.query.Has("labelSelector") {
				t.Errorf("the pods' selectors are %q, want %q alone", script.query, tt.ofPods)
			}
		})
	}
}

func TestSelectionIsTold(t *testing.T) {
	for _, labels := range []string{"", "zone=x"} {
		script := newScript(t, podPage("", "a"))
		snapshot, err := countOnce(t.Context(), script.counter(func(c *Config) { c.Nodes.Labels = labels }), &recorder{})
		if err != nil || snapshot.Selected != (labels != "") {
			t.Errorf("labels %q: Selected is %v, error %v", labels, snapshot != nil && snapshot.Selected, err)
		}
	}
}

// TestLabelsNeedTheNodes selects nodes by labels with an account that may not list
// nodes: which nodes have the labels cannot be known.
func TestLabelsNeedTheNodes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		script := newScript(t)
		script.nodes = repeat(2, status(http.StatusForbidden, ""))
		failure := script.countFails(script.counter(func(c *Config) { c.Nodes.Labels = "zone=x" }), Forbidden)
		if failure.Resource != Nodes {
			t.Errorf("the failure is of %s, want %s", failure.Resource, Nodes)
		}
	})
}

func TestSelectionRefuses(t *testing.T) {
	tests := []struct {
		name      string
		selection Selection
		says      string
	}{
		{"a name that none can be", Selection{Names: []string{"A,b"}}, `Nodes.Names: "A,b": `},
		{"an empty name", Selection{Names: []string{""}}, `Nodes.Names: "": `},
		{"a name twice", Selection{Names: []string{"a", "b", "a"}}, `Nodes.Names: "a" is given twice`},
		{"labels", Selection{Labels: "a in"}, `Nodes.Labels: "a in": `},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg := DefaultConfig()
			cfg.Nodes = tt.selection
			if err := cfg.Validate(); err == nil || !strings.HasPrefix(err.Error(), tt.says) {
				t.Errorf("got %v, want it to begin with %q", err, tt.says)
			}
		})
	}
}

// withLabels is a page of one node with these labels.
func withLabels(labels, name string) step {
	return body(http.StatusOK, `{"kind":"NodeList","metadata":{"resourceVersion":"7"},"items":[{"metadata":{"labels":{`+labels+`},"name":"`+name+`"}}]}`)
}
