package podcount

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"
)

// reopenGrace is how long a stream may be closed before the cluster counts as not
// followed: the server closes every stream after some minutes.
const reopenGrace = time.Second

// reloadGrace is the same after a change of credentials, until a stream fails: many
// credential plugins take some seconds.
const reloadGrace = 10 * time.Second

var errShortStreams = errors.New("the server keeps closing its streams within a minute")

// follow keeps a stream open: each time it ends, it is opened again at the
// resourceVersion it had come to. An error ends the session.
func (f *session) follow(ctx context.Context, s *stream) error {
	var refused time.Time // when the server began to refuse; zero if it does not
	closed := time.Now()
	defer f.live.refused.note(s, nil)
	for failures := 0; ; {
		var opened time.Time
		f.live.refused.turn(ctx, s)
		err := f.w.stream(ctx, f.live, s, failures, func() {
			opened, refused = time.Now(), time.Time{}
			f.live.refused.note(s, nil)
			f.noteOpened(s)
		})
		if ctx.Err() != nil {
			return nil // the session has ended, or another stream has taken its place
		}
		f.live.refused.note(s, err)
		lived := !opened.IsZero() && f.live.lived(s, opened, err)
		if failures++; lived {
			failures = 0
		}
		if err := f.sessionEnd(s, err, opened, lived); err != nil {
			return err
		}
		if !opened.IsZero() {
			closed = time.Now()
		}
		failed := !errors.Is(err, io.EOF)
		if failed {
			f.live.noteFailed(s, closed)
			if !f.live.takesTurns(err) && f.staysClosed(s, closed) {
				return &unwatchableError{err}
			}
		}
		if refusesWatch(err) {
			if refused.IsZero() {
				refused = time.Now()
			}
			if !s.wasOpen() || time.Since(refused) >= refusalLife {
				return &unwatchableError{err}
			}
		}
		wait := f.pause(failures, err)
		f.w.observer.Watched(Watched{Ended: ended(s, err, wait)})
		f.live.noteEnded(s, err)
		if sleep(ctx, wait) != nil {
			return nil
		}
	}
}

// noteOpened notes that a stream is open. After failures the nodes are listed soon: the
// server may have another history now.
func (f *session) noteOpened(s *stream) {
	if !s.wasOpen() { // a stream that ends and is opened again brings no start further
		select {
		case f.progress <- struct{}{}:
		default:
		}
	}
	f.live.noteOpened(s)
	failed, since := f.live.recovered(s)
	if failed {
		f.live.listSoon()
	}
	if !since.IsZero() {
		f.w.observer.Watched(Watched{Reopened: &StreamReopened{Resource: s.listing.name, Away: time.Since(since)}})
	}
}

// lived says whether a stream that was opened at a time, and has ended with err, was of
// use for long enough. One that fell silent was until its latest event.
func (l *live) lived(s *stream, opened time.Time, err error) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	end := time.Now()
	if errors.Is(err, errSilent) {
		end = s.seen
	}
	return end.Sub(opened) >= shortStream
}

// staysClosed says whether a stream that was open stays closed although the same server
// has answered lists for a while. Where the nodes may not be listed, ten minutes are long
// enough.
func (f *session) staysClosed(s *stream, since time.Time) bool {
	if !s.wasOpen() {
		return false
	}
	answers, forbidden := f.live.answers()
	if forbidden {
		return time.Since(since) >= fallbackLife
	}
	return answers >= refusalLife
}

// answers returns for how long the server has answered each list of the nodes since the
// streams began to fail, and whether the nodes may not be listed. It has them listed soon,
// unless that has failed, and is repeated anyway.
func (l *live) answers() (lasting time.Duration, forbidden bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.listFailed == nil {
		l.listSoon()
	}
	if !l.answering.IsZero() {
		lasting = time.Since(l.answering)
	}
	return lasting, l.figures.NodesForbidden
}

// sessionEnd returns the error that ends the session, or nil if the stream may be
// opened again: never after an event that could not be applied, whatever its error has in it.
func (f *session) sessionEnd(s *stream, err error, opened time.Time, lived bool) error {
	var failure *PageError
	ends := errors.As(err, new(*restartError)) || errors.As(err, new(*unwatchableError))
	isPage := !ends && errors.As(err, &failure)
	expired := isPage && failure.Reason == Expired // only a new start helps
	brief := !opened.IsZero() && !lived && !expired
	f.live.mu.Lock() // shared with the other streams
	key := s.role.key(s.listing)
	if lived {
		f.w.shortStreams[key] = 0
	} else if brief {
		f.w.shortStreams[key]++
	}
	short := f.w.shortStreams[key]
	f.live.mu.Unlock()
	switch {
	case expired:
		return &restartError{EndExpired, err}
	case short >= maxShortStreams && errors.Is(err, io.EOF):
		return &unwatchableError{errShortStreams}
	case short >= maxShortStreams, s.starting && !ends:
		return &unwatchableError{err}
	case isPage, errors.Is(err, io.EOF):
		return nil
	default:
		return err
	}
}

// refusalLife is how long a stream that was open once may be refused before the
// Watcher gives it up: an API server that is starting forbids everything for a
// moment.
const refusalLife = time.Minute

// refusesWatch says whether opening the stream again cannot help: the account may
// list but not watch, or a proxy cannot pass streams on.
func refusesWatch(err error) bool {
	var failure *PageError
	if !errors.As(err, &failure) {
		return false
	}
	switch failure.code {
	case http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed:
		return true
	default:
		return failure.unknownForm()
	}
}

// wasOpen says whether the stream has been open.
func (s *stream) wasOpen() bool {
	select {
	case <-s.opened:
		return true
	default:
		return false
	}
}

// ended describes the end of a stream for the observer.
func ended(s *stream, err error, wait time.Duration) *StreamEnded {
	e := &StreamEnded{Resource: s.listing.name, Reason: EndClosed, Wait: wait}
	var failure *PageError
	if !errors.As(err, &failure) {
		return e
	}
	e.Failure, e.Reason = failure, WatchEnd(failure.Reason) // the other values are the same
	if failure.Reason == Timeout {
		e.Reason = EndSilent
	}
	return e
}
