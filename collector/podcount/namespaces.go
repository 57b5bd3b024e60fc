package podcount

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/validation"
)

// denialLife is how long a refusal to list nodes holds, and what is known of a
// namespace. A permission is given once; asking at every count would fill the API
// server's audit log.
const denialLife = time.Hour

// checkNamespaces names the first value that cannot be a namespace, or is there
// twice.
func checkNamespaces(names []string) error {
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
func (c *Counter) podWalks(run *count) (walks []*walk) {
	namespaces := c.cfg.Namespaces
	if len(namespaces) == 0 {
		namespaces = []string{""}
	}
	for _, namespace := range namespaces {
		pods := podListing(namespace, &run.search.form)
		pods.fields = c.cfg.Nodes.podFields()
		walks = append(walks, newWalk(pods, c.pods, func() (target, content) {
			t := newTally(run.ledger)
			return t, podContent(t)
		}))
	}
	return walks
}

// podContent reads pods into t, be they rows or objects.
func podContent(t *tally) content {
	rows := &table{count: t}
	return content{columns: rows.definitions, row: rows.row, item: podItem(t)}
}

// countNext completes the next walk over pods, and adds what it counted.
func (c *Counter) countNext(ctx context.Context, run *count) error {
	w := run.pods[run.next]
	if run.next > 0 {
		w.follow(run.pods[run.next-1])
	}
	if err := c.walk(ctx, w, run); err != nil {
		return err
	}
	if err := c.exists(ctx, w, run); err != nil {
		return err
	}
	run.next++
	own := w.target.(*tally)
	if run.tally == nil {
		run.tally = own
		return nil
	}
	return run.tally.absorb(own)
}

// follow has a walk that has not begun continue the count of the one before: its
// page numbers, and its resourceVersion, so that pods of all namespaces are seen
// at one moment.
func (w *walk) follow(before *walk) {
	if w.token != "" || w.page > 1 || w.expiry != neverExpired {
		return
	}
	w.firstPage, w.before = before.firstPage+before.page-1, before.before+before.total
	if before.version != "0" {
		w.startVersion = before.version
	}
}

// versionRefused says whether the failure is that of a walk's resourceVersion,
// which the server cannot list any more, or does not know how to.
func (w *walk) versionRefused(failure *PageError) bool {
	return w.startVersion != "" && w.token == "" && (failure.Reason == Expired || failure.unknownForm)
}

// exists makes sure that a namespace without pods is one: a name with a typing
// error lists no pods either. Whoever may not look it up is taken at their word.
func (c *Counter) exists(ctx context.Context, w *walk, run *count) error {
	name := w.listing.namespace
	if name == "" || w.total > 0 || time.Since(c.namespaces[name]) < denialLife {
		return nil
	}
	if run.lookup == nil || run.lookup.listing.namespace != name {
		run.lookup = newWalk(namespaceListing(name), c.nodes, nothing)
	}
	err := c.walk(ctx, run.lookup, run)
	var failure *PageError
	switch {
	case err == nil || errors.Is(err, errForbidden):
		c.namespaces[name] = time.Now()
		return nil
	case errors.As(err, &failure) && run.lookup.missing(failure):
		failure.Err = fmt.Errorf("the namespace %q does not exist: %w", name, failure.Err)
	}
	return err
}

// missing says whether the failure is that the namespace does not exist.
func (w *walk) missing(failure *PageError) bool {
	return w.listing.name == Namespaces && failure.code == http.StatusNotFound
}

// nothing takes no rows: one object is read, and not looked at.
func nothing() (target, content) { return void{}, content{} }

type void struct{}

func (void) commit() int { return 0 }
func (void) discard()    {}
func (void) drop()       {}

// errForbidden ends a walk that the count does without.
var errForbidden = errors.New("the resource is forbidden")

// dispensable says whether the count can go on without what was refused: without
// permission to list nodes, those that hold pods are the ones there are, unless
// their labels matter. Once nodes have been listed, a refusal is a failure like
// others.
func (c *Counter) dispensable(w *walk, failure *PageError) bool {
	nodes := w.listing.name == Nodes && !c.nodesListed && c.cfg.Nodes.Labels == ""
	return failure.Reason == Forbidden && (nodes || w.listing.name == Namespaces)
}

// nodesDenied says whether asking for nodes was refused of late.
func (c *Counter) nodesDenied(now time.Time) bool {
	return !c.deniedAt.IsZero() && now.Sub(c.deniedAt) < denialLife
}
