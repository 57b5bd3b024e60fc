package podcount

import "time"

// Snapshot is one complete count of a cluster. It is never changed once it is
// given out, so it may be shared.
type Snapshot struct {
	// Nodes is sorted by name; a node without pods is there with 0.
	Nodes []Node
	// UnscheduledPods are active but bound to no node.
	UnscheduledPods int
	// UnknownNodePods are active and bound to a node that does not exist.
	UnknownNodePods int
	// Pages of pods that the count took, node pages not among them.
	Pages int
	// Bytes on the wire of all answers, failed attempts among them.
	Bytes int64
	// Duration from the start to the last row, waits for a place and between
	// attempts among it, without the pause of a count that was set aside.
	Duration time.Duration
	// ResourceVersion of the last page of pods, as the server gave it.
	ResourceVersion string
	// NodesForbidden says that the nodes could not be listed: those that hold no
	// pod are missing, and none has allocatable pods.
	NodesForbidden bool
	// Consistent is false when the pages show the cluster at more than one
	// resourceVersion, because a continue token expired on the way.
	Consistent bool
	// Source says how the pods were listed.
	Source Source
	// Partial says that only some of the namespaces were counted: the pods of a
	// node are part of those that take its allocatable ones.
	Partial bool
	// Started is when the count began; what happened before is in it.
	Started time.Time
	// Time at which the last page was complete.
	Time time.Time
}

// Node is one node of a Snapshot.
type Node struct {
	Name            string
	ActivePods      int
	AllocatablePods int64 // what .status.allocatable.pods says
	HasAllocatable  bool  // false while the node has not reported it yet
}

// ActivePods returns all pods that are bound and active, those on nodes that do
// not exist among them.
func (s *Snapshot) ActivePods() int {
	sum := s.UnknownNodePods
	for _, node := range s.Nodes {
		sum += node.ActivePods
	}
	return sum
}
