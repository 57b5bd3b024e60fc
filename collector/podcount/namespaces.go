package podcount

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/validation"
)

// denialLife is how long a refusal to list nodes holds. A permission is given
// once; asking at every count would fill the API server's audit log.
const denialLife = time.Hour

// CheckNamespaces names the first value that cannot be a namespace, or is there
// twice.
func CheckNamespaces(names []string) error {
	for i, name := range names {
		if faults := validation.IsDNS1123Label(name); len(faults) > 0 {
			return fmt.Errorf("%q: %s", name, strings.Join(faults, "; "))
		}
		if slices.Contains(names[:i], name) {
			return fmt.Errorf("%q is given twice", name)
		}
	}
	return nil
}

// podWalks are the walks of one count: one, or one for each namespace. Each has
// a tally of its own, so that one that starts afresh takes nothing from the
// others.
func (c *Counter) podWalks() (walks []*walk, tallies []*tally) {
	namespaces := c.cfg.Namespaces
	if len(namespaces) == 0 {
		namespaces = []string{""}
	}
	tallies = make([]*tally, len(namespaces))
	for i, namespace := range namespaces {
		walks = append(walks, newWalk(podListing(namespace), c.pods, func() (target, content) {
			tallies[i] = newTally()
			return tallies[i], podContent(tallies[i])
		}))
	}
	return walks, tallies
}

// podContent reads pods into t, be they rows or objects.
func podContent(t *tally) content {
	rows := &table{count: t}
	return content{columns: rows.definitions, row: rows.row, item: podItem(t)}
}

// follow has a walk that has not begun continue the count of the one before: its
// page numbers, and its resourceVersion, so that pods of all namespaces are seen
// at one moment.
func (w *walk) follow(before *walk) {
	if w.token != "" || w.page > 1 || w.restarted {
		return
	}
	w.firstPage, w.before = before.firstPage+before.page-1, before.before+before.total
	if before.version != "0" {
		w.pin = before.version
	}
}

// pinRefused says whether the failure is that of a walk's resourceVersion, which
// the server cannot list any more, or does not know how to.
func (w *walk) pinRefused(failure *PageError) bool {
	return w.pin != "" && w.token == "" && (failure.Reason == Expired || failure.refused)
}

// errNodesForbidden ends the walk over nodes of a count that does without.
var errNodesForbidden = errors.New("listing nodes is forbidden")

// optional says whether a failure to list the nodes is none of the count's: with
// namespaces given, a Role in each of them is permission enough.
func (c *Counter) optional(w *walk, failure *PageError) bool {
	return len(c.cfg.Namespaces) > 0 && w.listing.name == Nodes && failure.Reason == Forbidden
}

// withNodes takes the outcome of a walk over nodes. Once that is forbidden, the
// count does without those that it has, too: a snapshot has all nodes, or none
// but those that hold pods.
func (c *Counter) withNodes(run *count, err error) error {
	if !errors.Is(err, errNodesForbidden) {
		return err
	}
	run.denied, c.deniedAt = true, time.Now()
	run.nodes.rewind()
	return nil
}

// nodesDenied says whether asking for nodes was refused of late.
func (c *Counter) nodesDenied(now time.Time) bool {
	return !c.deniedAt.IsZero() && now.Sub(c.deniedAt) < denialLife
}
