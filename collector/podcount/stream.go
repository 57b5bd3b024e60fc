package podcount

import (
	"cmp"
	"errors"
	"net/url"
	"strconv"
	"time"
)

// role is what a stream's events mean.
type role int

const (
	boundStream   role = iota // active pods that are bound to a node
	unboundStream             // active pods that are not
	nodeStream                // nodes
)

// selector adds the role's field selector to that of the listing, which leaves out
// finished pods and, if a single node is counted, the pods of all others.
func (r role) selector(l listing) string {
	switch {
	case r == boundStream && l.fields == "":
		return "spec.nodeName!=," + l.selector()
	case r == unboundStream:
		return "spec.nodeName=," + l.selector()
	default:
		return l.selector()
	}
}

// check refuses an event that the selector should have left out: the totals would be
// wrong. DELETED shows a pod as it was when the selector last took it, so a finished one
// was never counted, and neither was a bound one by the stream of those without a node.
func (r role) check(c change) error {
	switch {
	case r == nodeStream && c.node == "":
		return errNodeName
	case r == boundStream && (c.node == "" || c.finished),
		r == unboundStream && (c.node != "" || c.finished):
		return errUnfiltered
	}
	return nil
}

// errOrder means that an event may have come that was never seen, and cannot be told from
// one that was: a server sends none at or before a resourceVersion that it has passed.
var errOrder = errors.New("an event is not newer than those before it")

// stream is one watch that is opened again and again, and how far it has come. It is
// guarded by the lock of its live.
type stream struct {
	role     role
	listing  listing
	position string // resourceVersion of the latest event
	first    string // that of the list, or of the initial events, which the stream goes on from
	latest   change // the latest event that is no bookmark
	starting bool   // the events so far are initial ones
	came     func() // is called for each partBytes of them
	delta    *delta
	sum      int    // pods that its events have added, less those that they have removed
	replaced bool   // by a later one from another resourceVersion
	told     string // resourceVersion up to which the stream that it replaced has told of events
	listed   string // resourceVersion of the list that has replaced all nodes

	opened    chan struct{} // closed when it has been open for the first time
	started   chan struct{} // closed when a streamed start is complete
	seen      time.Time     // when the latest event came; when it was opened, if it has no bookmarks
	bookmarks bool          // the server sends bookmarks, also when nothing happens
	advanced  time.Time     // when it was opened, or its position moved
	down      error         // why it is closed; nil while it is open
	outage    time.Time     // when it was open for the last time before it failed; zero when it is open, or was only closed
	away      *time.Timer   // sets down after reopenGrace; nil when it does not run
	renewing  bool          // it was closed because of new credentials, and has not failed since
	recording recording
}

// newStream returns a stream from a resourceVersion on, or, if that is empty, one that
// can be started with initial events.
func newStream(r role, list listing, pods form, l *ledger, version string) *stream {
	s := &stream{role: r, listing: list, position: version, first: version, delta: newDelta(l), came: func() {}, opened: make(chan struct{}), started: make(chan struct{})}
	s.askAs(pods)
	on := r == nodeStream && version != "" // initial events are all there is
	s.recording = recording{ledger: l, on: on, from: version}
	return s
}

// askAs has the stream ask for events from its next opening on as pods are asked for: a
// proxy that hides rows without objects hides such events, also of nodes.
func (s *stream) askAs(pods form) {
	if s.role == nodeStream {
		pods = form{selector: s.listing.form.selector, accept: tableFirst, include: cmp.Or(pods.include, "Metadata")}
	}
	s.listing.form = &pods
}

// eventForm returns the form in which the events of a count's pods are asked for. While
// nobody knows whether rows without objects are hidden, they have objects: events are few.
// A streamed start lists no pods, so it never knows.
func (c *Counter) eventForm(run *count) form {
	if s := run.search; s.include != "None" || c.forms.trusted && s.ended {
		return s.form
	}
	return podForms()[1]
}

// askAs does so for all streams. It says whether events have been asked for without
// objects until then, and are not any more.
func (l *live) askAs(pods form) (hidden bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.streams {
		hidden = hidden || s.role != nodeStream && s.listing.form.include == "None" && pods.include != "None"
		s.askAs(pods)
	}
	return hidden
}

// again says whether an event has been applied before, or is part of what the stream goes
// on from.
func (s *stream) again(c change) (bool, error) {
	switch {
	case newer(c.version, s.position):
		return false, nil
	case c == s.latest, c.version == s.first:
		return true, nil
	default:
		return false, errOrder
	}
}

// url returns the address of the watch from the stream's position on. It always has a
// resourceVersion, which is empty for a streamed start: without one the server would read
// from etcd.
func (s *stream) url(base *url.URL, lifetime time.Duration) string {
	query := url.Values{
		"watch":               {"1"},
		"allowWatchBookmarks": {"true"},
		"timeoutSeconds":      {strconv.Itoa(int(lifetime / time.Second))},
		"resourceVersion":     {s.position},
		"fieldSelector":       {s.role.selector(s.listing)},
	}
	if s.starting {
		query.Set("sendInitialEvents", "true")
		query.Set("resourceVersionMatch", "NotOlderThan")
	}
	return s.listing.url(base, query)
}
