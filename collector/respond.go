package collector

import (
	"compress/gzip"
	"errors"
	"net/http"
	"time"
)

const (
	// encoders are how many answers are encoded at once. Encoding is what takes
	// memory: several times what the answer has, 50 MB for 133,000 series.
	encoders = 1
	// slotWait is how long an answer waits for others to be done before it is
	// refused: many scrapes end their wait for counts at the same moment.
	slotWait = time.Second
)

// responder bounds what answers take together. Requests that wait for counts
// are not bounded: they take next to nothing.
type responder struct {
	slots    chan struct{}     // held while an answer is encoded and sent; nil is no limit
	encoders chan *gzip.Writer // one is held while it is encoded; they are larger than most answers
}

func newResponder(limit int) *responder {
	r := &responder{encoders: make(chan *gzip.Writer, encoders)}
	for range encoders {
		zip, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed) // the level is valid, and there is no other error
		r.encoders <- zip
	}
	if limit > 0 {
		r.slots = make(chan struct{}, limit)
	}
	return r
}

// errBusy is for a client that finds all slots taken.
var errBusy = errors.New("too many answers are being sent (--web.max-requests): try again later")

// respond has encode write an answer into memory and sends it to the client. A slow
// client holds its own slot only. It returns how long that took: encoding, with the wait for others', and sending,
// up to as long again, since a client that does not read says nothing of other
// answers. With an error, errBusy for one, nothing was sent. The request's
// context has no say: it ends with the process, and who waited for a count is to
// have an answer then.
func (r *responder) respond(w http.ResponseWriter, request *http.Request, encode func(http.ResponseWriter)) (time.Duration, error) {
	if err := r.enter(); err != nil {
		return 0, err
	}
	defer r.leave()
	began := time.Now()
	answer, err := r.encode(encode)
	if err != nil {
		return 0, err
	}
	encoded := time.Now()
	answer.send(w, request)
	took := encoded.Sub(began)
	return took + min(took, time.Since(encoded)), nil
}

func (r *responder) enter() error {
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
	}
}

func (r *responder) leave() {
	if r.slots != nil {
		<-r.slots
	}
}

func (r *responder) encode(encode func(http.ResponseWriter)) (*spool, error) {
	zip := <-r.encoders
	defer func() { r.encoders <- zip }()
	answer := newSpool(zip)
	encode(answer)
	return answer, answer.close()
}
