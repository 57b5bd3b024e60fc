package kubesim

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// Truth is the result of a right count of the cluster. It is computed from the
// configuration and the changes since, without any request.
type Truth struct {
	// Version is the resourceVersion that the numbers hold for.
	Version int64
	// Pods is the number of active pods of every node, 0 included.
	Pods map[string]int
	// Allocatable is the number of pods that each node can hold.
	Allocatable map[string]int
	// ActivePods is the sum of Pods.
	ActivePods int
	// Unscheduled is the number of unfinished pods that have no node.
	Unscheduled int
	// UnknownNode is the number of active pods on nodes that do not exist.
	UnknownNode int
}

// Truth returns the numbers at the newest resourceVersion: of the pods in the given
// namespaces, or of all pods if none are given. It always has all nodes.
func (s *Server) Truth(namespaces ...string) Truth {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.truthAt(s.version, namespaces)
}

// TruthAt does the same for a resourceVersion at which pods were listed. It must not
// be older than the last call of Compact but one.
func (s *Server) TruthAt(version int64, namespaces ...string) Truth {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.truthAt(version, namespaces)
}

func (s *Server) truthAt(version int64, namespaces []string) Truth {
	t := Truth{Version: version, Pods: map[string]int{}, Allocatable: map[string]int{}}
	for i, name := range s.nodeBase.names {
		t.Allocatable[name] = allocatable(s.nodeBase.starts[i+1] - s.nodeBase.starts[i])
	}
	active := map[string]int{}
	count := func(p *pod, sign int) {
		switch {
		case len(namespaces) > 0 && !slices.Contains(namespaces, p.namespace):
		case p.active():
			active[p.node] += sign
		case !p.finished():
			t.Unscheduled += sign
		}
	}
	if len(namespaces) == 0 {
		active, t.Unscheduled = s.configured()
	}
	for _, namespace := range namespaces {
		s.podBase.each(namespace, func(p *pod) { count(p, 1) })
	}
	difference(s.pods.history, version, count)
	difference(s.nodes.history, version, func(n *node, sign int) {
		if sign < 0 {
			delete(t.Allocatable, n.name)
		} else {
			t.Allocatable[n.name] = n.allocatable
		}
	})
	for name := range t.Allocatable {
		t.Pods[name] = 0
	}
	for name, pods := range active {
		if _, known := t.Allocatable[name]; known {
			t.Pods[name], t.ActivePods = pods, t.ActivePods+pods
		} else {
			t.UnknownNode += pods
		}
	}
	return t
}

// configured returns the number of pods per node that the cluster starts with, and of
// those without a node. It makes no pods: there may be a million.
func (s *Server) configured() (active map[string]int, unscheduled int) {
	active = map[string]int{s.nodeBase.gone[0]: s.cfg.UnknownNode}
	for i, name := range s.nodeBase.names {
		active[name] = s.nodeBase.starts[i+1] - s.nodeBase.starts[i]
	}
	return active, s.cfg.Unscheduled
}

// difference calls apply for everything that differs between the base and a version:
// with -1 for each value of the base that no longer holds, and with +1 for each new
// value.
func difference[T any](h *history[T], version int64, apply func(value *T, sign int)) {
	for _, v := range h.changed {
		now, unchanged := v.at(version)
		if unchanged {
			continue
		}
		if v.inBase {
			i, _ := h.search(v.key)
			_, old := h.base.At(i)
			apply(&old, -1)
		}
		if now != nil {
			apply(now, 1)
		}
	}
}

// Pod is what the simulation reveals of a pod.
type Pod struct {
	// Key is the namespace and the name, separated by a slash.
	Key string
	// Node is the node's name, or empty.
	Node string
	// Phase is the pod's phase.
	Phase corev1.PodPhase
}

// Active reports whether the pod is bound and neither Succeeded nor Failed.
func (p Pod) Active() bool {
	return p.Node != "" && p.Phase != corev1.PodSucceeded && p.Phase != corev1.PodFailed
}

// FindPod returns the first pod that fits, beginning with the n-th and wrapping
// around; false if there is none.
func (s *Server) FindPod(n uint64, fits func(Pod) bool) (Pod, bool) {
	start := ""
	if size := s.podBase.Len(); size > 0 {
		start, _ = s.podBase.At(int(n % uint64(size)))
	}
	for _, from := range []string{start, ""} {
		for it := range s.pods.walk(s, "", from, s.Version()) {
			p := Pod{it.key, it.value.node, it.value.phase}
			if fits(p) {
				return p, true
			}
		}
	}
	return Pod{}, false
}

// Version returns the newest resourceVersion.
func (s *Server) Version() int64 {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.version
}
