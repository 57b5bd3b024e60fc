package podcount

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// awaitPassed waits until every stream of pods is open and has passed the count's
// resourceVersion, unless one of them stays closed. Streams that come no further for passWait
// are compared as they are: on a quiet server nothing may come, and a stream that has lost its
// events must not put the comparison off for ever.
func (f *session) awaitPassed(b *beside) error {
	for {
		wait, moved, err := f.live.behind(b.run, b.read)
		left := wait - time.Since(b.read)
		if err != nil || left <= 0 {
			return err
		}
		timer := time.NewTimer(left)
		select {
		case <-moved:
		case <-timer.C:
		case <-f.ctx.Done():
			timer.Stop()
			return f.ctx.Err()
		}
		timer.Stop()
	}
}

// behind returns how long to wait in all, since began, for the streams of pods that have
// yet to pass the resourceVersion of their walk, and the channel that is closed when that
// may have changed. It is 0 when there are none. A stream that has been opened again or
// has come further meanwhile gets passWait from then on, up to twice as long in all.
func (l *live) behind(run *count, began time.Time) (wait time.Duration, moved <-chan struct{}, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	away := time.Duration(0)
	for _, s := range l.streams {
		switch {
		case s.role == nodeStream:
		case s.down != nil:
			return 0, nil, errAway
		case s.away != nil: // which ends soon, one way or the other
			away = time.Since(began) + reloadGrace
		case newer(run.walkOf(s).version, s.position):
			wait = max(wait, passWait+max(0, s.advanced.Sub(began)))
		}
	}
	return max(away, min(wait, 2*passWait)), l.moved, nil
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

// loseRecordings makes room for names. l.mu must be held.
func (l *live) loseRecordings() {
	for _, s := range l.streams {
		if s.recording.on {
			s.recording.lose()
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
		case !wellFormed(version):
			return nil, errOpaque
		case s.recording.older(version):
			return nil, errOlder
		case !s.recording.covers(version):
			return nil, errShort
		}
		for _, e := range s.recording.after(version) {
			watched[e.node] -= e.sign
		}
	}
	listed := make(map[string]int) // those that are not bound too
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
