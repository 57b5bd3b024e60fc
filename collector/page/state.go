package page

import (
	"errors"
	"time"

	"github.com/kube-node-manager/pod_count_exporter/collector/store"
)

// condition is a cluster's state in a word. Those that want a person come first.
type condition int

const (
	unusable   condition = iota // its context cannot be used
	failing                     // the latest count failed
	withdrawn                   // the last complete count is too old to be shown
	pending                     // there was no complete count yet
	stale                       // shown, and to be counted anew
	refreshing                  // shown, and being counted anew
	fresh
)

// String is the word that is shown.
func (c condition) String() string {
	return [...]string{"cannot be used", "failing", "withdrawn", "pending", "stale", "refreshing", "fresh"}[c]
}

// class is the word in the style sheet.
func (c condition) class() string {
	return [...]string{"bad", "bad", "bad", "wait", "old", "busy", "well"}[c]
}

// unwell says whether a person should look.
func (c condition) unwell() bool { return c <= withdrawn }

// condition of the cluster. A count that runs is nothing unusual for a cluster that
// fails, or has no numbers yet, so that comes first.
func (c Cluster) condition() condition {
	var fault *store.ConfigError
	switch {
	case errors.As(c.Err, &fault):
		return unusable
	case c.Err != nil:
		return failing
	case c.State == store.Withdrawn:
		return withdrawn
	case c.State == store.Pending:
		return pending
	case !c.Progress.Since.IsZero():
		return refreshing
	case c.State == store.Stale:
		return stale
	}
	return fresh
}

// since is when the cluster's condition began; zero if it is well, or nobody knows.
func (c Cluster) since() time.Time {
	var fault *store.ConfigError
	if errors.As(c.Err, &fault) {
		return fault.Since
	}
	if c.Err != nil {
		return c.FailingSince
	}
	return time.Time{}
}

// mode is how the snapshot came about; a dash before the first.
func (c Cluster) mode() string {
	if c.Snapshot == nil {
		return "–"
	}
	return string(c.Snapshot.Mode)
}

// expected is how many rows the running count will have, if it is as the last; 0
// when that is not known.
func (c Cluster) expected() int {
	if c.Snapshot == nil {
		return 0
	}
	return c.Snapshot.ActivePods() + c.Snapshot.UnscheduledPods
}

// compare sorts what wants a person most to the front: clusters of which nothing is
// shown, then those that are not well for longest.
func compare(a, b Cluster) int {
	ca, cb := a.condition(), b.condition()
	if ca.unwell() != cb.unwell() || !ca.unwell() {
		return int(ca.rank()) - int(cb.rank())
	}
	if a.Shown() != b.Shown() {
		if b.Shown() {
			return -1
		}
		return 1
	}
	if order := a.began().Compare(b.began()); order != 0 {
		return order
	}
	return int(ca) - int(cb)
}

// rank leaves the clusters that are shown in the order of their names: a count that
// begins should not have rows jump.
func (c condition) rank() condition {
	if c.unwell() {
		return 0
	}
	return min(c, stale)
}

// began is since when the cluster is not well: when it was last counted, if
// nothing else is known.
func (c Cluster) began() time.Time {
	if since := c.since(); !since.IsZero() || c.Snapshot == nil {
		return since
	}
	return c.Snapshot.Time
}
