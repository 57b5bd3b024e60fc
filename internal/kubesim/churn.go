package kubesim

import (
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// errNotFound is the cause when a change names a pod or node that does not exist.
var errNotFound = errors.New("not found")

// CreatePod creates a pod on a node (even one that does not exist), or an unscheduled
// one for an empty name, and returns its key.
func (s *Server) CreatePod(node string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	bits := s.fresh()
	namespaces := s.present()
	return s.createPod(namespaces[bits%uint64(len(namespaces))], node, bits)
}

// CreatePodIn creates a pod like CreatePod, in a namespace.
func (s *Server) CreatePodIn(namespace, node string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.createPod(namespace, node, s.fresh())
}

func (s *Server) createPod(ns, node string, bits uint64) string {
	name := append([]byte(s.podBase.words[bits>>8%64]), "-batch-"...)
	name = append(appendHash(name, bits), '-')
	p := pod{
		namespace: ns, name: string(appendSuffix(name, bits>>16%suffixes)), node: node,
		phase: corev1.PodPending, bits: bits, created: time.Now(),
	}
	if node != "" {
		p.phase = corev1.PodRunning
	}
	key := ns + "/" + p.name
	s.putPod(key, &p)
	return key
}

// BindPod puts an unscheduled pod on a node, where it runs.
func (s *Server) BindPod(key, node string) error {
	return s.changePod(key, func(p *pod) error {
		if p.node != "" {
			return fmt.Errorf("is on node %s already", p.node)
		}
		p.node, p.phase = node, corev1.PodRunning
		return nil
	})
}

// SetPhase puts a pod in a phase. One that is Succeeded or Failed stays listed, and may
// run again.
func (s *Server) SetPhase(key string, phase corev1.PodPhase) error {
	return s.changePod(key, func(p *pod) error {
		p.phase = phase
		return nil
	})
}

// TouchPod changes a pod in a way that no count depends on.
func (s *Server) TouchPod(key string) error {
	return s.changePod(key, func(p *pod) error {
		p.bits ^= 1 << 63
		return nil
	})
}

// DeletePod removes a pod.
func (s *Server) DeletePod(key string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.pods.history.get(key); !ok {
		return fmt.Errorf("pod %s: %w", key, errNotFound)
	}
	s.putPod(key, nil)
	return nil
}

// AddNode adds an empty node with room for 110 pods and returns its name.
func (s *Server) AddNode() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	bits := s.fresh()
	pools := nodePools()
	name := append([]byte(pools[bits%uint64(len(pools))]), "-scaled-"...)
	n := node{name: string(appendSuffix(name, bits>>8%suffixes)), allocatable: 110, bits: bits, created: time.Now()}
	s.putNode(n.name, &n)
	return n.name
}

// RemoveNode removes a node; pods bound to it stay.
func (s *Server) RemoveNode(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.nodes.history.get(name); !ok {
		return fmt.Errorf("node %s: %w", name, errNotFound)
	}
	s.putNode(name, nil)
	return nil
}

// Compact makes every resourceVersion, continue token and watch position that was
// handed out before too old. It frees what only they could read, except for requests
// that have been running since the previous call.
func (s *Server) Compact() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.version++
	s.pods.history.forget(s.compacted)
	s.nodes.history.forget(s.compacted)
	s.retained, s.compacted = s.compacted, s.version
	s.wake() // so that watches that have seen everything are not left behind
}

// fresh returns bits for a new object, different at every call.
func (s *Server) fresh() uint64 {
	s.created++
	return mix(s.cfg.Seed^0xc4ea7e, s.created)
}

func (s *Server) changePod(key string, edit func(*pod) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := s.pods.history.get(key)
	if !ok {
		return fmt.Errorf("pod %s: %w", key, errNotFound)
	}
	if err := edit(&p); err != nil {
		return fmt.Errorf("pod %s: %w", key, err)
	}
	s.putPod(key, &p)
	return nil
}

func (s *Server) putPod(key string, p *pod) {
	s.version++
	if p != nil {
		p.version = s.version
	}
	s.pods.history.put(key, p, s.version)
	s.wake()
}

func (s *Server) putNode(key string, n *node) {
	s.version++
	if n != nil {
		n.version = s.version
	}
	s.nodes.history.put(key, n, s.version)
	s.wake()
}

// wake makes all watches read the log again.
func (s *Server) wake() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// NodeNames returns the names of the nodes that exist now, sorted.
func (s *Server) NodeNames() []string {
	var names []string
	for it := range s.nodes.walk(s, "", "", s.Version()) {
		names = append(names, it.key)
	}
	return names
}

// Churn makes one change that depends on the seed and n only: pods are
// created, bound, finished, touched and deleted, so that their number stays
// about the same. It returns what it did.
func (s *Server) Churn(n uint64) string {
	bits := mix(s.cfg.Seed^0xc4, n)
	names := s.NodeNames()
	if len(names) == 0 {
		return "created " + s.CreatePod("")
	}
	node := names[bits>>32%uint64(len(names))]
	unbound := func(p Pod) bool { return p.Node == "" && p.Phase == corev1.PodPending }
	change := []func() (string, error){
		func() (string, error) { return "created " + s.CreatePod(node), nil },
		func() (string, error) { return "created " + s.CreatePod(""), nil },
		s.onPod("bound", bits, unbound, func(key string) error { return s.BindPod(key, node) }),
		s.onPod("finished", bits, Pod.Active, func(key string) error { return s.SetPhase(key, corev1.PodSucceeded) }),
		s.onPod("failed", bits, Pod.Active, func(key string) error { return s.SetPhase(key, corev1.PodFailed) }),
		s.onPod("deleted", bits, func(Pod) bool { return true }, s.DeletePod),
		s.onPod("touched", bits, Pod.Active, s.TouchPod),
	}
	done, err := change[bits%uint64(len(change))]()
	if err != nil {
		return "changed nothing: " + err.Error()
	}
	return done
}

// onPod returns a change of the pod that the bits pick among those that fit.
func (s *Server) onPod(verb string, bits uint64, fits func(Pod) bool, change func(key string) error) func() (string, error) {
	return func() (string, error) {
		p, ok := s.FindPod(bits>>8, fits)
		if !ok {
			return "", fmt.Errorf("no pod can be %s: %w", verb, errNotFound)
		}
		return verb + " " + p.Key, change(p.Key)
	}
}
