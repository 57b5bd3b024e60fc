package podcount

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"
)

// errLate says that a stream is open, and has yet to bring what the audit has seen.
var errLate = errors.New("the events have not come as far as the audit")

// awaitPassed waits until every stream of pods has passed the count's resourceVersion,
// or one of them stays closed. A stream that is silent for passWait is compared as it is.
func (f *session) awaitPassed(run *count) error {
	ctx, cancel := context.WithTimeout(f.ctx, passWait)
	defer cancel()
	for {
		behind, moved := f.live.behind(run)
		if !behind {
			return nil
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return f.ctx.Err()
		}
	}
}

// behind says whether a stream of pods has yet to pass the resourceVersion of its walk
// and is expected to, and returns the channel that is closed when that may have changed.
func (l *live) behind(run *count) (bool, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	behind := false
	for _, s := range l.streams {
		if w := run.walkOf(s); s.role != nodeStream && newer(w.version, s.position) {
			if s.down != nil {
				return false, l.moved
			}
			behind = true
		}
	}
	return behind, l.moved
}

// furthest returns the newest of the streams' positions. All resources of a server have
// theirs from one sequence, unless it keeps them in several etcds.
func (l *live) furthest() (position string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.streams {
		if newer(s.position, position) {
			position = s.position
		}
	}
	return position
}

// walkOf returns the walk over the resource of the stream.
func (n *count) walkOf(s *stream) *walk {
	for _, w := range n.pods {
		if w.listing.path == s.listing.path {
			return w
		}
	}
	return n.nodes
}

func (l *live) record(roles ...role) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.streams {
		if slices.Contains(roles, s.role) {
			s.recording.begin(s.position)
		}
	}
}

func (l *live) stopRecording(roles ...role) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.streams {
		if slices.Contains(roles, s.role) {
			s.recording.end()
		}
	}
}

// differences returns the nodes whose number of pods differs between the count and
// the streams, as these were at the count's resourceVersions.
func (l *live) differences(run *count) ([]Difference, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	watched := maps.Clone(l.pods)
	watched[""] = l.unscheduled
	for _, s := range l.streams {
		if s.role == nodeStream {
			continue
		}
		version := run.walkOf(s).version
		switch {
		case s.closed(): // what it has missed is no drift
			return nil, errAway
		case newer(version, s.position) && time.Since(s.seen) < passWait: // others are not about to come
			return nil, errLate
		case s.recording.older(version):
			return nil, errOlder
		case !s.recording.covers(version):
			return nil, errShort
		}
		for _, e := range s.recording.after(version) {
			watched[e.node] -= e.sign
		}
	}
	listed := map[string]int{"": run.tally.unscheduled}
	for i, name := range run.tally.list {
		listed[name] = run.tally.total[i]
	}
	var found []Difference
	for name := range watched {
		if watched[name] != listed[name] {
			found = append(found, Difference{Node: name, Watched: watched[name], Listed: listed[name]})
		}
		delete(listed, name)
	}
	for name, n := range listed {
		if n != 0 {
			found = append(found, Difference{Node: name, Listed: n})
		}
	}
	slices.SortFunc(found, func(a, b Difference) int { return strings.Compare(a.Node, b.Node) })
	return found, nil
}
