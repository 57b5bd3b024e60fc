package podcount

import (
	"context"
	"time"
)

// freeExpiries is how often a page may answer 410 before that costs attempts: once
// for each step of expiry.
const freeExpiries = 3

// maxRefusals is how often one page is asked for with credentials that are refused.
// Each time, a credential plugin may run.
const maxRefusals = 2

// target takes rows and keeps those of complete pages only.
type target interface {
	commit() (rows int) // the page is complete: it counts
	discard()           // the page failed: it never was
	drop()              // nothing of it is needed any more
}

// walk is the way through all pages of one resource, and how far it has come.
type walk struct {
	listing listing
	sizer   *pageSizer
	open    func() (target, content) // gives an empty target
	target  target
	content content

	startVersion string // resourceVersion to start at; empty for the newest
	firstPage    int    // pages of the walks before
	before       int    // rows of the walks before

	token    string
	tokenAt  time.Time // when the server gave it
	began    time.Time // when the first page came
	complete bool
	page     int // number of the page under way
	total    int // rows of the complete pages
	version  string
	usage    usage

	expiry       expiry
	inconsistent bool // the pages are not known to show one resourceVersion
}

// expiry is what expired tokens have made of a walk. It goes from each value to
// the next, and with every complete page back to startedAfresh, if it was there.
type expiry int

const (
	neverExpired  expiry = iota
	startedAfresh        // once
	askedAgain           // with the token that expired, for one that is exact
	newTokenTaken        // the token came with a 410
)

func newWalk(r listing, sizer *pageSizer, open func() (target, content)) *walk {
	w := &walk{listing: r, sizer: sizer, open: open}
	w.rewind()
	return w
}

// rewind goes back to before the first page.
func (w *walk) rewind() {
	if w.target != nil {
		w.target.drop()
	}
	w.target, w.content = w.open()
	w.token, w.tokenAt, w.version = "", time.Time{}, ""
	w.page, w.total = 1, 0
	w.usage = usage{}
	w.expiry, w.inconsistent = min(w.expiry, startedAfresh), false
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
// its age. Nor does a form of request that the server cannot give.
func (c *Counter) nextPage(ctx context.Context, w *walk, run *count) error {
	allowed := c.cfg.PageAttempts
	for attempt := 1; ; attempt++ {
		event, failure := c.attempt(ctx, w, run, attempt)
		run.bytes += event.Bytes
		if failure == nil {
			run.observer.Page(event)
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err // this process is stopping: nobody's failure
		}
		if c.dispensable(w, failure) {
			return errForbidden
		}
		if (failure.Reason == Expired || w.versionRefused(failure)) && allowed < c.cfg.PageAttempts+freeExpiries {
			allowed++
		}
		last := attempt >= allowed || attempt >= maxRefusals && failure.refusal() || failure.final || run.search.probing(failure) || w.missing(failure)
		fewer := w.fewerRows(failure)
		if !fewer && c.nextForm(run, w, failure, last) {
			if !failure.unknownForm {
				run.observer.Page(event)
			}
			attempt, allowed = 0, c.cfg.PageAttempts
			w.sizer.restart()
			continue
		}
		if !last {
			event.Wait = backoff(attempt, failure.retryAfter, c.cfg.Jitter())
		}
		run.observer.Page(event)
		if !fewer {
			w.recover(event, last)
		}
		if last {
			w.giveUp(failure)
			return failure
		}
		if err := sleep(ctx, event.Wait); err != nil {
			return err
		}
	}
}

func (c *Counter) attempt(ctx context.Context, w *walk, run *count, attempt int) (Page, *PageError) {
	limit := w.sizer.size
	event := Page{Resource: w.listing.name, Number: w.firstPage + w.page, Attempt: attempt, Limit: limit}
	a, failure := c.request(ctx, pageRequest{
		listing: w.listing, at: position{w.token, w.startVersion}, limit: limit, rows: w.content, begun: run.bytes > 0,
	})
	if failure == nil {
		failure = w.usage.check(w.token, a.document, limit)
	}
	event.Bytes, event.Duration = a.bytes, a.took
	if failure != nil {
		w.target.discard()
		failure.Resource, failure.Page, failure.Attempt = w.listing.name, event.Number, attempt
		event.Err, event.Total = failure, w.before+w.total
		return event, failure
	}
	w.sizer.done(a.rows, a.bytes, a.took)
	event.Rows = w.keep(a, limit)
	if w.page == 2 && run.began != nil {
		run.began(w)
	}
	if w.listing.name == Pods {
		c.noteSource(run, w, a.document)
	}
	event.Total = w.before + w.total
	return event, nil
}

// keep makes a complete page part of the walk.
func (w *walk) keep(a answer, limit int) int {
	rows := w.target.commit()
	w.usage.passed(a.document, limit)
	if w.page == 1 {
		w.began, w.version = time.Now(), a.resourceVersion
	}
	w.inconsistent = w.inconsistent || a.resourceVersion == "" || a.resourceVersion != w.version
	w.version = a.resourceVersion
	w.total += rows
	w.page++
	w.token, w.tokenAt = a.next, time.Now()
	w.expiry = min(w.expiry, startedAfresh)
	w.complete = a.next == ""
	return rows
}

// fewerRows has the next attempt ask for as many rows as are known to work, and
// says whether it does. A failure of a larger page is first blamed on its size:
// some proxies give all but the large answers.
func (w *walk) fewerRows(failure *PageError) bool {
	switch failure.Reason {
	case Unauthorized, Forbidden, Throttled, Expired:
		return false
	}
	return w.sizer.retreat()
}

// shrinkAfter is the attempt at one page from which on it has fewer rows, whatever
// it fails for. After an outage the size is back within some pages.
const shrinkAfter = 3

// recover prepares the next attempt after a failed one, be it in the next count.
func (w *walk) recover(event Page, last bool) {
	failure := event.Err
	switch {
	case w.versionRefused(failure):
		w.startVersion = ""
	case failure.Reason == Expired:
		w.expired(failure.token)
	case failure.Reason == Timeout || failure.tooLarge:
		w.sizer.shrink()
	case failure.Reason == Unauthorized, failure.Reason == Forbidden, failure.Reason == Throttled:
	case last || failure.Attempt >= shrinkAfter:
		w.sizer.shrink()
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
	case w.expiry == neverExpired:
		w.startVersion = "" // the resourceVersion is what has expired
		w.expiry = startedAfresh
		w.rewind()
	case w.expiry == newTokenTaken || token == "":
	case w.expiry == startedAfresh:
		w.expiry = askedAgain
	default:
		w.token, w.tokenAt = token, time.Now()
		w.expiry, w.inconsistent = newTokenTaken, true
	}
}
