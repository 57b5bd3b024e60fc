package podcount

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// restartError ends a session: what the streams add up to is lost or wrong, and the
// cluster is listed again.
type restartError struct {
	reason WatchEnd
	err    error
}

// Error is the text of the cause.
func (e *restartError) Error() string { return e.err.Error() }

// Unwrap gives the cause.
func (e *restartError) Unwrap() error { return e.err }

var errInconsistent = errors.New("the pages of the start show several resourceVersions")

// wrongSum returns the error for an event that cannot be applied. It ends the session.
func wrongSum(err error) error {
	var restart *restartError
	switch {
	case errors.As(err, &restart):
		return err
	case errors.Is(err, errUnfiltered):
		return &unwatchableError{err}
	case errors.Is(err, errNegative):
		return &restartError{EndDrift, err}
	default:
		return &restartError{EndMalformed, &PageError{Resource: Pods, Reason: Malformed, Err: err}}
	}
}

// session is the time from one start to the next: a paged count, and the streams that
// begin at its resourceVersion.
type session struct {
	w      *Watcher
	live   *live
	ctx    context.Context
	end    context.CancelCauseFunc
	group  sync.WaitGroup
	cancel map[*stream]context.CancelCauseFunc
	last   *Snapshot // that was published; guarded by the observer's lock

	progress chan struct{} // has a value when a stream was opened for the first time
}

// panicked carries a panic from a goroutine of a session to the goroutine that
// counts.
type panicked struct{ value any }

// Error shows only the type of the value, which may contain an answer.
func (p *panicked) Error() string { return fmt.Sprintf("following the cluster panicked (%T)", p.value) }

// session starts and follows the cluster until an error ends that. It returns the error,
// and for how long the cluster was followed.
func (w *Watcher) session(ctx context.Context) (followed time.Duration, err error) {
	f := &session{w: w, cancel: make(map[*stream]context.CancelCauseFunc), progress: make(chan struct{}, 1)}
	f.ctx, f.end = context.WithCancelCause(ctx)
	if err = f.begin(); err == nil {
		began := time.Now()
		f.run(f.publishing)
		f.run(f.maintain)
		<-f.ctx.Done()
		followed = time.Since(began)
	}
	f.end(err)
	f.group.Wait()
	err = context.Cause(f.ctx) // the first error
	var fault *panicked
	if errors.As(err, &fault) {
		panic(fault.value)
	}
	f.close(ctx, err)
	return followed, err
}

// close keeps the state for a Watcher that goes on, if nothing is wrong with it, and
// otherwise reports that the cluster is not followed any more.
func (f *session) close(ctx context.Context, err error) {
	if f.live == nil {
		return
	}
	ours := ctx.Err() != nil && errors.Is(context.Cause(f.ctx), context.Cause(ctx))
	if ours && !f.live.broken && (f.live.based || f.live.start != nil && f.live.start == f.w.suspended) {
		f.w.inherited = f.live
		return
	}
	if run := f.w.suspended; run != nil {
		run.told = f.live.told()
	}
	f.w.observer.Publish(func() *Snapshot { return f.interrupted(err) })
	f.live.drop()
}

// run runs do beside the other goroutines of the session. Its error, or its panic,
// ends the session.
func (f *session) run(do func() error) {
	f.group.Go(func() {
		defer func() {
			if value := recover(); value != nil {
				f.end(&panicked{value})
			}
		}()
		if err := do(); err != nil {
			f.end(err)
		}
	})
}

// begin takes over the state that an earlier Count for the same server left, or makes
// a new start.
func (f *session) begin() error {
	start := f.listed
	if f.w.inherited != nil {
		f.reopen()
		if f.live.based {
			return nil
		}
	} else {
		f.live, f.w.owed = newLive(f.w.account, f.w.cfg), false
		if f.w.stale >= maxStale {
			start = f.streamed
		}
	}
	if err := start(); err != nil {
		return err
	}
	f.w.stale = 0
	f.w.observer.Watched(Watched{Following: true})
	f.publish(false)
	return nil
}

// reopen takes over the state that an earlier Count left, and opens its streams again.
// Those that have been closed for longest, or were never open, come first: there may be time
// for some of them only.
func (f *session) reopen() {
	f.live, f.w.inherited = f.w.inherited, nil
	f.live.forget()
	f.last = f.live.snapshot(true) // what is shown, until this session publishes
	streams := slices.Clone(f.live.streams)
	slices.SortStableFunc(streams, func(a, b *stream) int { return a.advanced.Compare(b.advanced) })
	for i, s := range streams {
		f.live.noteEnded(s, errNewCredentials) // until it is open
		f.openAfter(s, time.Duration(i)*time.Millisecond)
	}
}

// open begins to follow a stream.
func (f *session) open(s *stream) { f.openAfter(s, 0) }

// openAfter does so after a wait, so that several streams take their turns in order.
func (f *session) openAfter(s *stream, wait time.Duration) {
	ctx, cancel := context.WithCancelCause(f.ctx)
	f.cancel[s] = cancel
	f.run(func() error {
		if sleep(ctx, wait) != nil {
			return nil
		}
		return f.follow(ctx, s)
	})
}

// publish publishes the present state, if it is known.
func (f *session) publish(update bool) {
	f.w.observer.Publish(func() *Snapshot {
		s := f.live.snapshot(update)
		if s != nil {
			f.last = s
		}
		return s
	})
}

// interrupted returns the last snapshot, marked with err, because of which the
// streams are not followed any more: later events may be wrong. It is nil before the
// first snapshot.
func (f *session) interrupted(err error) *Snapshot {
	if f.last == nil {
		return nil
	}
	s := *f.last
	s.Update, s.Interrupted = true, err
	return &s
}

const (
	// publishPause is the shortest time between two snapshots of what events changed.
	// Making one takes time in proportion to the nodes.
	publishPause = 200 * time.Millisecond
	// publishShare limits the time for that: one part in so many.
	publishShare = 20
)

// publishing publishes what the events change.
func (f *session) publishing() error {
	for {
		select {
		case <-f.ctx.Done():
			return nil
		case <-f.live.changed:
		}
		began := time.Now()
		f.publish(true)
		if sleep(f.ctx, max(publishPause, publishShare*time.Since(began))) != nil {
			return nil // the session has ended
		}
	}
}
