package podcount

import "context"

// Gate gives out the places in which requests are under way. A request's own
// deadline begins once it has one, so waiting here is never taken for a slow
// API server.
type Gate interface {
	// Enter waits for a place, or ends with the context's error. begun says that
	// the count has pages already: the sooner it ends, the less likely it is that
	// its continue token expires.
	Enter(ctx context.Context, begun bool) error
	// Leave gives the place back, and says whether the request failed.
	Leave(failed bool)
}

// turn makes one attempt in a place of the gate. It gives the place back
// before the wait for the next attempt, and when the attempt panics. The error
// is the context's.
func (c *Counter) turn(ctx context.Context, w *walk, run *count, attempt int) (event Page, failure *PageError, err error) {
	gate := c.cfg.Gate
	if gate == nil {
		event, failure = c.attempt(ctx, w, run, attempt)
		return event, failure, nil
	}
	if err := gate.Enter(ctx, run.bytes > 0); err != nil {
		return Page{}, nil, err
	}
	failed := true
	defer func() { gate.Leave(failed) }()
	event, failure = c.attempt(ctx, w, run, attempt)
	failed = failure != nil
	return event, failure, nil
}
