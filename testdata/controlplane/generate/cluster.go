// Package generate makes the objects of a Kubernetes cluster out of a seed:
// the same Spec always gives the same nodes and pods, another seed gives other
// names, places and phases. Each pod has its own stream of random numbers, so
// that pods can be made in any order and by several goroutines.
package generate

import (
	"fmt"
	"math/rand/v2"

	corev1 "k8s.io/api/core/v1"
)

// Drawn as a count in Spec lets the seed choose that count.
const Drawn = -1

// Spec says how large a cluster is. Unscheduled, UnknownNode and Finished are
// parts of Pods, and each of them may be Drawn.
type Spec struct {
	Nodes       int    // nodes that exist
	Pods        int    // all pods, in every phase
	Images      int    // images that each node lists in its status
	Seed        uint64 // where every random choice starts
	Unscheduled int    // pods that wait for a node
	UnknownNode int    // unfinished pods bound to nodes that do not exist
	Finished    int    // pods that have succeeded or failed
}

// Cluster is a whole cluster, of which only the places of the pods are kept in
// memory. Its methods may be called concurrently.
type Cluster struct {
	spec   Spec
	nodes  []nodeShape
	places []place
}

// place is what decides how a pod counts.
type place struct {
	phase       corev1.PodPhase
	node        string // empty: not bound
	terminating bool
}

// Streams of random numbers that are not a pod's own; pods use their index.
const (
	streamShape = ^uint64(iota)
	streamPlaces
	streamNode
)

// New draws the shape of a cluster. It fails on counts that do not fit.
func New(spec Spec) (*Cluster, error) {
	rng := rand.New(rand.NewPCG(spec.Seed, streamPlaces))
	spec = spec.drawn(rng)
	if err := spec.validate(); err != nil {
		return nil, err
	}
	c := &Cluster{spec: spec, nodes: shapeNodes(spec)}
	c.places = c.placePods(rng)
	return c, nil
}

// drawn replaces each Drawn count with a share of the pods that the seed
// chooses.
func (s Spec) drawn(rng *rand.Rand) Spec {
	share := func(count *int, low, high int) {
		perMille := low + rng.IntN(high-low) // drawn always, so that one flag does not move the others
		if *count == Drawn {
			*count = s.Pods * perMille / 1000
		}
	}
	share(&s.Unscheduled, 4, 12)
	share(&s.UnknownNode, 2, 8)
	share(&s.Finished, 50, 120)
	return s
}

func (s Spec) validate() error {
	for name, n := range map[string]int{
		"nodes": s.Nodes, "pods": s.Pods, "images": s.Images,
		"unscheduled": s.Unscheduled, "unknown-node": s.UnknownNode, "finished": s.Finished,
	} {
		if n < 0 {
			return fmt.Errorf("%s: %d is negative", name, n)
		}
	}
	rest := s.Pods - s.Unscheduled - s.UnknownNode - s.Finished
	if rest < 0 {
		return fmt.Errorf("pods: %d is less than unscheduled, unknown-node and finished together", s.Pods)
	}
	if rest > 0 && s.Nodes == 0 {
		return fmt.Errorf("nodes: %d pods need a node", rest)
	}
	return nil
}

// Spec returns the counts of the cluster, the drawn ones filled in.
func (c *Cluster) Spec() Spec { return c.spec }
