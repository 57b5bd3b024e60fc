package podcount

import "context"

// Cores shares the processor among all answers that are decoded at once, those of streams
// too: as many go on as there are cores, each for some KiB, in the order in which they ask.
// So hundreds of answers that unpack without end leave time to scrapes, and to each other.
// A nil one has no limit.
type Cores struct {
	taken chan struct{} // those who wait to send are first come, first served
}

// NewCores shares n cores.
func NewCores(n int) *Cores { return &Cores{make(chan struct{}, n)} }

// stintBytes is how much of an answer, unpacked, is decoded before another one goes on. Of a
// long value it is a sixteenth of what came, as each read costs more.
const stintBytes = 4 << 10

// seat is where an answer is decoded. Only the goroutine that decodes uses it. Whoever reads
// from the network, or waits for a place, must not have one.
type seat struct {
	cores  *Cores
	ctx    context.Context // ends the wait; nil only without cores
	taken  bool
	stints int // how often it has been taken
}

func (c *Cores) seat(ctx context.Context) seat { return seat{cores: c, ctx: ctx} }

// take waits for a core, or until the context ends.
func (s *seat) take() error {
	if s.cores == nil || s.taken {
		return nil
	}
	select {
	case s.cores.taken <- struct{}{}: // the usual case, which needs no look at the context
	default:
		select {
		case s.cores.taken <- struct{}{}:
		case <-s.ctx.Done():
			return context.Cause(s.ctx)
		}
	}
	s.taken = true
	s.stints++
	return nil
}

// give gives the core back, if there is one, and says whether there was.
func (s *seat) give() bool {
	had := s.taken
	if had {
		s.taken = false
		<-s.cores.taken
	}
	return had
}

// resume is for who gave a core back for a while, if it had one.
func (w *wire) resume(had bool) error {
	if !had {
		return nil
	}
	err := w.seat.take()
	if err != nil {
		w.err = err
	}
	return err
}
