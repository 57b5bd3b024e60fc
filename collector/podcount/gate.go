package podcount

import (
	"context"
	"io"
	"time"
)

// Gate limits how many answers are read at once: each takes a place from its first
// bytes to its end. Connecting and waiting for an answer take none, so a dead server
// cannot hold one.
type Gate interface {
	// Enter waits for a place, or returns the context's error. begun says that the
	// count has pages already: the sooner it ends, the less likely its continue token
	// is to expire. The place calls end once if the answer comes too slowly and others
	// need its room; it must be left all the same. end does not wait.
	Enter(ctx context.Context, begun bool, end func()) (Place, error)
}

// Place is a place in which one answer is read.
type Place interface {
	// Yield reports that the answer comes slowly. It may be called several times, and
	// from another goroutine.
	Yield()
	// Came reports that partBytes more of the answer have come.
	Came()
	// Leave gives the place back, and says whether the page failed.
	Leave(failed bool)
}

// partBytes is how much must come of an answer to show that it goes on. A few bytes from time
// to time are silence.
const partBytes = 4 << 10

// errSlowAnswer is why an answer was ended that others would have had to wait for.
var errSlowAnswer error = &cleanError{
	text:   "the answer comes too slowly: others wait for its place",
	causes: []error{errBusy, context.DeadlineExceeded},
}

// slowAnswer is how long, in all, reading an answer may wait for the server before
// the answer counts as slow. Time that this process takes does not count. With 200
// unknown servers that stall, the places are free again after four seconds.
const slowAnswer = 150 * time.Millisecond

// longAnswer is how long an answer may hold its place, whatever takes the time, before it
// counts as slow: one without end can keep this process busy, and never wait for the
// server. The largest usual page takes a tenth of that.
const longAnswer = 500 * time.Millisecond

// yielding reads an answer, and yields its place when the answer proves slow.
type yielding struct {
	r     io.Reader
	place Place
	left  time.Duration // waiting time until the answer is slow
	part  int           // bytes since Came
}

// Read passes on what r gives.
func (y *yielding) Read(p []byte) (n int, err error) {
	defer func() {
		if y.part += n; y.part >= partBytes {
			y.part = 0
			y.place.Came()
		}
	}()
	if y.left <= 0 {
		return y.r.Read(p)
	}
	start, timer := time.Now(), time.AfterFunc(y.left, y.place.Yield)
	n, err = y.r.Read(p)
	timer.Stop()
	if y.left -= time.Since(start); y.left <= 0 {
		y.place.Yield()
	}
	return n, err
}
