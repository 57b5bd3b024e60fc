package podcount

import (
	"errors"
	"time"
)

// Mode says how a cluster is counted.
type Mode string

// The modes.
const (
	ModeList  Mode = "list"  // page by page, each time
	ModeWatch Mode = "watch" // page by page once, and by the events of watches since
)

// Modes returns every Mode.
func Modes() []Mode { return []Mode{ModeList, ModeWatch} }

// WatchEnd is the reason why a stream of events ended, or why all streams of a
// cluster are restarted.
type WatchEnd string

// The reasons. After drift and expired the cluster is listed again; after the others
// the stream goes on where it was.
const (
	EndClosed       WatchEnd = "closed"       // by the server between two events, or as its time was over
	EndSilent       WatchEnd = "silent"       // nothing arrived for too long
	EndExpired      WatchEnd = "expired"      // 410: the resourceVersion is too old
	EndDrift        WatchEnd = "drift"        // the sum of the events is wrong
	EndThrottled    WatchEnd = "throttled"    // 429
	EndUnauthorized WatchEnd = "unauthorized" // 401, or no credentials to send
	EndForbidden    WatchEnd = "forbidden"    // 403
	EndServer       WatchEnd = "server"       // any other status that is not 200
	EndNetwork      WatchEnd = "network"      // no answer, or one that was cut off
	EndMalformed    WatchEnd = "malformed"    // the answer is not a stream of events
)

// WatchEnds returns every WatchEnd, for metrics that start at 0.
func WatchEnds() []WatchEnd {
	return []WatchEnd{EndClosed, EndSilent, EndExpired, EndDrift, EndThrottled, EndUnauthorized, EndForbidden, EndServer, EndNetwork, EndMalformed}
}

// WatchObserver learns what happens to the streams of a cluster that is followed. Its
// methods are never called at the same time.
type WatchObserver interface {
	// Event is called for each event that was read.
	Event(Event)
	// Watched is called for everything else.
	Watched(Watched)
}

// Event is one event of a stream.
type Event struct {
	Resource string // Pods or Nodes
	Type     EventType
	Bound    bool      // a pod was bound to a node that is shown; once, and false for initial events
	Left     bool      // a pod that was bound to a node that is shown finished or was deleted; once
	Bytes    int64     // on the wire, since the event before
	Time     time.Time // when it was read
}

// Watched is one thing that happened. Exactly one of its fields is set.
type Watched struct {
	Following bool            // the start is complete, and all streams are open
	Ended     *StreamEnded    // a stream ended
	Reopened  *StreamReopened // all streams of a resource are open again after failures
	Unlisted  error           // why the nodes could not be listed again; its pages have been reported
	Restart   *Restart        // all streams end, and the cluster is listed again
	Fallback  error           // why the cluster cannot be watched: it is listed for a while, and this was a try
	Audit     *Audit          // an audit ended
}

// StreamEnded is the end of one stream.
type StreamEnded struct {
	Resource string
	Reason   WatchEnd
	Failure  *PageError    // nil for EndClosed
	Wait     time.Duration // until it is opened again
}

// StreamReopened is the end of an outage of a resource's streams.
type StreamReopened struct {
	Resource string
	Away     time.Duration // since the first of them was open for the last time
}

// Restart is a new start of all streams.
type Restart struct {
	Reason WatchEnd
	Err    error // cleaned
}

// Audit compares what the streams say with a paged count at one resourceVersion.
type Audit struct {
	Differences []Difference // empty when both are equal
	Err         error        // why there is nothing to compare; nil otherwise
}

// Difference is a node on which the stream and the paged count differ.
type Difference struct {
	Node    string // empty for the pods without a node
	Watched int    // pods, by the events
	Listed  int    // pods, by the paged count
}

// Drift returns the number of pods by which an audit differs, over all nodes.
func (a *Audit) Drift() int {
	sum := 0
	for _, d := range a.Differences {
		sum += max(d.Watched-d.Listed, d.Listed-d.Watched)
	}
	return sum
}

var (
	errNoVersion  = errors.New("the resourceVersion of an event is no positive number")
	errUnfiltered = errors.New("the server sends events of pods that the selector leaves out")
)
