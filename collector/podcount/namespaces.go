package podcount

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// denialLife is how long a refusal to list nodes, or to look up a namespace or a node, is
// remembered. Permissions change rarely, and asking at every count would fill the
// API server's audit log.
const denialLife = time.Hour

// checkNames returns an error for the first name that is not valid or is given twice.
func checkNames(names []string, check func(string) []string) error {
	for i, name := range names {
		if faults := check(name); len(faults) > 0 {
			return fmt.Errorf("%q: %s", name, strings.Join(faults, "; "))
		}
		if slices.Contains(names[:i], name) {
			return fmt.Errorf("%q is given twice", name)
		}
	}
	return nil
}

// podWalks returns the walks of one count: one, or one for each namespace.
func (c *Counter) podWalks(run *count) (walks []*walk) {
	namespaces := c.cfg.Namespaces
	if len(namespaces) == 0 {
		namespaces = []string{""}
	}
	for _, namespace := range namespaces {
		pods := podListing(namespace, &run.search.form)
		pods.fields = c.cfg.Nodes.selector("spec.nodeName")
		walks = append(walks, newWalk(run.ledger, pods, c.pods, run.tally))
	}
	return walks
}

// countNext completes the next walk over pods.
func (c *Counter) countNext(ctx context.Context, run *count) error {
	w := run.pods[run.next]
	if run.next > 0 {
		w.continueAfter(run.pods[run.next-1])
	}
	err := c.walk(ctx, w, run)
	if err == nil {
		err = c.exists(ctx, w, run)
	}
	if err == nil {
		run.tally.complete()
		run.next++
	}
	return err
}

// continueAfter has a walk continue the walk before it: its page numbers, and its
// resourceVersion, so that the pods of all namespaces are seen at one moment, unless it
// has expired.
func (w *walk) continueAfter(previous *walk) {
	w.firstPage, w.earlierRows = previous.firstPage+previous.page-1, previous.earlierRows+previous.total
	w.newest = w.newest || previous.newest
	if w.expiry == neverExpired && previous.version != "0" {
		w.startVersion = previous.version
	}
}

// versioned says whether the walk asks for a resourceVersion to start at.
func (w *walk) versioned() bool { return w.startVersion != "" && !w.newest && w.token == "" }

// versionRefused says whether the failure is taken for the walk's start at a
// resourceVersion, which the server cannot list any more, or does not support. Servers say
// that in any way, so a second failure is enough.
func (w *walk) versionRefused(failure *PageError, attempts int) bool {
	told, other := failure.Reason == Expired || failure.unknownForm(), failure.Reason == Unauthorized || failure.busy()
	return w.versioned() && !other && (told || failure.Attempt >= min(2, attempts))
}

// exists makes sure that a namespace without pods exists: a misspelt name lists no
// pods either. If the account may not look it up, or the server cannot, the namespace is
// taken to exist. A count that begins again in another form does not ask again.
func (c *Counter) exists(ctx context.Context, w *walk, run *count) error {
	name := w.listing.namespace
	if name == "" || w.total > 0 || run.exist.Has(name) {
		return nil
	}
	err := c.walk(ctx, newWalk(run.ledger, namespaceListing(name), c.nodes, existence{newTally(run.ledger)}), run)
	if failure, failed := errors.AsType[*PageError](err); failed && failure.missing() {
		failure.Err = fmt.Errorf("the namespace %q does not exist: %w", name, failure.Err)
	}
	if err == nil {
		run.exist.Insert(name)
	}
	return err
}

// existence is the target of a request that is answered if an object exists: nothing of the
// answer is read.
type existence struct{ *tally }

func (existence) content() content { return content{} }

// dispense says whether the count can go on without what was refused, and remembers that
// for the counts to come. Where nodes cannot be looked up by their names, all are listed.
// Without permission to list nodes, the nodes that have pods are shown, unless nodes are
// selected by label. Once the Counter has listed nodes, a refusal is a failure like any
// other; after a change of credentials only the first one is, as the new ones may really
// have fewer permissions. When what was refused is asked for again an hour later, and that
// fails in any way, the counts go on without it.
func (c *Counter) dispense(run *count, w *walk, failure *PageError, last bool) bool {
	_, look := c.refused[w.subject]
	nodes, forbidden := w.subject == nodesPath, failure.denial()
	switch {
	case failure.missing():
		delete(c.refused, w.subject)
		return false
	case look && (w.page == 1 || last), w.lookup() && (last || failure.refusal() || failure.unknownForm()):
	case nodes && c.nodesListed:
		c.nodesListed = !forbidden || !c.otherRights || !last
		return false
	case !forbidden, w.page > 1, w.lookup(), nodes && c.cfg.Nodes.Labels != "", w.listing.name == Pods:
		return false
	}
	c.refused[w.subject] = time.Now()
	if nodes {
		run.nodes.rewind()
	}
	return true
}

// denial says whether what was asked for may not be, or a namespace cannot be looked up.
func (e *PageError) denial() bool {
	unserved := e.code == http.StatusMethodNotAllowed || e.code == http.StatusNotImplemented
	return e.Reason == Forbidden || unserved && e.Resource == Namespaces
}

// permitted notes that all that a walk asks for was given.
func (c *Counter) permitted(w *walk) {
	delete(c.refused, w.subject)
	if w.subject == nodesPath {
		c.nodesListed, c.otherRights = true, false
	}
}
