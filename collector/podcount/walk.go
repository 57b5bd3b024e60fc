package podcount

import (
	"context"
	"time"
)

// freeExpiries is how many answers 410 for one page cost no attempt: one for each
// step of expiry.
const freeExpiries = 3

// maxRefusals is how often a count asks with refused credentials. Each time, a credential
// plugin may run.
const maxRefusals = 2

// target collects rows, and keeps only those of complete pages.
type target interface {
	content() content   // reads a page
	commit() (rows int) // the page is complete
	discard()           // the page failed, and its rows are forgotten
	restart()           // the walk starts afresh, and all its rows are forgotten
}

// walk reads all pages of one resource, and knows how far it has come.
type walk struct {
	listing listing
	sizer   *pageSizer
	target  target

	startVersion string // resourceVersion to start at; empty for the newest
	newest       bool   // all the same, as this walk or one before it was refused another
	subject      string // what may be refused: the listing's path, or lookups
	dispensed    bool   // the count goes on without it
	firstPage    int    // pages of the walks before this one
	earlierRows  int    // rows of the walks before this one

	token   string
	tokenAt time.Time // when the server gave it
	began   time.Time // when the first page came
	page    int       // number of the page under way
	total   int       // rows of the complete pages
	version string
	usage   usage

	expiry       int
	inconsistent bool // the pages are not known to show one resourceVersion
}

// How a walk has reacted to expired tokens. It moves from each value to the next. Every
// complete page takes it back to startedAfresh, if it was beyond that.
const (
	neverExpired  = iota
	startedAfresh // the walk began again, which it does once
	askedAgain    // the expired token was sent again, to get an exact one
	newTokenTaken // the walk goes on with the token of a 410
)

func newWalk(l *ledger, r listing, sizer *pageSizer, to target) *walk {
	return &walk{listing: r, subject: r.path, sizer: sizer, target: to, page: 1, usage: newUsage(l, sizer.first)}
}

// lookups is the subject of each look-up of one node by its name.
const lookups = "a node by its name"

func (w *walk) lookup() bool { return w.subject == lookups }

// rewind goes back to before the first page. A look-up adds to the target of others.
func (w *walk) rewind() {
	if !w.lookup() {
		w.target.restart()
	}
	w.usage.drop()
	w.token, w.tokenAt, w.version = "", time.Time{}, ""
	w.page, w.total = 1, 0
	w.usage = newUsage(w.usage.ledger, w.sizer.first)
	w.expiry, w.inconsistent = min(w.expiry, startedAfresh), false
}

// walk asks for pages until the continue token is empty. It returns a *PageError when
// a page runs out of attempts, or the context's error. Called again, it goes on at
// that page. It ends where the count goes on without the resource, which may have been
// refused to an earlier one.
func (c *Counter) walk(ctx context.Context, w *walk, run *count) error {
	w.dispensed = w.dispensed || w.page == 1 && Age(c.refused[w.subject], time.Now()) < denialLife
	for !w.dispensed && (w.page == 1 || w.token != "") {
		if err := c.nextPage(ctx, w, run); err != nil {
			return err
		}
	}
	return nil
}

// nextPage asks for one page until it is complete or its attempts are used up. All
// retries, waits and their reports are here. The first answers that a token or a
// resourceVersion is too old cost no attempt, and neither does a form of request that
// the server does not support. No attempt at an older resourceVersion is the last.
func (c *Counter) nextPage(ctx context.Context, w *walk, run *count) error {
	before := run.sight
	for attempt, free := 1, 0; ; attempt++ {
		event := c.attempt(ctx, w, run, attempt)
		failure := event.Err
		event.Total = w.earlierRows + w.total
		run.bytes += event.Bytes
		if failure == nil {
			run.observer.Page(event)
			if w.token == "" {
				c.permitted(w)
			}
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err // cancelled: not a failure of the page
		}
		older := w.versionRefused(failure, c.cfg.PageAttempts)
		run.sight = before.failed(older || failure.denial() && w.listing.name != Pods)
		if failure.Reason == Expired && free < freeExpiries {
			free++
		}
		if failure.Reason == Unauthorized || failure.Reason == Forbidden && !w.versioned() {
			run.refusals++
		}
		last := !older && (attempt-free >= c.cfg.PageAttempts || run.refusals >= maxRefusals && failure.refusal() || failure.final() || run.search.probing(w, failure))
		if w.dispensed = c.dispense(run, w, failure, last); w.dispensed {
			if !failure.unknownForm() && !failure.denial() {
				run.observer.Page(event)
			}
			return nil
		}
		// When a page of a larger size fails, the size is the first suspect: some proxies
		// fail only for large answers. Of an answer that names another cause, it is the last.
		fewer := !failure.busy() && (last || !failure.otherCause()) && w.sizer.retreat(failure.otherCause() || failure.final())
		looking := c.forms.looking(run.search)
		if !fewer && c.nextForm(run, w, failure, last) {
			if !failure.unknownForm() {
				run.observer.Page(event)
			}
			if attempt, free, before = 0, 0, run.sight; !looking { // the sizes are of the form that works
				w.sizer.restart()
			}
			continue
		}
		if !last {
			event.Wait = backoff(attempt, failure.retryAfter, c.cfg.Jitter())
		}
		run.observer.Page(event)
		if older {
			w.newest = true
		} else if !fewer && !failure.busy() {
			w.recover(failure, last)
		}
		if last {
			return c.givenUp(w, failure)
		}
		if err := sleep(ctx, event.Wait); err != nil {
			return err
		}
	}
}

// givenUp prepares the next count for a page whose attempts are used up.
func (c *Counter) givenUp(w *walk, failure *PageError) error {
	if failure.stuck() || failure.Reason == Expired && failure.token == "" {
		w.rewind() // going on from here cannot help
	}
	if failure.Reason == Forbidden && w.listing.name == Pods { // perhaps the account has no rights yet
		clear(c.refused)
	}
	failure.token = "" // the walk has it
	return failure
}

// attempt asks for one page once, and adds it to the walk if it is complete.
func (c *Counter) attempt(ctx context.Context, w *walk, run *count, attempt int) Page {
	event := Page{Resource: w.listing.name, Number: w.firstPage + w.page, Attempt: attempt, Limit: w.sizer.size}
	doc, failure := c.request(ctx, w, run.bytes > 0, &event)
	if failure == nil {
		failure = w.usage.add(w.token, doc, event.Limit)
	}
	if event.Err = failure; failure != nil {
		w.target.discard()
		failure.Resource, failure.Page, failure.Attempt = w.listing.name, event.Number, attempt
		return event
	}
	w.sizer.done(doc.rows, doc.next != "", event.Bytes, event.Duration)
	event.Rows = w.keep(doc)
	if w.listing.name == Pods {
		c.noteSource(run, w, doc)
	}
	if w.page == 2 && run.began != nil && w.listing.name != Namespaces {
		run.began(w)
	}
	return event
}

// keep adds a complete page to the walk.
func (w *walk) keep(doc document) int {
	rows := w.target.commit()
	if w.page == 1 {
		w.began, w.version = time.Now(), doc.resourceVersion
	}
	if version := doc.resourceVersion; version == "" || version == "0" || version != w.version {
		w.version, w.inconsistent = version, true
	}
	w.total += rows
	w.page++
	w.token, w.tokenAt = doc.next, time.Now()
	w.expiry = min(w.expiry, startedAfresh)
	return rows
}

// shrinkAfter is the attempt at one page from which the number of rows shrinks after
// any failure that does not name its cause. After an outage the size grows back within
// some pages.
const shrinkAfter = 3

// recover prepares the next attempt after a failed one, even if that is in the next
// count.
func (w *walk) recover(failure *PageError, last bool) {
	if failure.Reason == Expired {
		w.expired(failure.token)
	}
	repeated := failure.Attempt >= shrinkAfter && !failure.otherCause()
	if last || repeated || failure.Reason == Timeout || failure.tooLarge() {
		w.sizer.shrink()
	}
}

// expired reacts to an expired token. The first time, the walk starts afresh. On a
// server so slow that the token expires again, that would never end, so from then on
// the walk goes on with the server's new token, at a newer revision.
// That token cannot be trusted at once. To fill a page past a selector, the server
// reads etcd several times. If a compaction comes in between, its token points behind
// the read that failed, and the pods of the earlier reads, never sent, would be lost
// (k8s.io/apiserver/pkg/storage/etcd3, store.go). When the same token is sent again,
// the first read fails, and the new token is exact.
// A token from a 410 names no revision, so it is sent again when it expires. Without
// a new token, the old one is sent again until the attempts are used up.
func (w *walk) expired(token string) {
	switch {
	case w.expiry == neverExpired:
		w.startVersion = "" // the resourceVersion has expired
		w.rewind()
	case w.expiry == newTokenTaken || token == "" || w.token == "": // no token has expired
		return
	case w.expiry == askedAgain:
		w.token, w.tokenAt, w.inconsistent = token, time.Now(), true
	}
	w.expiry++
}
