package generate

import (
	"fmt"
	"math/rand/v2"

	corev1 "k8s.io/api/core/v1"
)

// placePods gives every pod its phase and its node, in an order that has
// nothing to do with either.
func (c *Cluster) placePods(rng *rand.Rand) []place {
	s := c.spec
	places := make([]place, 0, s.Pods)
	add := func(n int, make func(i int) place) {
		for i := range n {
			places = append(places, make(i))
		}
	}
	slots := newSlots(c.nodes, rng)
	gone := goneNodes(rng)

	add(s.Unscheduled, func(int) place { return place{phase: corev1.PodPending} })
	add(s.UnknownNode, func(i int) place {
		return place{phase: corev1.PodRunning, node: gone[i%len(gone)], terminating: i%3 == 1}
	})
	add(s.Finished, func(i int) place { return finishedPlace(i, slots, gone) })
	add(s.Pods-len(places), func(i int) place { return activePlace(i, slots) })

	rng.Shuffle(len(places), func(i, j int) { places[i], places[j] = places[j], places[i] })
	return places
}

// activePlace spreads the rarer states by the pod's number, so that even a
// cluster of a few dozen pods holds each of them.
func activePlace(i int, slots *slots) place {
	p := place{phase: corev1.PodRunning, node: slots.take()}
	switch i % 64 {
	case 3:
		p.phase = corev1.PodPending
	case 5:
		p.terminating = true
	case 7:
		if i%256 == 7 {
			p.phase = corev1.PodUnknown
		}
	}
	return p
}

// finishedPlace leaves some failed pods without a node (rejected before they
// were bound) and some finished ones on nodes that have gone: neither counts.
func finishedPlace(i int, slots *slots, gone []string) place {
	p := place{phase: corev1.PodSucceeded, node: slots.any()}
	if i%4 == 1 {
		p.phase = corev1.PodFailed
	}
	switch i % 32 {
	case 5:
		p.node = ""
	case 8, 9:
		p.node = gone[i%len(gone)]
	case 11:
		p.terminating = true
	}
	return p
}

// goneNodes are the nodes that only pods still name.
func goneNodes(rng *rand.Rand) []string {
	names := make([]string, 1+rng.IntN(3))
	for i := range names {
		names[i] = fmt.Sprintf("%s-gone-%s", clusterName, word(rng, 5))
	}
	return names
}

// slots hands out room on the nodes, all but one: that one gets no pod at all,
// so that a node with 0 pods is always there.
type slots struct {
	rng  *rand.Rand
	free []string // a node's name as often as it has room, shuffled
	used []string
}

func newSlots(nodes []nodeShape, rng *rand.Rand) *slots {
	s := &slots{rng: rng}
	order := rng.Perm(len(nodes))
	if len(order) > 1 {
		order = order[1:]
	}
	for _, i := range order {
		s.used = append(s.used, nodes[i].name)
		for range nodes[i].allocatable {
			s.free = append(s.free, nodes[i].name)
		}
	}
	rng.Shuffle(len(s.free), func(i, j int) { s.free[i], s.free[j] = s.free[j], s.free[i] })
	return s
}

// take reserves room for one active pod. When every node is full it goes on
// all the same: more pods than nodes allow is a cluster one can ask for.
func (s *slots) take() string {
	if len(s.free) == 0 {
		return s.any()
	}
	name := s.free[0]
	s.free = s.free[1:]
	return name
}

// any is for pods that hold no room. Without nodes there is only "".
func (s *slots) any() string {
	if len(s.used) == 0 {
		return ""
	}
	return s.used[s.rng.IntN(len(s.used))]
}
