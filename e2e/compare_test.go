//go:build e2e

package e2e

import (
	"slices"
	"testing"
)

// wantTruth reports every difference that a person would look for first.
func wantTruth(t *testing.T, got, want truth) {
	t.Helper()
	for _, number := range []struct {
		name      string
		got, want float64
	}{
		{"active pods", got.ActivePods, want.ActivePods},
		{"unscheduled pods", got.UnscheduledPods, want.UnscheduledPods},
		{"pods on unknown nodes", got.UnknownNodePods, want.UnknownNodePods},
	} {
		if number.got != number.want {
			t.Errorf("%s: %v, want %v", number.name, number.got, number.want)
		}
	}
	wantEqual(t, "active pods", got.Nodes, want.Nodes)
	wantEqual(t, "allocatable pods", got.Allocatable, want.Allocatable)
}

// wantEqual compares numbers per node, and shows at most a few that differ.
func wantEqual(t *testing.T, what string, got, want map[string]float64) {
	t.Helper()
	const show = 5
	var wrong []string
	for node, n := range want {
		if have, ok := got[node]; !ok || have != n {
			wrong = append(wrong, node)
		}
	}
	for node := range got {
		if _, ok := want[node]; !ok {
			wrong = append(wrong, node)
		}
	}
	slices.Sort(wrong)
	for _, node := range wrong[:min(show, len(wrong))] {
		t.Errorf("%s of %q: %v, want %v", what, node, valueOrNone(got, node), valueOrNone(want, node))
	}
	if len(wrong) > show {
		t.Errorf("%s: %d nodes differ in all", what, len(wrong))
	}
}

func valueOrNone(values map[string]float64, node string) any {
	if n, ok := values[node]; ok {
		return n
	}
	return "none"
}
