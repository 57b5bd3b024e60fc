package collector

import (
	"compress/gzip"
	"context"
	"errors"
	"net/http"
	"time"

	"golang.org/x/sync/semaphore"
)

const (
	// encoders is how many answers are encoded at once. Each takes memory for some 80
	// series of every cluster, and a core.
	encoders = 1
	// slotWait is how long an answer waits for a slot before it is refused: many
	// scrapes end their wait for counts at the same moment.
	slotWait = time.Second
	// sendingBytes is how much memory the answers take that are being sent: some two
	// million series, compressed.
	sendingBytes = 16 << 20
	// fewBytes is up to which size any number of answers may wait until there is memory
	// for them. Of larger ones, which take it while they wait, one at a time may.
	fewBytes = 64 << 10
)

// responder limits how many answers are encoded and sent at once. Requests that wait
// for counts are not limited: they take some 100 bytes for each cluster.
type responder struct {
	slots    chan struct{}     // held while an answer is encoded and sent; nil is no limit
	encoders chan *gzip.Writer // one is taken while an answer is encoded; a writer is larger than most answers
	sending  *semaphore.Weighted
	waiting  chan struct{} // has a value while a large answer waits until it may be sent
}

func newResponder(limit int) *responder {
	r := &responder{encoders: make(chan *gzip.Writer, encoders), sending: semaphore.NewWeighted(sendingBytes), waiting: make(chan struct{}, 1)}
	for range encoders {
		zip, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed) // the level is valid, and there is no other error
		r.encoders <- zip
	}
	if limit > 0 {
		r.slots = make(chan struct{}, limit)
	}
	return r
}

var (
	errBusy  = errors.New("too many answers are being sent (--web.max-requests): try again later")
	errLarge = errors.New("too many large answers are being sent: try again later")
)

// respond has encode write an answer into memory, and sends it to the client. A slow
// client keeps its own slot and holds up nobody else.
// The durations are that of the wait for an encoder, and that of encoding and sending;
// sending counts for no more than encoding did, since one client that does not read says
// nothing about the others. With an error, such as errBusy, nothing was sent.
// The request's context is ignored on purpose: it ends with the process, and a client
// that waited for a count is to have its answer even then.
func (r *responder) respond(w http.ResponseWriter, request *http.Request, encode func(http.ResponseWriter)) (waited, took time.Duration, err error) {
	if err := r.enter(); err != nil {
		return 0, 0, err
	}
	defer r.leave()
	began := time.Now()
	answer, waited, err := r.encode(encode)
	if err != nil {
		return 0, 0, err
	}
	encoded := time.Now()
	size := min(answer.body.size, sendingBytes)
	if !r.admit(size) {
		return 0, 0, errLarge
	}
	defer r.sending.Release(size)
	answer.send(w, request)
	took = encoded.Sub(began) - waited
	return waited, took + min(took, time.Since(encoded)), nil
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

// admit says whether there is room for an answer of that size among those that are sent.
func (r *responder) admit(size int64) bool {
	if r.sending.TryAcquire(size) {
		return true
	}
	if size > fewBytes {
		select {
		case r.waiting <- struct{}{}:
			defer func() { <-r.waiting }()
		default:
			return false
		}
	}
	wait, cancel := context.WithTimeout(context.Background(), slotWait)
	defer cancel()
	return r.sending.Acquire(wait, size) == nil
}

func (r *responder) leave() {
	if r.slots != nil {
		<-r.slots
	}
}

// encode returns the answer, and how long it waited for an encoder. It gives that back,
// even if encoding panics.
func (r *responder) encode(encode func(http.ResponseWriter)) (answer *spool, waited time.Duration, err error) {
	began := time.Now()
	zip := <-r.encoders
	defer func() { r.encoders <- zip }()
	waited = time.Since(began)
	answer = newSpool(zip)
	encode(answer)
	return answer, waited, answer.close()
}
