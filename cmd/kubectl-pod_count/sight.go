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
	bound, left int   // pods, on the nodes that are shown
	fallback    error // why it cannot be followed; nil while it is
}

// streamNews is streams that can be read while they are told of.
type streamNews struct {
	mu sync.Mutex
	streams
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
