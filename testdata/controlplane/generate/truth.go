package generate

import corev1 "k8s.io/api/core/v1"

// Truth is what a count of the cluster must come to. Active pods are bound to
// a node and have neither succeeded nor failed; terminating ones are among
// them.
type Truth struct {
	// Nodes has the active pods of every node that exists, 0 included.
	Nodes map[string]int `json:"nodes"`
	// Allocatable is how many pods each node may hold.
	Allocatable map[string]int `json:"allocatable"`
	// ActivePods is the sum over Nodes: pods on unknown nodes are not in it.
	ActivePods int `json:"activePods"`
	// UnscheduledPods are neither bound nor finished.
	UnscheduledPods int `json:"unscheduledPods"`
	// UnknownNodePods are active pods on nodes that do not exist.
	UnknownNodePods int `json:"unknownNodePods"`
	// TotalPods are all pods, whatever their phase.
	TotalPods int `json:"totalPods"`
}

// NewTruth starts a count over these nodes, with no pod yet.
func NewTruth(nodes []*corev1.Node) *Truth {
	t := &Truth{Nodes: map[string]int{}, Allocatable: map[string]int{}}
	for _, n := range nodes {
		t.Nodes[n.Name] = 0
		t.Allocatable[n.Name] = int(n.Status.Allocatable.Pods().Value())
	}
	return t
}

// Add counts one pod. It is not safe for concurrent use.
func (t *Truth) Add(pod *corev1.Pod) {
	t.TotalPods++
	if pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed {
		return
	}
	node := pod.Spec.NodeName
	if node == "" {
		t.UnscheduledPods++
		return
	}
	if _, exists := t.Nodes[node]; !exists {
		t.UnknownNodePods++
		return
	}
	t.Nodes[node]++
	t.ActivePods++
}
