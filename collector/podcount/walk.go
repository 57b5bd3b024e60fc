package podcount

import (
	"context"
	"time"
)

// freeExpiries is how often a page may answer 410 before that costs attempts:
// for the fresh start, for a token to go on with, and for one that is exact.
const freeExpiries = 3

// target takes rows and keeps those of complete pages only.
type target interface {
	commit() (rows int) // the page is complete: it counts
	discard()           // the page failed: it never was
}

// walk is the way through all pages of one resource, and how far it has come.
type walk struct {
	listing listing
	pacer   *pacer
	open    func() (target, content) // gives an empty target
	target  target
	content content

	pin       string // resourceVersion to start at; empty for the newest
	firstPage int    // pages of the walks before
	before    int    // rows of the walks before

	token    string
	tokenAt  time.Time // when the server gave it
	complete bool
	page     int // number of the page under way
	total    int // rows of the complete pages
	version  string
	progress progress

	refused      bool // the token has expired, and is asked with once more
	lent         bool // the token came with a 410
	restarted    bool // an expired token has made it start afresh once
	inconsistent bool // the pages do not show one resourceVersion
}

func newWalk(r listing, p *pacer, open func() (target, content)) *walk {
	w := &walk{listing: r, pacer: p, open: open}
	w.rewind()
	return w
}

// rewind goes back to before the first page.
func (w *walk) rewind() {
	w.target, w.content = w.open()
	w.token, w.tokenAt, w.version = "", time.Time{}, ""
	w.page, w.total = 1, 0
	w.progress = progress{}
	w.refused, w.lent, w.inconsistent = false, false, false
}

// walk asks for pages until the continue token is empty. It ends early with a
// *PageError when a page runs out of attempts, or with the context's error;
// called again, it goes on at that page.
func (c *Counter) walk(ctx context.Context, w *walk, run *count) error {
	for !w.complete {
		if err := c.nextPage(ctx, w, run); err != nil {
			return err
		}
	}
	return nil
}

// nextPage asks for one page until it is complete or the attempts are used up.
// All attempts, waits and their counting are here. The first answers that a
// token or a resourceVersion is too old cost no attempt: the page was refused for
// its age.
func (c *Counter) nextPage(ctx context.Context, w *walk, run *count) error {
	allowed := c.cfg.PageAttempts
	for attempt := 1; ; attempt++ {
		event, failure, err := c.turn(ctx, w, run, attempt)
		if err != nil {
			return err
		}
		run.bytes += event.Bytes
		if failure == nil {
			run.observer.Page(event)
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err // this process is stopping: nobody's failure
		}
		if c.optional(w, failure) {
			return errNodesForbidden
		}
		if (failure.Reason == Expired || w.pinRefused(failure)) && allowed < c.cfg.PageAttempts+freeExpiries {
			allowed++
		}
		if attempt < allowed {
			event.Wait = backoff(attempt, failure.retryAfter, c.cfg.Jitter())
		}
		run.observer.Page(event)
		w.recover(failure)
		if attempt >= allowed {
			w.giveUp(failure)
			return failure
		}
		if err := sleep(ctx, event.Wait); err != nil {
			return err
		}
	}
}

func (c *Counter) attempt(ctx context.Context, w *walk, attempt int) (Page, *PageError) {
	limit := w.pacer.limit()
	event := Page{Resource: w.listing.name, Number: w.firstPage + w.page, Attempt: attempt, Limit: limit}
	a, failure := c.request(ctx, w.listing, position{w.token, w.pin}, limit, w.content)
	if failure == nil {
		failure = w.progress.check(w.token, a.document)
	}
	event.Bytes, event.Duration = a.bytes, a.took
	if failure != nil {
		w.target.discard()
		failure.Resource, failure.Page, failure.Attempt = w.listing.name, event.Number, attempt
		event.Err, event.Total = failure, w.before+w.total
		return event, failure
	}
	w.pacer.done(a.rows, a.bytes, a.took)
	event.Rows = w.keep(a)
	event.Total = w.before + w.total
	return event, nil
}

// keep makes a complete page part of the walk.
func (w *walk) keep(a answer) int {
	rows := w.target.commit()
	w.progress.passed(a.document)
	w.total += rows
	w.page++
	if w.version != "" && a.resourceVersion != w.version {
		w.inconsistent = true
	}
	w.version = a.resourceVersion
	w.token, w.tokenAt = a.next, time.Now()
	w.refused, w.lent = false, false
	w.complete = a.next == ""
	return rows
}

// recover prepares the next attempt after a failed one.
func (w *walk) recover(failure *PageError) {
	switch {
	case w.pinRefused(failure):
		w.pin = ""
	case failure.Reason == Expired:
		w.expired(failure.token)
	case failure.Reason == Timeout || failure.tooLarge:
		w.pacer.failed()
	}
}

// giveUp throws the walk's progress away if going on from it cannot help.
func (w *walk) giveUp(failure *PageError) {
	if failure.stuck || failure.Reason == Expired && failure.token == "" {
		w.rewind()
	}
}

// expired starts afresh once. A server so slow that the token expires again
// would never be counted that way, so from then on the walk goes on with the
// server's own token, at a newer revision.
//
// That token cannot be trusted at once. To fill a page past a selector, the
// server reads etcd several times, and if a compaction comes between, its token
// leads on from the read that failed: the pods of the reads before it, never
// sent, would be lost (k8s.io/apiserver/pkg/storage/etcd3, store.go). Asked
// again with the same token, the first read fails, and the token is exact. A
// token that came from a 410 names no revision, so it is asked with again; and
// without a new token the old one is, until the attempts are used up: starting
// afresh every time would never end.
func (w *walk) expired(token string) {
	switch {
	case !w.restarted:
		w.restarted, w.pin = true, "" // the resourceVersion is what has expired
		w.rewind()
	case w.lent || token == "":
	case !w.refused:
		w.refused = true
	default:
		w.token, w.tokenAt = token, time.Now()
		w.lent, w.inconsistent = true, true
	}
}
