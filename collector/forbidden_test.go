package collector

import (
	"strings"
	"testing"
)

// TestUnknownNodesWithoutTheRightToList counts a cluster whose nodes may be listed, and
// one whose nodes may not: which of those with pods do not exist is not known then, and
// that is never shown as 0.
func TestUnknownNodesWithoutTheRightToList(t *testing.T) {
	for name, c := range map[string]struct {
		forbidden            []string
		metric, answer, page string
	}{
		"may list":     {nil, "2", `"unknownNodePods":2`, "<dd>2</dd>"},
		"may not list": {[]string{"nodes"}, "absent", "", "<dd>–</dd>"},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				cfg := small()
				cfg.Forbidden = c.forbidden
				e := start(t, cfg, steady())
				body := e.scrape("10")
				if got := value(body, "pod_count_unknown_node_pods"); got != c.metric {
					t.Errorf("/metrics: pod_count_unknown_node_pods is %s, want %s", got, c.metric)
				}
				if got := value(body, "pod_count_unscheduled_pods"); got != "3" {
					t.Errorf("/metrics: pod_count_unscheduled_pods is %s, want 3", got)
				}
				_, answer := e.ask("GET", "/api/v1/clusters")
				if has := strings.Contains(answer, "unknownNodePods"); has != (c.answer != "") || !strings.Contains(answer, c.answer) {
					t.Errorf("the API says\n%s\nwant %q", answer, c.answer)
				}
				_, shown := e.status("/cluster?name=" + cfg.Cluster)
				_, after, _ := strings.Cut(shown, "<dt>On unknown nodes</dt>")
				if !strings.HasPrefix(after, c.page) {
					t.Errorf("the page has %.40q after its word for them, want %s", after, c.page)
				}
			})
		})
	}
}
