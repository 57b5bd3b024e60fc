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
	// Pages of pods that the count took, node pages not among them.
	Pages int
	// Bytes on the wire of all answers, failed attempts among them.
	Bytes int64
	// Duration from the start to the last row, waits for a place and between
	// attempts among it, without the pause of a count that was suspended.
	Duration time.Duration
	// ResourceVersion of the last page of pods, as the server gave it.
	ResourceVersion string
	// Source says how the pods were listed, and SourceRefused why not in the form
	// before it of Sources; nil when that is not known, or there is none.
	Source        Source
	SourceRefused error
	// NodesForbidden says that the nodes could not be listed: those that hold no
	// pod are missing, and none has allocatable pods.
	NodesForbidden bool
	// OddAllocatable is how many nodes have a value for allocatable pods that is no
	// number of pods. It is left out of them.
	OddAllocatable int
	// Consistent is true when all pages of pods named the same resourceVersion. It
	// is false when they named several, because a continue token expired on the
	// way, or none.
	Consistent bool
	// Started is when the count began; what happened before is in it.
	Started time.Time
	// Time at which the last page was complete; when the cluster is followed, that
	// of the latest news of it.
	Time time.Time
	// Mode says how the cluster is counted.
	Mode Mode
	// Update says that the numbers are those of the latest count and of the events
	// since: no count has ended.
	Update bool
	// Interrupted says why the events do not come at the moment. Nil while they do,
	// and for the end of a count.
	Interrupted error
}

// Node is one node of a Snapshot.
type Node struct {
	Name            string
	ActivePods      int
	AllocatablePods int64 // what .status.allocatable.pods says
	HasAllocatable  bool  // false while the node has not reported it
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

// AllocatablePods returns what all nodes can hold that say it, and whether any
// does. A sum beyond the greatest int64 is that.
func (s *Snapshot) AllocatablePods() (sum int64, known bool) {
	for _, node := range s.Nodes {
		if node.HasAllocatable {
			sum, known = sum+min(node.AllocatablePods, math.MaxInt64-sum), true
		}
	}
	return sum, known
}
