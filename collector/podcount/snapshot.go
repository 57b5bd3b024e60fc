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
	// Duration from the first request to the last row, without the pause of a
	// count that was set aside.
	Duration time.Duration
	// ResourceVersion of the last page of pods, as the server gave it.
	ResourceVersion string
	// Consistent is false when the pages show the cluster at more than one
	// resourceVersion, because a continue token expired on the way.
	Consistent bool
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
