//go:build e2e

package e2e

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"testing"
)

// fault answers in place of the API server, whose answer is a.
type fault func(w http.ResponseWriter, r *http.Request, a answer)

// connection is where a request's context keeps its connection.
type connection struct{}

// reset breaks the connection before the header, with a RST: everything else
// on it breaks too. It does not return.
func reset(_ http.ResponseWriter, r *http.Request, _ answer) {
	if secure, ok := r.Context().Value(connection{}).(*tls.Conn); ok {
		if tcp, ok := secure.NetConn().(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // fails only on a connection that is gone already
			_ = tcp.Close()
		}
	}
	panic(http.ErrAbortHandler)
}

// silence gives no answer at all. It ends when the exporter gives up, or else
// the proxy could not be closed.
func silence(_ http.ResponseWriter, r *http.Request, _ answer) { <-r.Context().Done() }

// stall gives half the answer, and then nothing more.
func stall(w http.ResponseWriter, r *http.Request, a answer) {
	half(w, a)
	<-r.Context().Done()
}

// cut breaks the stream within the body.
func cut(w http.ResponseWriter, _ *http.Request, a answer) {
	half(w, a)
	panic(http.ErrAbortHandler)
}

// shorten gives half the answer, and ends it as if that were all.
func shorten(w http.ResponseWriter, _ *http.Request, a answer) { half(w, a) }

// half sends the first half of an answer, so that it is on its way when the
// other half fails.
func half(w http.ResponseWriter, a answer) {
	a.header.Del("Content-Length")
	a.body = a.body[:len(a.body)/2]
	a.write(w)
	_ = http.NewResponseController(w).Flush() // an exporter that has gone sees no fault
}

// status refuses with a code, in the plain text of a proxy or of the API
// server's own priority and fairness.
func status(code int, header ...string) fault {
	return func(w http.ResponseWriter, _ *http.Request, _ answer) {
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		http.Error(w, http.StatusText(code), code)
	}
}

// hold keeps the first request that asks for a page of pods back before the API
// server sees it.
type hold struct {
	number  int
	reached chan struct{}
	release func()
	ctx     context.Context // ends with the release
}

// holdAt keeps the next request for the page with this number until the hold is
// released.
func (p *faultProxy) holdAt(t *testing.T, number int) *hold {
	t.Helper()
	ctx, release := context.WithCancel(t.Context())
	h := &hold{number: number, reached: make(chan struct{}), release: release, ctx: ctx}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hold = h
	return h
}

// wait keeps a request if there is a hold for its page.
func (p *faultProxy) wait(ctx context.Context, asked page) {
	h := p.takeHold(asked)
	if h == nil {
		return
	}
	close(h.reached)
	select {
	case <-h.ctx.Done():
	case <-ctx.Done():
	}
}

func (p *faultProxy) takeHold(asked page) *hold {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.hold == nil || asked.resource != "pods" || asked.number != p.hold.number {
		return nil
	}
	h := p.hold
	p.hold = nil
	return h
}

// await returns when the page has been asked for and is held.
func (h *hold) await(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), startLimit)
	defer cancel()
	select {
	case <-h.reached:
	case <-ctx.Done():
		t.Fatalf("page %d has not been asked for in %s", h.number, startLimit)
	}
}
