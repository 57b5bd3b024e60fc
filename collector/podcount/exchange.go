package podcount

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"

	"github.com/kube-node-manager/pod_count_exporter/collector/redact"
)

const (
	// maxStatusBytes bounds the body of an answer that is an error.
	maxStatusBytes = 64 << 10
	// readyBytes is how much of an answer must have arrived before it takes a place:
	// a server that sends byte by byte takes none.
	readyBytes = 4 << 10
)

var (
	errConnectionLost = errors.New("the connection was lost before an answer came")
	errBusy           = errors.New("this process is busy")
	errStillHangs     = errors.New("an earlier request has yet to end: the server is silent, or a credential plugin or token file hangs")
)

// exchange is one request and its answer, with everything that they may hold: a
// goroutine, a connection, a place in the gate. It ends at the page's deadline,
// whatever the transport, a file or the server does: the deadline itself closes the
// connection, and a transport that does not return is left behind.
type exchange struct {
	ctx     context.Context
	end     context.CancelCauseFunc
	timeout time.Duration
	began   time.Time   // later by the time for which it has waited for a place
	timer   *time.Timer // calls end at the deadline
	lane    chan struct{}
	stays   func(cause error) bool // says whether the connection outlives an exchange that ends so; may be nil
	sent    *redact.Exchange
	body    wire // what the answer is read from

	// A transport may work in goroutines of its own.
	connecting, requested atomic.Bool
	conn                  atomic.Pointer[net.Conn] // that the request is sent on
	unhook                func() bool
}

// newExchange begins an exchange that ends after the timeout. Its request is sent in
// the lane. stays may be nil.
func newExchange(ctx context.Context, timeout time.Duration, lane chan struct{}, stays func(error) bool) *exchange {
	x := &exchange{timeout: timeout, began: time.Now(), lane: lane, stays: stays}
	ctx, x.sent = redact.NewExchange(ctx)
	x.ctx, x.end = context.WithCancelCause(httptrace.WithClientTrace(ctx, x.trace()))
	x.timer = time.AfterFunc(x.timeout, func() { x.end(context.DeadlineExceeded) })
	x.unhook = context.AfterFunc(x.ctx, x.ended) // which reads ctx, so nothing sets it later
	return x
}

// close ends the exchange. The connection stays, unless it was hung up.
func (x *exchange) close() {
	x.timer.Stop()
	if x.unhook() && x.ctx.Err() != nil { // it ended just now, and ended was not called
		x.ended()
	}
	x.end(nil)
}

// ended closes the connection of an exchange that was ended on this side, unless it is
// to stay. One that was lost is broken, or has refused only this request.
func (x *exchange) ended() {
	cause := context.Cause(x.ctx)
	if (x.stays == nil || !x.stays(cause)) && !errors.Is(cause, errConnectionLost) {
		x.hangUp()
	}
}

// trace keeps net/http from repeating, on its own, a request whose connection broke:
// all attempts are made, counted and waited for in nextPage.
func (x *exchange) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GetConn: func(string) {
			x.connecting.Store(true)
			if x.requested.Load() {
				x.end(errConnectionLost)
			}
		},
		GotConn: func(got httptrace.GotConnInfo) {
			if !x.requested.Load() { // net/http gets another one, or the same, although the exchange has ended
				x.conn.Store(&got.Conn)
			}
		},
		WroteHeaders: func() { x.requested.Store(true) },
	}
}

// hangUp closes the connection. Nothing else ends reads after status 101, where the
// connection itself is the body. Over HTTP/2, a connection would outlive its request,
// even if it never answers.
func (x *exchange) hangUp() {
	if conn := x.conn.Load(); conn != nil && *conn != nil {
		// The connection may be closed already; then nothing is lost. TLS would first
		// wait to send its goodbye, and block reads meanwhile.
		_ = (*conn).SetDeadline(time.Unix(1, 0))
		_ = (*conn).Close()
	}
}

// send returns when the headers of the answer have arrived, or at the deadline. A
// RoundTrip that reads a file or runs a plugin may hang longer. The next one waits
// until it ends, so that at most one is left behind.
func (x *exchange) send(client *http.Client, request *http.Request) (*http.Response, error) {
	select {
	case x.lane <- struct{}{}:
	case <-x.ctx.Done():
		return nil, fmt.Errorf("%w: %w", errStillHangs, context.Cause(x.ctx))
	}
	type outcome struct {
		response *http.Response
		err      error
	}
	outcomes := make(chan outcome)
	go func() {
		defer func() { <-x.lane }()
		response, err := do(client, request)
		select {
		case outcomes <- outcome{response, err}:
		case <-x.ctx.Done():
			if err == nil {
				_ = response.Body.Close()
			}
		}
	}()
	select {
	case o := <-outcomes:
		return o.response, o.err
	case <-x.ctx.Done():
		return nil, context.Cause(x.ctx)
	}
}

// do sends the request. It turns a panic into an error: on its own goroutine nobody
// else can, and the panic would end the whole process.
func do(client *http.Client, request *http.Request) (response *http.Response, err error) {
	defer func() {
		if value := recover(); value != nil {
			response, err = nil, fmt.Errorf("the transport panicked (%T)", value)
		}
	}()
	return client.Do(request)
}

// ready returns the body of the answer once it has begun to arrive.
func (x *exchange) ready(response *http.Response) io.Reader {
	whole, status := io.Reader(response.Body), response.StatusCode
	if status == http.StatusSwitchingProtocols {
		return http.NoBody // what follows is not HTTP
	}
	if status != http.StatusOK {
		whole = io.LimitReader(whole, maxStatusBytes)
	}
	body := bufio.NewReaderSize(whole, readyBytes)
	_, _ = body.Peek(readyBytes) // a later Read returns the error
	return body
}

// enter waits for a place in which to read the answer, at most as long as a page may
// take. The deadline is put off by the wait.
func (x *exchange) enter(gate Gate, begun bool) (place Place, err error) {
	x.timer.Stop() // if it has fired, the context has ended, and nobody waits
	start := time.Now()
	wait, cancel := context.WithTimeout(x.ctx, x.timeout)
	defer cancel()
	place, err = gate.Enter(wait, begun, func() { x.end(errSlowAnswer) })
	x.timer.Reset(max(1, x.timeout-start.Sub(x.began))) // see sleep
	x.began = x.began.Add(time.Since(start))
	return place, err
}

// failed is the failure of an exchange without a complete answer. If the exchange was
// ended on this side, that is reported, whatever the transport made of it.
func (x *exchange) failed(doing string, err error) *PageError {
	connecting := x.connecting.Load()
	if x.ctx.Err() != nil && !errors.Is(err, errStillHangs) {
		if err = context.Cause(x.ctx); !connecting {
			doing = "getting credentials"
		}
	}
	return &PageError{Reason: classifyTransport(err, connecting), Err: fmt.Errorf("%s: %w", doing, err)}
}
