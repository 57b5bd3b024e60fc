package collector

import (
	"time"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
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
	UnknownNodePods int     `json:"unknownNodePods"`
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
	ExpectedPods *int   `json:"expectedPods,omitempty"` // as many as the last time
	FailedFor    string `json:"failedFor,omitempty"`    // the reason, while the page is tried again
}

type nodeAnswer struct {
	Name            string `json:"name"`
	ActivePods      int    `json:"activePods"`
	AllocatablePods *int64 `json:"allocatablePods,omitempty"`
}

// The states of a cluster.
const (
	statePending   = "pending"   // no complete count yet
	stateFresh     = "fresh"     // younger than the cache TTL
	stateStale     = "stale"     // older, and shown
	stateWithdrawn = "withdrawn" // older than the max staleness, and not shown
)

func (s state) name() string {
	switch {
	case s.snapshot == nil:
		return statePending
	case s.withdrawn:
		return stateWithdrawn
	case s.stale:
		return stateStale
	default:
		return stateFresh
	}
}

func (c *cluster) answer(s state) clusterAnswer {
	a := clusterAnswer{
		Cluster: c.name, State: s.name(), LastCountSucceeded: s.success,
		Running: runningOf(c.cache.progress.current(), s.snapshot),
	}
	if s.err != nil {
		a.LastError = s.err.Error()
		a.LastErrorReason = reasonWord(s.err)
	}
	if s.snapshot != nil {
		age := s.age.Seconds()
		a.LastSuccess, a.AgeSeconds = stamp(s.snapshot.Time), &age
	}
	if !s.withdrawn {
		a.countAnswer = countOf(s.snapshot)
	}
	return a
}

func countOf(s *podcount.Snapshot) *countAnswer {
	a := &countAnswer{
		NodeCount: len(s.Nodes), ActivePods: s.ActivePods(),
		UnscheduledPods: s.UnscheduledPods, UnknownNodePods: s.UnknownNodePods,
		Consistent: s.Consistent, ResourceVersion: s.ResourceVersion,
		Pages: s.Pages, ResponseBytes: s.Bytes, DurationSeconds: s.Duration.Seconds(),
	}
	if sum, known := s.AllocatablePods(); known && !s.Partial {
		a.AllocatablePods = &sum
	}
	return a
}

func runningOf(r running, last *podcount.Snapshot) *runningAnswer {
	if r.since.IsZero() {
		return nil
	}
	a := &runningAnswer{
		StartedAt: stamp(r.since), Resource: r.resource, Page: r.page, Attempt: r.attempt,
		CountedPods: r.pods, FailedFor: string(r.reason),
	}
	if last != nil {
		expected := last.ActivePods() + last.UnscheduledPods
		a.ExpectedPods = &expected
	}
	return a
}

func nodesOf(s *podcount.Snapshot) []nodeAnswer {
	nodes := make([]nodeAnswer, len(s.Nodes))
	for i, node := range s.Nodes {
		nodes[i] = nodeAnswer{Name: node.Name, ActivePods: node.ActivePods}
		if node.HasAllocatable && !s.Partial {
			nodes[i].AllocatablePods = &node.AllocatablePods
		}
	}
	return nodes
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }
