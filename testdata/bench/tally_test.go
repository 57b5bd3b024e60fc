package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"
)

func truthOfTwo() tally {
	return tally{Nodes: map[string]int{"a": 2, "b": 0}, Unscheduled: 1, UnknownNode: 3}
}

func TestCheck(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*tally)
		want   string // in the error; "" for none
	}{
		"the truth":            {func(*tally) {}, ""},
		"one pod too few":      {func(c *tally) { c.Nodes["a"]-- }, "node a has 2 active pods, counted 1"},
		"an empty node is out": {func(c *tally) { delete(c.Nodes, "b") }, "node b is missing"},
		"a node too many":      {func(c *tally) { c.Nodes["c"] = 0 }, "2 nodes, counted 3"},
		"unscheduled":          {func(c *tally) { c.Unscheduled = 0 }, "1 unscheduled pods, counted 0"},
		"unknown node":         {func(c *tally) { c.UnknownNode = 4 }, "3 pods on unknown nodes, counted 4"},
	} {
		t.Run(name, func(t *testing.T) {
			counted := truthOfTwo()
			c.change(&counted)
			err := counted.check(truthOfTwo())
			switch {
			case c.want == "" && err != nil:
				t.Errorf("check: %v", err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("check: %v, want %q", err, c.want)
			}
		})
	}
}

func TestReadTruth(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		ok   bool
	}{
		"as the control plane writes it": {`{"nodes":{"a":2,"b":0},"allocatable":{"a":110},"activePods":2,"unscheduledPods":1,"unknownNodePods":3}`, true},
		"no nodes":                       {`{"activePods":2}`, false},
		"not JSON":                       {`nodes`, false},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "truth.json")
			if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			truth, err := readTruth(path)
			if ok := err == nil; ok != c.ok {
				t.Fatalf("readTruth: %v, want success %t", err, c.ok)
			}
			if !c.ok {
				return
			}
			if err := truth.check(truthOfTwo()); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestCountTyped(t *testing.T) {
	pod := func(name, node string, phase corev1.PodPhase) *corev1.Pod {
		return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "default"},
			Spec: corev1.PodSpec{NodeName: node}, Status: corev1.PodStatus{Phase: phase}}
	}
	node := func(name string) *corev1.Node { return &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}} }
	client := fake.NewClientset(node("a"), node("b"),
		pod("1", "a", corev1.PodRunning), pod("2", "a", corev1.PodPending),
		pod("3", "a", corev1.PodSucceeded), pod("4", "b", corev1.PodFailed),
		pod("5", "", corev1.PodPending), pod("6", "gone", corev1.PodRunning),
		pod("7", "gone", corev1.PodUnknown), pod("8", "gone", corev1.PodPending), pod("9", "", corev1.PodFailed))
	counted, err := countTyped(t.Context(), client)
	if err != nil {
		t.Fatal(err)
	}
	if err := counted.check(truthOfTwo()); err != nil {
		t.Error(err)
	}
}
