package page

import (
	"errors"
	"time"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
	"github.com/kube-node-manager/pod_count_exporter/collector/store"
)

// condition is a cluster's state in one word. Those that need a person's attention
// come first.
type condition int

const (
	unusable   condition = iota // its context cannot be used
	failing                     // the latest count failed
	withdrawn                   // the last complete count is too old to be shown
	pending                     // there was no complete count yet
	stale                       // shown, and due to be counted
	refreshing                  // shown, and being counted
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

// condition returns the condition of the cluster. A failing or pending cluster stays
// that while it is counted.
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

// followed says whether events keep the numbers up to date, so that no scrape begins a
// count. A cluster whose kubeconfig was at fault is followed again after the next scrape.
func (c Cluster) followed() bool {
	return c.Counting && c.Snapshot != nil && c.Snapshot.Mode == podcount.ModeWatch
}

// since returns when the cluster's condition began; zero if it is well, or that is
// not known.
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

// mode returns the mode of the snapshot; a dash before the first.
func (c Cluster) mode() string {
	if c.Snapshot == nil {
		return "–"
	}
	return string(c.Snapshot.Mode)
}

// expected returns how many rows the running count will have if nothing has changed
// since the last; 0 if that is not known.
func (c Cluster) expected() int {
	if c.Snapshot == nil {
		return 0
	}
	return c.Snapshot.ActivePods() + c.Snapshot.UnscheduledPods
}

// compare sorts the clusters that need attention most to the front: those of which
// nothing is shown, then those that have been unwell longest.
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

// rank sorts all shown clusters by name: rows must not jump when a count begins.
func (c condition) rank() condition {
	if c.unwell() {
		return 0
	}
	return min(c, stale)
}

// began returns since when the cluster is unwell: when it was last counted, if
// nothing else is known.
func (c Cluster) began() time.Time {
	if since := c.since(); !since.IsZero() || c.Snapshot == nil {
		return since
	}
	return c.Snapshot.Time
}
