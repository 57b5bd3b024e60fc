package podcount

import (
	"context"
	"io"
	"time"
)

// Gate gives out the places in which answers are read: from their first bytes to
// their end. Connecting and waiting for an answer take none, so a dead server has
// none to hold.
type Gate interface {
	// Enter waits for a place, or ends with the context's error. begun says that
	// the count has pages already: the sooner it ends, the less likely it is that
	// its continue token expires.
	Enter(ctx context.Context, begun bool) (Place, error)
}

// Place is a place in which one answer is read.
type Place interface {
	// Yield says that the answer is slow to come. It may be called several times,
	// and from another goroutine.
	Yield()
	// Leave gives the place back, and says whether the page failed.
	Leave(failed bool)
}

// slowAnswer is how long reading an answer may wait for the server in all until
// the answer is slow. What this process does meanwhile is not the server's fault. 200
// servers that nobody knows yet, and that stall, take four seconds to move on.
const slowAnswer = 150 * time.Millisecond

// yielding reads an answer, and yields its place when it proves slow.
type yielding struct {
	r     io.Reader
	place Place
	left  time.Duration // to wait until then
	timer *time.Timer
}

func newYielding(r io.Reader, place Place) *yielding {
	y := &yielding{r: r, place: place, left: slowAnswer, timer: time.AfterFunc(slowAnswer, place.Yield)}
	y.timer.Stop()
	return y
}

// Read passes on what r gives.
func (y *yielding) Read(p []byte) (int, error) {
	if y.left <= 0 {
		return y.r.Read(p)
	}
	start := time.Now()
	y.timer.Reset(y.left)
	n, err := y.r.Read(p)
	y.timer.Stop()
	if y.left -= time.Since(start); y.left <= 0 {
		y.place.Yield()
	}
	return n, err
}
