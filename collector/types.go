package collector

import (
	"errors"
	"time"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
	"github.com/kube-node-manager/pod_count_exporter/collector/store"
)

// The answers of the API. Their field names are a contract, described in
// docs/api.md.

type clustersAnswer struct {
	Clusters []clusterAnswer `json:"clusters"`
}

type nodesAnswer struct {
	clusterAnswer
	Nodes []nodeAnswer `json:"nodes"`
}

// clusterAnswer is the state of a cluster; *countAnswer is left out when there
// is nothing that may be shown as the truth.
type clusterAnswer struct {
	Cluster            string `json:"cluster"`
	State              string `json:"state"`
	LastCountSucceeded bool   `json:"lastCountSucceeded"`
	LastError          string `json:"lastError,omitempty"`
	LastErrorReason    string `json:"lastErrorReason,omitempty"`

	LastSuccess string   `json:"lastSuccess,omitempty"` // RFC 3339, UTC
	AgeSeconds  *float64 `json:"ageSeconds,omitempty"`
	*countAnswer

	Running *runningAnswer `json:"running,omitempty"`
}

type countAnswer struct {
	NodeCount       int     `json:"nodeCount"`
	ActivePods      int     `json:"activePods"`
	AllocatablePods *int64  `json:"allocatablePods,omitempty"` // of the nodes that say it
	UnscheduledPods int     `json:"unscheduledPods"`
	UnknownNodePods *int    `json:"unknownNodePods,omitempty"` // absent where nodes may not be listed
	Mode            string  `json:"mode"`                      // list or watch
	Consistent      bool    `json:"consistent"`
	ResourceVersion string  `json:"resourceVersion"`
	Pages           int     `json:"pages"`
	ResponseBytes   int64   `json:"responseBytes"`
	DurationSeconds float64 `json:"durationSeconds"`
}

type runningAnswer struct {
	StartedAt    string `json:"startedAt"` // RFC 3339, UTC
	Resource     string `json:"resource"`
	Page         int    `json:"page"`
	Attempt      int    `json:"attempt"`
	CountedPods  int    `json:"countedPods"`
	ExpectedPods *int   `json:"expectedPods,omitempty"` // the pods of the last complete count
	FailedFor    string `json:"failedFor,omitempty"`    // the reason, while the page is tried again
}

type nodeAnswer struct {
	Name            string `json:"name"`
	ActivePods      int    `json:"activePods"`
	AllocatablePods *int64 `json:"allocatablePods,omitempty"`
}

func clusterOf(v store.View) clusterAnswer {
	a := clusterAnswer{
		Cluster: v.Cluster, State: string(v.State), LastCountSucceeded: v.Success,
		Running: runningOf(v.Progress, v.Snapshot),
	}
	if v.Err != nil {
		a.LastError, a.LastErrorReason = v.Err.Error(), reasonOf(v.Err)
	}
	if v.Snapshot != nil {
		age := v.Age.Seconds()
		a.LastSuccess, a.AgeSeconds = stamp(v.Snapshot.Time), &age
	}
	if v.Shown() {
		a.countAnswer = countOf(v.Snapshot)
	}
	return a
}

// reasonConfig is the reason for a cluster that cannot be counted because its
// configuration is at fault. The other reasons are podcount's.
const reasonConfig = "config"

// reasonOf returns the API's reason for err, the error of a count; it is empty if
// there is none.
func reasonOf(err error) string {
	var page *podcount.PageError
	var fault *store.ConfigError
	switch {
	case errors.As(err, &page):
		return string(page.Reason)
	case errors.As(err, &fault):
		return reasonConfig
	default:
		return ""
	}
}

func countOf(s *podcount.Snapshot) *countAnswer {
	a := &countAnswer{
		NodeCount: len(s.Nodes), ActivePods: s.ActivePods(),
		UnscheduledPods: s.UnscheduledPods,
		Mode:            string(s.Mode), Consistent: s.Consistent, ResourceVersion: s.ResourceVersion,
		Pages: s.Pages, ResponseBytes: s.Bytes, DurationSeconds: s.Duration.Seconds(),
	}
	if sum, known := s.AllocatablePods(); known {
		a.AllocatablePods = &sum
	}
	if s.KnowsUnknownNodes() {
		a.UnknownNodePods = &s.UnknownNodePods
	}
	return a
}

func runningOf(p store.Progress, last *podcount.Snapshot) *runningAnswer {
	if p.Since.IsZero() {
		return nil
	}
	a := &runningAnswer{
		StartedAt: stamp(p.Since), Resource: p.Resource, Page: p.Page, Attempt: p.Attempt,
		CountedPods: p.Pods, FailedFor: string(p.Reason),
	}
	if last != nil {
		expected := last.ActivePods() + last.UnscheduledPods
		a.ExpectedPods = &expected
	}
	return a
}

func nodesOf(nodes []podcount.Node) []nodeAnswer {
	answers := make([]nodeAnswer, len(nodes))
	for i := range nodes {
		answers[i] = nodeAnswer{Name: nodes[i].Name, ActivePods: nodes[i].ActivePods}
		if nodes[i].HasAllocatable {
			answers[i].AllocatablePods = &nodes[i].AllocatablePods
		}
	}
	return answers
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }
