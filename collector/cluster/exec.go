package cluster

import (
	"context"
	"fmt"
	"net/http"
)

// execSlots bounds the requests that a hanging credential plugin can hold up.
const execSlots = 4

// interruptible makes requests end with their context. client-go runs a
// credential plugin within a request but without its context, so a plugin that
// hangs would hold up a page for ever, and the shutdown with it.
type interruptible struct {
	next  http.RoundTripper
	slots chan struct{}
}

func newInterruptible(next http.RoundTripper) *interruptible {
	return &interruptible{next: next, slots: make(chan struct{}, execSlots)}
}

type answer struct {
	resp *http.Response
	err  error
}

// RoundTrip sends req, and gives up when its context ends, whatever the
// transport does.
func (t *interruptible) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx := req.Context()
	select {
	case t.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	answers := make(chan answer)
	go t.roundTrip(ctx, req, answers)
	select {
	case a := <-answers:
		return a.resp, a.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// roundTrip hands over the answer, or closes it when nobody waits any more.
func (t *interruptible) roundTrip(ctx context.Context, req *http.Request, answers chan<- answer) {
	defer func() { <-t.slots }()
	resp, err := t.safely(req)
	select {
	case answers <- answer{resp, err}:
	case <-ctx.Done():
		if resp != nil {
			_ = resp.Body.Close()
		}
	}
}

// safely turns a panic into an error: on this goroutine nobody else can, and it
// would end the other clusters too.
func (t *interruptible) safely(req *http.Request) (resp *http.Response, err error) {
	defer func() {
		if value := recover(); value != nil {
			resp, err = nil, fmt.Errorf("the credential plugin's transport panicked (%T)", value)
		}
	}()
	return t.next.RoundTrip(req)
}

// WrappedRoundTripper is how client-go's helpers look through wrappers.
func (t *interruptible) WrappedRoundTripper() http.RoundTripper { return t.next }
