package main

import (
	"fmt"
	"sync"
	"time"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
	"github.com/kube-node-manager/pod_count_exporter/collector/store"
)

// sight is what one cluster is like at a moment. Its snapshot is nil where there is
// none to be shown, and its error that of the latest count, or of the streams.
type sight struct {
	*result
	age      time.Duration // of the snapshot
	progress store.Progress
	streams  streams
}

// condition is what is to be said of a cluster beside its numbers.
type condition int

const (
	isCounting condition = iota // for the first time
	isLive                      // its streams are followed
	isListed                    // it is counted now and then
	isFailing
)

func (s *sight) condition() condition {
	switch {
	case s.err != nil:
		return isFailing
	case s.snapshot == nil:
		return isCounting
	case s.snapshot.Mode == podcount.ModeWatch:
		return isLive
	default:
		return isListed
	}
}

// text says the condition in words.
func (s *sight) text() string {
	switch s.condition() {
	case isLive:
		return "live"
	case isListed:
		text := "not live, but counted " + howOften()
		if s.streams.fallback != nil {
			text += ": " + s.streams.fallback.Error()
		}
		return text
	case isCounting:
		return "being counted"
	}
	text := inOwnFlags(s.err.Error())
	if s.snapshot != nil {
		text += fmt.Sprintf("; the numbers are %s old", s.age.Round(time.Second))
	}
	return text
}

// colour is that of the words.
func (s *sight) colour() string {
	switch s.condition() {
	case isFailing:
		return red
	case isListed:
		return yellow
	default:
		return plain
	}
}

// streams is what is told of a cluster that is followed.
type streams struct {
	counts      int   // that were complete
	bound, left int   // pods, by all events
	more, fewer int   // pods, by the numbers of the nodes that are shown
	fallback    error // why it cannot be followed; nil while it is
}

// streamNews is streams that can be read while they are told of.
type streamNews struct {
	mu sync.Mutex
	streams
	seen *podcount.Snapshot // compared last
}

func (n *streamNews) note(do func(*streams)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	do(&n.streams)
}

func (n *streamNews) copy() (s streams) {
	n.note(func(now *streams) { s = *now })
	return s
}

// compare adds by how much the numbers of nodes differ from those seen before, and
// returns the sums.
func (n *streamNews) compare(now *podcount.Snapshot) (s streams) {
	n.note(func(sums *streams) {
		if n.seen != nil && n.seen != now {
			sums.add(n.seen.Nodes, now.Nodes)
		}
		n.seen, s = now, *sums
	})
	return s
}

// add adds the differences of the nodes that are in both. One that comes or goes may
// have changed its labels alone.
func (s *streams) add(before, now []podcount.Node) {
	were := make(map[string]int, len(before))
	for _, node := range before {
		were[node.Name] = node.ActivePods
	}
	for _, node := range now {
		if old, both := were[node.Name]; both {
			s.more += max(0, node.ActivePods-old)
			s.fewer += max(0, old-node.ActivePods)
		}
	}
}

// event notes the pods that come to nodes and go.
func (n *streamNews) event(e podcount.Event) {
	n.note(func(s *streams) {
		if e.Bound {
			s.bound++
		}
		if e.Left {
			s.left++
		}
	})
}

// watched notes whether the cluster can be followed.
func (n *streamNews) watched(w podcount.Watched) {
	if w.Following || w.Fallback != nil {
		n.note(func(s *streams) { s.fallback = w.Fallback })
	}
}
