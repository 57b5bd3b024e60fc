package cluster

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"sync"
)

// execSlots bounds the requests that a hanging credential plugin can hold up.
const execSlots = 4

// withoutStderr runs build while os.Stderr leads nowhere. client-go hands the
// os.Stderr that it finds to every run of a credential plugin, and what plugins
// print there (a login link, a dump of the answer) would reach the log
// unredacted. There is no other way to set it.
func withoutStderr(build func() error) error {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("silencing the credential plugin: %w", err)
	}
	// null stays open: the plugin writes to it for as long as the client lives.
	stderr := os.Stderr
	os.Stderr = null
	defer func() { os.Stderr = stderr }()
	return build()
}

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

// RoundTrip sends req, and gives up when its context ends, whatever the plugin
// does. By then net/http has nothing to do with req any more.
func (t *interruptible) RoundTrip(req *http.Request) (*http.Response, error) {
	g := &gate{}
	ctx := context.WithValue(req.Context(), gateKey{}, g)
	select {
	case t.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	answers := make(chan answer)
	go t.roundTrip(ctx, req.WithContext(ctx), answers)
	select {
	case a := <-answers:
		return a.resp, a.err
	case <-ctx.Done():
		g.shut()
		return nil, ctx.Err()
	}
}

// roundTrip hands over the answer, or closes it when nobody waits any more.
func (t *interruptible) roundTrip(ctx context.Context, req *http.Request, answers chan<- answer) {
	defer func() { <-t.slots }()
	resp, err := t.next.RoundTrip(req)
	select {
	case answers <- answer{resp, err}:
	case <-ctx.Done():
		if resp != nil {
			_ = resp.Body.Close()
		}
	}
}

// WrappedRoundTripper is how client-go's helpers look through wrappers.
func (t *interruptible) WrappedRoundTripper() http.RoundTripper { return t.next }

// gate is what a request that a plugin may hold up passes on its way to
// net/http. The caller's httptrace hooks must not be called after its RoundTrip.
type gate struct {
	mu   sync.Mutex // held while net/http has the request
	gone bool
}

// shut waits for net/http, which ends with the request's context, and lets the
// request pass no more.
func (g *gate) shut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.gone = true
}

// gateKey is where a request's context has its gate.
type gateKey struct{}

// gated is the transport behind the gates.
type gated struct{ next http.RoundTripper }

// RoundTrip sends req, unless nobody waits for it any more.
func (t *gated) RoundTrip(req *http.Request) (*http.Response, error) {
	g, ok := req.Context().Value(gateKey{}).(*gate)
	if !ok {
		return t.next.RoundTrip(req)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.gone {
		return nil, req.Context().Err()
	}
	return t.next.RoundTrip(req)
}

// WrappedRoundTripper is how client-go's helpers look through wrappers.
func (t *gated) WrappedRoundTripper() http.RoundTripper { return t.next }
