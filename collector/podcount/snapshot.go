package podcount

import (
	"math"
	"time"
)

// Snapshot is one complete count of a cluster. It is never changed once it is
// given out, so it may be shared.
type Snapshot struct {
	// Nodes is sorted by name; a node without pods is there with 0.
	Nodes []Node
	// Selected says that only some nodes were asked for. UnscheduledPods and
	// UnknownNodePods are not known then, and 0.
	Selected bool
	// UnscheduledPods are active but bound to no node.
	UnscheduledPods int
	// UnknownNodePods are active and bound to a node that does not exist.
	UnknownNodePods int
	// Pages of pods that the count took, not counting pages of nodes.
	Pages int
	// Bytes on the wire of all answers, including failed attempts.
	Bytes int64
	// Duration from the start to the last row. It includes waits for a place and
	// between attempts, but not the pause of a suspended count.
	Duration time.Duration
	// ResourceVersion of the last page of pods, as the server gave it.
	ResourceVersion string
	// Source says how the pods were listed. SourceRefused says why the server refused
	// the form before it in Sources; it is nil when that is not known, or there is
	// none.
	Source        Source
	SourceRefused error
	// NodesForbidden says that the nodes could not be listed: nodes without pods are
	// missing, and no node has allocatable pods.
	NodesForbidden bool
	// OddAllocatable is how many nodes have a value for allocatable pods that is not
	// a number of pods. They have no AllocatablePods.
	OddAllocatable int
	// Consistent is true when all pages of pods named the same resourceVersion. It is
	// false when they named several, because a continue token expired, or none.
	Consistent bool
	// Started is when the count began: everything that happened before is in it.
	Started time.Time
	// Time at which the last page of pods was complete; when the cluster is followed, at
	// which its latest event or bookmark arrived.
	Time time.Time
	// Mode says how the cluster is counted.
	Mode Mode
	// Update says that no count has ended: the numbers are those of the latest count
	// and of the events since.
	Update bool
	// Interrupted says why events do not arrive at the moment. It is nil while they
	// do, and at the end of a count.
	Interrupted error
}

// Node is one node of a Snapshot.
type Node struct {
	Name            string
	ActivePods      int
	AllocatablePods int64 // what .status.allocatable.pods says
	HasAllocatable  bool  // false while the node has not reported it
	odd             bool  // what it has reported is not a number of pods
}

// KnowsUnknownNodes says whether UnknownNodePods is known: not if only some nodes were
// asked for, nor without the right to list nodes, when every node that has pods is taken
// to exist.
func (s *Snapshot) KnowsUnknownNodes() bool { return !s.Selected && !s.NodesForbidden }

// ActivePods returns all pods that are bound and active, including those on nodes
// that do not exist.
func (s *Snapshot) ActivePods() int {
	sum := s.UnknownNodePods
	for _, node := range s.Nodes {
		sum += node.ActivePods
	}
	return sum
}

// AllocatedPods returns the active pods on nodes that report how many they can hold:
// AllocatablePods is theirs.
func (s *Snapshot) AllocatedPods() (sum int) {
	for _, node := range s.Nodes {
		if node.HasAllocatable {
			sum += node.ActivePods
		}
	}
	return sum
}

// AllocatablePods returns the sum over the nodes that report it, and whether any
// does. The sum is capped at the largest int64.
func (s *Snapshot) AllocatablePods() (sum int64, known bool) {
	for _, node := range s.Nodes {
		if node.HasAllocatable {
			sum, known = sum+min(node.AllocatablePods, math.MaxInt64-sum), true
		}
	}
	return sum, known
}
