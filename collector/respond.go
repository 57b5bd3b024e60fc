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
	// preparedSlots is how many answers that must be prepared, or wait for that, have a
	// slot at once: however many readers pages have, the other slots are for scrapes.
	preparedSlots = 8
	// sendingBytes is how much memory the answers take that are being sent: some two
	// million series, compressed.
	sendingBytes = 16 << 20
)

// responder limits how many answers are encoded and sent at once. Requests that wait
// for counts are not limited: they take some 100 bytes for each cluster.
type responder struct {
	slots     chan struct{}     // held while an answer is encoded and sent; nil is no limit
	encoders  chan *gzip.Writer // one is taken while an answer is encoded; a writer is larger than most answers
	prepared  chan struct{}     // held by an answer that is prepared, before it takes a slot
	preparing chan struct{}     // held from before an answer is prepared until it is encoded
	sending   *semaphore.Weighted
}

func newResponder(limit int) *responder {
	r := &responder{encoders: make(chan *gzip.Writer, encoders), prepared: make(chan struct{}, preparedSlots), preparing: make(chan struct{}, 1), sending: semaphore.NewWeighted(sendingBytes)}
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
// client keeps its own slot and holds up nobody else. What takes long without an encoder is
// done by prepare, which may be nil: for one answer at a time, as each may be large, and
// while those that need nothing prepared, such as scrapes, are encoded.
// The durations are that of the wait for an encoder, and that of encoding and sending;
// sending counts for no more than encoding did, since one client that does not read says
// nothing about the others. With an error, such as errBusy, nothing was sent.
// The request's context is ignored on purpose: it ends with the process, and a client
// that waited for a count is to have its answer even then.
func (r *responder) respond(w http.ResponseWriter, request *http.Request, prepare func(), encode func(http.ResponseWriter)) (waited, took time.Duration, err error) {
	if prepare != nil { // only so many of the slots are ever theirs
		if err := enter(r.prepared); err != nil {
			return 0, 0, err
		}
		defer leave(r.prepared)
	}
	if err := enter(r.slots); err != nil {
		return 0, 0, err
	}
	defer leave(r.slots)
	var room int64 // that the answer has
	defer func() { r.sending.Release(room) }()
	answer, err := r.admitted(prepare, encode, &room)
	if err != nil {
		return 0, 0, err
	}
	began := time.Now()
	answer.send(w, request)
	return answer.waited, answer.took + min(answer.took, time.Since(began)), nil
}

// admitted returns an answer that has room among those that are sent. One that finds none
// is given up, and made again when there is: while it waits, it takes no memory.
func (r *responder) admitted(prepare func(), encode func(http.ResponseWriter), room *int64) (*spool, error) {
	answer, err := r.encode(prepare, encode)
	if err != nil || r.fits(answer, room) {
		return answer, err
	}
	size := min(answer.room()*17/16+pieceSize, sendingBytes) // it may be larger the next time
	wait, cancel := context.WithTimeout(context.Background(), slotWait)
	defer cancel()
	if r.sending.Acquire(wait, size) != nil {
		return nil, errLarge
	}
	*room = size
	if answer, err = r.encode(prepare, encode); err == nil && !r.fits(answer, room) {
		err = errLarge // it has grown by more meanwhile
	}
	return answer, err
}

// fits says whether the room is enough, or can be made so. What is left over is given back.
func (r *responder) fits(answer *spool, room *int64) bool {
	more := answer.room() - *room
	if more > 0 && !r.sending.TryAcquire(more) {
		return false
	}
	r.sending.Release(max(0, -more))
	*room += more
	return true
}

// enter takes one of the slots.
func enter(slots chan struct{}) error {
	if slots == nil {
		return nil
	}
	timer := time.NewTimer(slotWait)
	defer timer.Stop()
	select {
	case slots <- struct{}{}:
		return nil
	case <-timer.C:
		return errBusy
	}
}

func leave(slots chan struct{}) {
	if slots != nil {
		<-slots
	}
}

// encode makes an answer. It gives the encoder back, even if encoding panics.
func (r *responder) encode(prepare func(), encode func(http.ResponseWriter)) (*spool, error) {
	if prepare != nil {
		r.preparing <- struct{}{}
		defer func() { <-r.preparing }()
		prepare()
	}
	began := time.Now()
	zip := <-r.encoders
	defer func() { r.encoders <- zip }()
	answer := newSpool(zip)
	answer.waited = time.Since(began)
	encode(answer)
	err := answer.close()
	answer.took = time.Since(began) - answer.waited
	return answer, err
}
