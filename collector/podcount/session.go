package podcount

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	utilnet "k8s.io/apimachinery/pkg/util/net"
)

// restartError ends a session: what the streams add up to is lost or wrong, and the
// cluster is listed again.
type restartError struct {
	reason WatchEnd
	err    error
}

// Error is what the cause says.
func (e *restartError) Error() string { return e.err.Error() }

// Unwrap gives the cause.
func (e *restartError) Unwrap() error { return e.err }

var errInconsistent = errors.New("the pages of the start show several resourceVersions")

// wrongSum is the end of a stream with an event that cannot be made part of the sums.
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
		return &restartError{EndMalformed, malformed(err)}
	}
}

// session is the time from one start to the next: a paged count, and the streams from
// its resourceVersion on.
type session struct {
	w      *Watcher
	live   *live
	ctx    context.Context
	end    context.CancelCauseFunc
	group  sync.WaitGroup
	cancel map[*stream]context.CancelFunc
	last   *Snapshot // that was published; guarded by the observer's lock
}

// panicked carries a panic from a goroutine of a session to the one that counts.
type panicked struct{ value any }

// Error names the kind of the value only: it may hold an answer.
func (p *panicked) Error() string { return fmt.Sprintf("following the cluster panicked (%T)", p.value) }

// session starts and follows until something ends it, and returns what.
func (w *Watcher) session(ctx context.Context) error {
	f := &session{w: w, cancel: make(map[*stream]context.CancelFunc)}
	f.ctx, f.end = context.WithCancelCause(ctx)
	err := f.begin()
	if err == nil {
		f.run(f.publishing)
		f.run(f.maintain)
		<-f.ctx.Done()
	}
	f.end(err)
	f.group.Wait()
	utilnet.CloseIdleConnectionsFor(w.streams.Transport)
	err = context.Cause(f.ctx) // what came first
	var fault *panicked
	if errors.As(err, &fault) {
		panic(fault.value)
	}
	f.close(ctx, err)
	return err
}

// close keeps the streams' sums for a Watcher that goes on, if nothing is wrong with
// them, and says else that they are not followed any more.
func (f *session) close(ctx context.Context, err error) {
	if f.live == nil {
		return
	}
	if f.live.based && !f.live.broken && ctx.Err() != nil && errors.Is(context.Cause(f.ctx), context.Cause(ctx)) {
		f.w.kept = f.live
		return
	}
	f.w.observer.Publish(func() *Snapshot { return f.interrupted(err) })
	f.live.drop()
}

// run has do run beside the others. Its error, or its panic, ends the session.
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

// begin makes what is followed: that which an earlier Count of the same server left,
// or a new start.
func (f *session) begin() error {
	if kept := f.w.kept; kept != nil {
		f.w.kept, f.live = nil, kept
		for _, s := range kept.streams {
			f.open(s)
		}
		return nil
	}
	f.live = newLive(f.w.account, f.w.cfg)
	start := f.listed
	if f.w.stale >= 2 {
		start = f.streamed
	}
	if err := start(); err != nil {
		return err
	}
	f.w.stale, f.w.refused = 0, ""
	f.w.observer.Watched(Watched{Following: true})
	f.publish(false)
	return nil
}

// open follows a stream.
func (f *session) open(s *stream) {
	ctx, cancel := context.WithCancel(f.ctx)
	f.cancel[s] = cancel
	f.run(func() error { return f.follow(ctx, s) })
}

// publish publishes what there is now.
func (f *session) publish(update bool) {
	f.w.observer.Publish(func() *Snapshot {
		f.last = f.live.snapshot(update)
		return f.last
	})
}

// interrupted is the last snapshot of streams that are not followed any more because
// of err: what came after it may be wrong. It is nil before there was one.
func (f *session) interrupted(err error) *Snapshot {
	if f.last == nil {
		return nil
	}
	s := *f.last
	s.Update, s.Interrupted = true, err
	return &s
}

const (
	// publishPause is how often what the events changed is published, at the most:
	// putting a snapshot together costs as much as the cluster has nodes.
	publishPause = 200 * time.Millisecond
	// publishShare is the part of the time that may go into that.
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
