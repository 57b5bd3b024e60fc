package kubesim

import (
	"errors"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
)

func TestChanges(t *testing.T) {
	for _, tc := range []struct {
		name                                string
		change                              func(s *Server, node string) error
		active, unscheduled, unknown, nodes int // by how much they change
	}{
		{"create on a node", func(s *Server, node string) error { s.CreatePod(node); return nil }, 1, 0, 0, 0},
		{"create unscheduled", func(s *Server, _ string) error { s.CreatePod(""); return nil }, 0, 1, 0, 0},
		{"create on a node that is gone", func(s *Server, _ string) error { s.CreatePod("gone"); return nil }, 0, 0, 1, 0},
		{"bind", func(s *Server, node string) error { return s.BindPod(s.CreatePod(""), node) }, 1, 0, 0, 0},
		{"finish", func(s *Server, node string) error { return s.SetPhase(s.CreatePod(node), corev1.PodSucceeded) }, 0, 0, 0, 0},
		{"finish one of the base", func(s *Server, _ string) error { return s.SetPhase(anyActive(s), corev1.PodFailed) }, -1, 0, 0, 0},
		{"delete one of the base", func(s *Server, _ string) error { return s.DeletePod(anyActive(s)) }, -1, 0, 0, 0},
		{"touch", func(s *Server, _ string) error { return s.TouchPod(anyActive(s)) }, 0, 0, 0, 0},
		{"add a node", func(s *Server, _ string) error { s.AddNode(); return nil }, 0, 0, 0, 1},
		{"add a node and use it", func(s *Server, _ string) error { s.CreatePod(s.AddNode()); return nil }, 1, 0, 0, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newServer(t, small)
			before := s.Truth()
			if err := tc.change(s, s.NodeNames()[2]); err != nil {
				t.Fatal(err)
			}
			after := s.Truth()
			if got := [4]int{
				after.ActivePods - before.ActivePods, after.Unscheduled - before.Unscheduled,
				after.UnknownNode - before.UnknownNode, len(after.Pods) - len(before.Pods),
			}; got != [4]int{tc.active, tc.unscheduled, tc.unknown, tc.nodes} {
				t.Errorf("active, unscheduled, unknown-node pods and nodes change by %v", got)
			}
			if after.Version <= before.Version {
				t.Errorf("resourceVersion %d after %d", after.Version, before.Version)
			}
			compare(t, nodesOf(pagesOf(t, s, "/api/v1/pods", acceptTable, 100, nil, "fieldSelector", unfinished)), after)
		})
	}
}

func anyActive(s *Server) string {
	known := s.Truth().Pods
	p, _ := s.FindPod(7, func(p Pod) bool {
		_, ok := known[p.Node]
		return ok && p.Active()
	})
	return p.Key
}

func TestRemoveNode(t *testing.T) {
	s := newServer(t, small)
	before := s.Truth()
	name := s.podBase.nodes.holder(0)
	if err := s.RemoveNode(name); err != nil {
		t.Fatal(err)
	}
	after := s.Truth()
	if _, ok := after.Pods[name]; ok || after.UnknownNode != before.UnknownNode+before.Pods[name] {
		t.Errorf("%d pods on unknown nodes, want %d more than %d", after.UnknownNode, before.Pods[name], before.UnknownNode)
	}
	if got := len(s.NodeNames()); got != len(before.Pods)-1 {
		t.Errorf("%d nodes are listed, want %d", got, len(before.Pods)-1)
	}
}

func TestChangesRefused(t *testing.T) {
	s := newServer(t, small)
	for _, tc := range []struct {
		name string
		err  error
		says string
	}{
		{"bind a pod that is not there", s.BindPod("ads/none", "x"), "pod ads/none: not found"},
		{"bind a bound pod", s.BindPod(anyActive(s), "x"), "is on node"},
		{"delete a pod that is not there", s.DeletePod("ads/none"), "pod ads/none: not found"},
		{"remove a node that is not there", s.RemoveNode("none"), "node none: not found"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if tc.err == nil || !strings.Contains(tc.err.Error(), tc.says) {
				t.Errorf("error %v, want one with %q", tc.err, tc.says)
			}
		})
	}
	if key := s.CreatePod(""); s.DeletePod(key) != nil || !errors.Is(s.DeletePod(key), errNotFound) {
		t.Error("a pod can be deleted other than once")
	}
}

func TestFindPod(t *testing.T) {
	s := newServer(t, small)
	if _, ok := s.FindPod(3, func(Pod) bool { return false }); ok {
		t.Error("a pod was found that fits nothing")
	}
	key := s.CreatePod("")
	if p, ok := s.FindPod(400, func(p Pod) bool { return p.Key == key }); !ok || p.Key != key {
		t.Errorf("pod %q was found, want %q, wherever the search starts", p.Key, key)
	}
}
