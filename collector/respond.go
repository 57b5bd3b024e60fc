package collector

import (
	"context"
	"errors"
	"net/http"
	"time"
)

const (
	// encoders are how many answers are encoded at once. Encoding is what takes
	// memory: several times what the answer has.
	encoders = 2
	// slotWait is how long an answer waits for others to be done before it is
	// refused: many scrapes end their wait for counts at the same moment.
	slotWait = time.Second
)

// responder bounds what answers take together. Requests that wait for counts
// are not bounded: they take next to nothing.
type responder struct {
	slots    chan struct{} // held while an answer is encoded and sent; nil is no limit
	encoders chan struct{} // held while it is encoded
}

func newResponder(limit int) *responder {
	r := &responder{encoders: make(chan struct{}, encoders)}
	if limit > 0 {
		r.slots = make(chan struct{}, limit)
	}
	return r
}

// errBusy is for a client that finds all slots taken.
var errBusy = errors.New("too many answers are being sent (--web.max-requests): try again later")

// respond has encode write an answer and sends it to the client, which nothing
// but its own slot waits for: the answer is complete in memory by then. It
// returns how long the client's answer took to be encoded, the wait for other
// answers' encoding included; or errBusy, or the context's error, when nothing
// was sent.
func (r *responder) respond(w http.ResponseWriter, request *http.Request, encode func(http.ResponseWriter)) (time.Duration, error) {
	if err := r.enter(request.Context()); err != nil {
		return 0, err
	}
	defer r.leave()
	began := time.Now()
	answer, err := r.encode(request.Context(), encode)
	if err != nil {
		return 0, err
	}
	took := time.Since(began)
	answer.send(w, request)
	return took, nil
}

func (r *responder) enter(ctx context.Context) error {
	if r.slots == nil {
		return nil
	}
	timer := time.NewTimer(slotWait)
	defer timer.Stop()
	select {
	case r.slots <- struct{}{}:
		return nil
	case <-timer.C:
		return errBusy
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (r *responder) leave() {
	if r.slots != nil {
		<-r.slots
	}
}

func (r *responder) encode(ctx context.Context, encode func(http.ResponseWriter)) (*spool, error) {
	select {
	case r.encoders <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-r.encoders }()
	answer := newSpool()
	encode(answer)
	return answer, answer.close()
}
