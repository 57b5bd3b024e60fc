package podcount

import (
	"context"
	"errors"
	"io"
	"maps"
	"slices"
	"time"
)

// errAway says that the server ended a stream and has not let it be opened again.
var errAway = errors.New("a stream of events was closed and has not been opened again")

// noteOpened notes that the server has begun to answer a stream: everything before
// its position is known, and all later events will come. What happened while it was
// closed is still unknown, so the numbers become no younger by it, except where no
// bookmark will ever say so.
func (l *live) noteOpened(s *stream) {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-s.opened:
	default:
		close(s.opened)
	}
	if !s.bookmarks {
		s.seen = time.Now()
	}
	s.advanced, s.down, s.renewing = time.Now(), nil, false
	l.opened = s.advanced
	if s.away != nil {
		s.away.Stop()
		s.away = nil
	}
	l.wake()
	l.publish()
}

// errNewCredentials says that this process ended a stream.
var errNewCredentials = errors.New("the streams have not been opened yet with the new credentials")

// noteEnded notes that a stream has ended, which is shown if it stays closed.
func (l *live) noteEnded(s *stream, err error) {
	if errors.Is(err, io.EOF) {
		err = errAway
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case s.down != nil:
		s.down = err
		l.publish()
	case s.away == nil || s.renewing && !errors.Is(err, errNewCredentials): // a failure is shown no later than any other
		grace := reopenGrace
		if s.renewing = errors.Is(err, errNewCredentials); s.renewing {
			grace = reloadGrace
		}
		if s.away != nil {
			s.away.Stop()
		}
		s.away = time.AfterFunc(grace, func() {
			l.mu.Lock()
			defer l.mu.Unlock()
			if s.away != nil {
				s.down, s.away = err, nil
				l.wake()
				l.publish()
			}
		})
	}
}

// noteFailed notes that a stream failed which has been closed since then.
func (l *live) noteFailed(s *stream, since time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !slices.ContainsFunc(l.streams, func(other *stream) bool { return !other.outage.IsZero() }) {
		l.answering = time.Time{}
	}
	if s.outage.IsZero() {
		s.outage = since
	}
}

// recovered says whether a stream that is open now had failed. If it is the last of its
// resource that was away, it also returns since when the resource was; an outage strikes
// several streams, and is told of once.
func (l *live) recovered(s *stream) (failed bool, since time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	since, s.outage = s.outage, time.Time{}
	if since.IsZero() {
		return false, since
	}
	for _, other := range l.streams {
		if other.listing.name == s.listing.name && !other.outage.IsZero() {
			other.outage = earlier(other.outage, since)
			return true, time.Time{}
		}
	}
	return true, since
}

// closed says whether the stream is. l.mu must be held.
func (s *stream) closed() bool { return s.down != nil || s.away != nil }

// noteNodes notes how the latest list of nodes ended. Where the nodes may not be listed
// and the server was not asked, that says nothing of the server.
func (l *live) noteNodes(err error, asked bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch l.listFailed = err; {
	case err != nil:
		l.answering = time.Time{}
	case asked && l.answering.IsZero():
		l.answering = time.Now()
	}
	l.publish()
}

// takesTurns says whether a stream may have failed only as it waited for its turn to be
// opened: its time was over, and others have been opened meanwhile.
func (l *live) takesTurns(err error) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	late := errors.Is(err, errStillHangs) || errors.Is(err, context.DeadlineExceeded)
	return late && time.Since(l.opened) < refusalLife
}

// forget is called when other credentials are used: a list that failed with the former
// ones says nothing of them.
func (l *live) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.listFailed != nil {
		l.listFailed = nil
		l.listSoon()
	}
}

// listSoon has the nodes listed again soon.
func (l *live) listSoon() {
	select {
	case l.joined <- struct{}{}:
	default:
	}
}

// publish signals that there is something to publish. l.mu must be held.
func (l *live) publish() {
	select {
	case l.changed <- struct{}{}:
	default:
	}
}

// interruption returns why the numbers are not up to date, or nil when they are. l.mu
// must be held.
func (l *live) interruption() error {
	for _, s := range l.streams {
		if s.down != nil {
			return s.down
		}
	}
	return l.listFailed
}

// snapshot returns the present state as a Snapshot. It is nil before the start is
// complete, and after an event that could not be applied.
func (l *live) snapshot(update bool) *Snapshot {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.based || l.broken {
		return nil
	}
	s := l.figures
	s.Update, s.Interrupted = update, l.interruption()
	s.UnscheduledPods = l.unscheduled
	s.Time, s.ResourceVersion = l.latest()
	bound := 0
	for _, n := range l.pods {
		bound += n
	}
	known := 0
	s.Nodes = make([]Node, 0, len(l.nodes))
	for _, name := range l.sorted() {
		node := l.nodes[name]
		node.Name, node.ActivePods = name, l.pods[name]
		known += node.ActivePods
		if node.odd {
			s.OddAllocatable++
		}
		s.Nodes = append(s.Nodes, node)
	}
	s.UnknownNodePods = bound - known
	if l.selection.some() {
		s.Nodes, s.Selected = l.selection.of(s.Nodes), true
		s.UnscheduledPods, s.UnknownNodePods = 0, 0
	}
	return &s
}

// shows says whether a node is among those that are asked for. With none chosen every
// pod counts, also one on a node that does not exist.
func (l *live) shows(node string) bool {
	if !l.selection.some() { // which never changes
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	_, exists := l.nodes[node]
	return (exists || l.figures.NodesForbidden) && (len(l.selection.Names) == 0 || slices.Contains(l.selection.Names, node))
}

// sorted returns the names of the nodes: of those that exist, or, if they may not be
// listed, of those that have pods.
func (l *live) sorted() []string {
	if l.figures.NodesForbidden {
		return slices.Sorted(maps.Keys(l.pods))
	}
	if l.order == nil {
		l.order = slices.Sorted(maps.Keys(l.nodes))
	}
	return l.order
}

// latest returns when a stream of bound pods last received anything, and the
// resourceVersion that it has come to. Of several streams, the one that is furthest
// behind counts.
func (l *live) latest() (at time.Time, version string) {
	for _, s := range l.streams {
		if s.role == boundStream && (at.IsZero() || s.seen.Before(at)) {
			at, version = s.seen, s.position
		}
	}
	return at, version
}
