package podcount

import (
	"context"
	"errors"
	"sync"
	"time"
)

// refusedWait is the longest wait until credentials that were refused are asked with again.
const refusedWait = time.Minute

// refused has one stream alone ask with credentials that were refused, until it is answered
// otherwise: each time, a credential plugin may run, and an account may be locked.
type refused struct {
	mu   sync.Mutex
	asks *stream       // nil: all streams may
	over chan struct{} // closed when all may again
}

// turn waits until a stream may ask. One that starts does: if it fails, the start does.
func (r *refused) turn(ctx context.Context, s *stream) {
	for ctx.Err() == nil && !s.starting { // only the goroutine of the stream changes that
		r.mu.Lock()
		asks, over := r.asks, r.over
		r.mu.Unlock()
		if asks == nil || asks == s {
			return
		}
		select {
		case <-over:
		case <-ctx.Done():
		}
	}
}

// note notes how a stream was answered: err is nil when it is open or given up.
func (r *refused) note(s *stream, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch refuses := refusesCredentials(err); {
	case refuses && r.asks == nil:
		r.asks, r.over = s, make(chan struct{})
	case !refuses && r.asks == s:
		close(r.over)
		r.asks = nil
	}
}

// refusesCredentials says whether a request failed for its credentials.
func refusesCredentials(err error) bool {
	failure, failed := errors.AsType[*PageError](err)
	return failed && failure.Reason == Unauthorized
}

// pause returns how long to wait after failures in a row, the latest of which was err.
func (f *session) pause(failures int, err error) time.Duration {
	asked := time.Duration(0)
	if failure, failed := errors.AsType[*PageError](err); failed {
		asked = failure.retryAfter
	}
	if refusesCredentials(err) {
		asked = max(asked, min(refusedWait, firstBackoff<<min(failures, 16)))
	}
	if failures == 0 { // a stream that lived: it is only what the server asked for
		return asked
	}
	return backoff(failures, asked, f.w.cfg.Jitter())
}
