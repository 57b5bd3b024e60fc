package podcount

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

const (
	// Streams end by themselves after a time between these, so that their ends are
	// spread. The server's own limit is half an hour to an hour (kube-apiserver
	// --min-request-timeout).
	shortestStream = 5 * time.Minute
	longestStream  = 10 * time.Minute
	// endSlack is how much longer than requested a stream may last.
	endSlack = 30 * time.Second
	// maxSilence ends a stream that has had bookmarks: they come every minute.
	maxSilence = 3 * time.Minute
	// maxQuiet does so if these came before it was opened again: a bookmark has to be newer
	// than where the stream began, and where nothing happens, etcd tells the API server every
	// ten minutes how far it is (--experimental-watch-progress-notify-interval).
	maxQuiet = 15 * time.Minute
	// maxIdleStart is how long a streamed start may wait for the next pod.
	maxIdleStart = time.Minute
	// maxResets is how often in a row a stream may break on a connection that is kept.
	maxResets = 2
)

var (
	errSilent    = errors.New("no bookmarks arrive any more")
	errIdleStart = errors.New("a streamed start stopped before its last bookmark")
	errReplaced  = errors.New("another stream has taken the place of this one")
	errOverdue   = fmt.Errorf("the server did not end the stream in time: %w", context.DeadlineExceeded)
)

// forOthers says whether a stream was ended on purpose, and its connection serves others, or
// those of the next start. If it is dead, these find out.
func forOthers(cause error) bool {
	_, restart := errors.AsType[*restartError](cause)
	return restart || errors.Is(cause, errReplaced) || errors.Is(cause, errOverdue)
}

// extend sets the deadline to timeout from now: the headers of a watch come soon, its
// events for minutes. It returns false if the exchange has ended.
func (x *exchange) extend(timeout time.Duration) bool {
	if !x.timer.Stop() {
		return false
	}
	x.timer = time.AfterFunc(timeout, func() { x.end(errOverdue) })
	return true
}

// stream opens the watch and reads it to its end. opened is called when the headers
// have arrived. failures is how many in a row failed or were short before it: after some,
// one that breaks takes its connection along. The error is never nil: io.EOF when the
// server closed the stream, a *PageError when it failed.
func (w *Watcher) stream(ctx context.Context, l *live, s *stream, failures int, opened func()) error {
	lifetime := shortestStream + time.Duration(w.cfg.Jitter()*float64(longestStream-shortestStream))
	x := newExchange(ctx, w.cfg.PageTimeout, w.lane, forOthers)
	defer x.close()
	x.body.seat = w.cfg.Cores.seat(x.ctx)
	err := w.read(x, l, s, lifetime, opened)
	var (
		failure     *PageError
		restart     *restartError
		unwatchable *unwatchableError
	)
	switch {
	case errors.As(err, &failure): // be it in a restartError
		failure.Resource, failure.Err, failure.token = s.listing.name, clean(failure.Err, x.sent), ""
		if failure.Reason == Expired {
			w.noteExpired(l, s)
		}
		// What was answered, with status 504 or with a reset of this stream alone, came
		// over a connection that works, and that other streams use. Where every stream
		// is reset, another connection may lead to another server.
		if failure.code == 0 && !failure.busy() && !forOthers(context.Cause(x.ctx)) && (failure.Reason == Timeout || failure.Reason == Network && failures >= maxResets) {
			x.hangUp()
		}
	case errors.As(err, &restart):
		restart.err = clean(restart.err, x.sent)
	case errors.As(err, &unwatchable):
		unwatchable.err = clean(unwatchable.err, x.sent)
	}
	return err
}

func (w *Watcher) read(x *exchange, l *live, s *stream, lifetime time.Duration, opened func()) error {
	l.mu.Lock()
	address, expired := s.url(w.base, lifetime), w.expired.has(s.role.key(s.listing), s.position)
	asked := *s.listing.form
	l.mu.Unlock()
	if expired {
		return &restartError{EndExpired, errStillExpired}
	}
	if s.starting { // a proxy that packs might hold back the events after that
		asked.encoding = "gzip"
	}
	response, failure := x.open(w.streams, address, &asked)
	if failure != nil {
		return failure
	}
	defer func() { _ = response.Body.Close() }() // the stream is left, not read to its end
	if response.StatusCode != http.StatusOK {
		_, failure = x.read(response, x.ready(response), content{}, nil)
		return failure
	}
	x.body.r = response.Body
	if err := mustBeJSON(response.Header); err != nil {
		return &unwatchableError{err}
	}
	if !x.extend(lifetime + endSlack) {
		return x.failed("waiting for an answer", context.DeadlineExceeded)
	}
	opened()
	return w.events(x, l, s, response.Header)
}

// events reads events until the stream ends.
func (w *Watcher) events(x *exchange, l *live, s *stream, header http.Header) error {
	idle := time.AfterFunc(maxIdleStart, func() { x.end(errIdleStart) })
	silence := time.AfterFunc(maxSilence, func() { x.end(errSilent) })
	defer idle.Stop()
	defer silence.Stop()
	silence.Stop() // a stream on which nothing happens may be silent
	if left, bookmarked := l.quiet(s); bookmarked {
		silence.Reset(max(maxSilence, left))
	}
	if !s.starting {
		idle.Stop()
	}
	if err := x.body.seat.take(); err != nil {
		return x.broken(s, err)
	}
	defer x.body.seat.give()
	text, err := plain(header, &x.body) // waits for the beginning of a packed stream
	if err != nil {
		return x.broken(s, err)
	}
	reader := newEventReader(text, s.listing.name, w.Counter.account, x)
	defer reader.d.window.close() // also if this panics
	bookmarked, read, part := false, int64(0), int64(0)
	for {
		if !s.starting { // only this goroutine changes it
			idle.Stop()
		}
		changes, err := reader.next()
		if failure := (*PageError)(nil); errors.As(err, &failure) && x.ctx.Err() == nil {
			w.observer.Event(Event{Resource: s.listing.name, Type: EventError, Bytes: x.body.bytes - read, Time: time.Now()})
		}
		if err != nil {
			return x.broken(s, err)
		}
		for _, c := range changes {
			began := s.starting
			counted, err := l.apply(s, c, x.sent.Echoed)
			if err != nil {
				return wrongSum(err)
			}
			live := counted && !began && s.role == boundStream && newer(c.version, s.told) && l.shows(c.node)
			w.observer.Event(Event{
				Resource: s.listing.name, Type: c.kind, Bytes: x.body.bytes - read, Time: time.Now(),
				Bound: live && c.kind == EventAdded, Left: live && c.kind == EventDeleted,
			})
			if part += x.body.bytes - read; s.starting && part >= partBytes {
				part = 0
				s.came()
			}
			read = x.body.bytes
			if s.starting && c.kind == EventAdded {
				idle.Reset(maxIdleStart)
			}
			if bookmarked = bookmarked || c.kind == EventBookmark; bookmarked {
				silence.Reset(maxSilence)
			}
		}
	}
}

// quiet returns for how much longer nothing may come, and whether the server has ever sent the
// stream a bookmark.
func (l *live) quiet(s *stream) (left time.Duration, bookmarked bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maxQuiet - time.Since(s.seen), s.bookmarks
}

// broken returns the error of a stream whose events cannot be read any further.
func (x *exchange) broken(s *stream, err error) error {
	var failure *PageError
	switch cause := context.Cause(x.ctx); {
	case errors.Is(cause, errSilent), errors.Is(cause, errIdleStart):
		return &PageError{Reason: Timeout, Err: cause}
	case errors.As(err, &failure) && failure.Reason == Expired && !errors.Is(cause, failure):
		return failure // although the session may have ended meanwhile
	case errors.Is(cause, errOverdue) && !s.starting:
		return io.EOF // its time is over, whoever notices; what was cut comes again
	case cause != nil: // which may be the failure of a page, and is what net/http gives
		return x.failed("reading the events", err)
	case errors.As(err, &failure):
		return failure
	case x.body.err != nil:
		return x.failed("reading the events", x.body.err)
	case errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
		return io.EOF
	case errors.Is(err, io.ErrUnexpectedEOF):
		return &PageError{Reason: Network, Err: fmt.Errorf("reading the events: %w", err)}
	default:
		return malformed(err)
	}
}
