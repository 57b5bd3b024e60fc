package podcount

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/util/resourceversion"
)

// live is the state of a cluster that is followed: the result of its start, and the
// changes by the events since. It holds names of nodes and numbers, and nothing of a
// pod.
type live struct {
	names   *names        // of pods' nodes
	known   *names        // of nodes
	changed chan struct{} // has a value when there is something to publish
	joined  chan struct{} // has a value when the nodes are to be listed soon
	emptied chan struct{} // has a value when a namespace has lost its last pod

	mu          sync.Mutex
	streams     []*stream
	based       bool           // the start is part of pods, nodes and unscheduled
	broken      bool           // an event could not be applied
	pods        map[string]int // by the name of their node; never 0
	unscheduled int
	within      map[string]int // pods, bound or not, by the path of their list
	nodes       map[string]Node
	order       []string      // names of nodes, sorted; nil when they have changed
	partial     bool          // only some namespaces are counted
	selection   Selection     // of the nodes that are shown
	figures     Snapshot      // of the latest paged count, without its nodes
	listFailed  error         // why the nodes could not be listed again
	answering   time.Time     // since when all lists of them were answered; zero after a failure of one or of a stream
	opened      time.Time     // when a stream was opened last
	moved       chan struct{} // closed with the next event, or when a stream is opened or stays closed
	start       *count        // that the start begins with; nil once it is complete. Of the session, as is what follows
	waited      time.Duration // by earlier sessions for the next stream of the start to be opened
	due         due           // of maintain
	beside      *beside       // the paged count under way
	refused     refused       // credentials of its streams
}

// errNegative means that an event removed a pod that was not counted: an earlier
// event was lost.
var errNegative = errors.New("a pod is gone that was not there: an event was lost")

// errPermitted restarts the session, so that the nodes are listed too.
var errPermitted = errors.New("the nodes may be listed now")

// errDenied restarts the session, so that the nodes that have pods are shown.
var errDenied = errors.New("the nodes may not be listed any more")

func newLive(a *account, cfg Config) *live {
	ledger := a.open()
	l := &live{
		names: &names{ledger: ledger}, known: &names{ledger: ledger}, changed: make(chan struct{}, 1),
		joined: make(chan struct{}, 1), emptied: make(chan struct{}, 1), within: make(map[string]int),
		partial: len(cfg.Namespaces) > 0, selection: cfg.Nodes,
		pods: make(map[string]int), nodes: make(map[string]Node), moved: make(chan struct{}),
	}
	ledger.giveWay = l.loseRecordings
	return l
}

// drop gives back the memory of all names.
func (l *live) drop() {
	l.leaveBeside()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.names.drop()
	l.known.drop()
	for _, s := range l.streams {
		s.delta.drop()
		s.recording.end()
	}
}

// apply applies an event. One that has been applied before changes nothing. Neither does an
// event of a stream that has been replaced and is still ending: the one in its place has it
// too.
func (l *live) apply(s *stream, c change, echoed func(string) bool) (counted bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if s.replaced {
		return false, nil
	}
	defer l.noteEvent(s)
	defer func() { l.broken = l.broken || err != nil }() // the position has passed the event
	if c.kind == EventBookmark {
		if s.starting && c.initial {
			s.starting, s.first = false, c.version
			close(s.started)
		}
		s.bookmarks = s.bookmarks || !c.initial
		if !s.starting && newer(c.version, s.position) {
			s.advance(c.version)
		}
		return false, nil
	}
	if !s.starting {
		if again, err := s.again(c); again || err != nil {
			return false, err
		}
		s.advance(c.version)
		s.latest = c
	}
	if err := s.role.check(c); err != nil {
		return false, err
	}
	if c.kind == EventModified {
		return false, nil
	}
	if len(c.node) > 0 && echoed != nil && echoed(c.node) {
		return false, errEchoed
	}
	err = l.fold(s, c)
	return err == nil, err
}

// advance moves the stream's position. l.mu must be held.
func (s *stream) advance(version string) { s.position, s.advanced = version, time.Now() }

// noteEvent notes that an event came, and wakes whoever waits for one.
func (l *live) noteEvent(s *stream) {
	s.seen = time.Now()
	l.wake()
	l.publish()
}

// wake wakes whoever waits for a stream to come further. l.mu must be held.
func (l *live) wake() {
	close(l.moved)
	l.moved = make(chan struct{})
}

func (l *live) fold(s *stream, c change) error {
	sign := 1
	if c.kind == EventDeleted {
		sign = -1
	}
	s.recording.add(c.version, c.node, sign)
	switch {
	case s.role != nodeStream:
	case newer(c.version, s.listed):
		return l.foldNode(c.node, sign)
	default:
		return nil // the list has it
	}
	s.sum += sign
	l.within[s.listing.path] += sign
	l.noteEmpty(s)
	switch {
	case !l.based:
		return s.delta.add(c.node, sign)
	case s.role == unboundStream:
		if l.unscheduled+sign < 0 {
			return fmt.Errorf("%w (it had no node)", errNegative)
		}
		l.unscheduled += sign
		return nil
	default:
		return l.addPods(c.node, sign)
	}
}

// addPods adds by, which may be negative, to the pods of a node. l.mu must be held.
func (l *live) addPods(node string, by int) error {
	n, there := l.pods[node]
	if !there {
		if err := l.names.take(node, nil); err != nil {
			return err
		}
	}
	switch n += by; {
	case n < 0:
		return fmt.Errorf("node %s: %w", node, errNegative)
	case n == 0:
		delete(l.pods, node)
		l.names.giveBack(node)
	default:
		l.pods[node] = n
	}
	return nil
}

// rebase completes the start: it adds the result of the paged count and the changes
// that the events have made since.
func (l *live) rebase(run *count, figures Snapshot) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.streams {
		if s.recording.short { // which nodes have come and gone since they were listed?
			return &restartError{EndExpired, errShort}
		}
	}
	for i, name := range run.tally.list {
		if n := run.tally.total[i]; n > 0 && i > 0 {
			if err := l.addPods(name, n); err != nil {
				return err
			}
		}
	}
	l.unscheduled = run.tally.unscheduled()
	for _, w := range run.pods {
		l.within[w.listing.path] += w.total
	}
	for _, s := range l.streams {
		l.unscheduled += s.delta.unscheduled
		for name, n := range s.delta.pods {
			if err := l.addPods(name, n); err != nil {
				return err
			}
		}
		s.delta.drop()
	}
	if l.unscheduled < 0 {
		return errNegative
	}
	l.based, l.figures = true, figures
	err := l.setNodes(run)
	l.broken = err != nil
	for _, s := range l.streams {
		s.recording.end()
	}
	return err
}

// wellFormed says whether a resourceVersion can be compared. Those of etcd are 64-bit
// numbers.
func wellFormed(version string) bool {
	_, err := resourceversion.CompareResourceVersion(version, version)
	return err == nil && len(version) <= len("18446744073709551615")
}

// newer says whether resourceVersion a is after b. Both are well-formed, or b is
// empty.
func newer(a, b string) bool {
	order, err := resourceversion.CompareResourceVersion(a, b)
	return b == "" || err == nil && order > 0
}
