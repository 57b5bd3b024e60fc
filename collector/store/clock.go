package store

import "time"

// Instant is one reading of both clocks of the machine. Neither is enough for an age:
// the monotonic clock stands still while the machine is suspended, and the wall clock
// can be set back.
type Instant struct {
	Wall      time.Time     // without Go's monotonic reading
	Monotonic time.Duration // since some fixed moment
}

// NewClock returns a clock of the machine's time.
func NewClock() func() Instant {
	start := time.Now()
	return func() Instant {
		now := time.Now()
		return Instant{Wall: now.Round(0), Monotonic: now.Sub(start)}
	}
}

// since returns how long ago earlier was, by the clock that has advanced further.
func (i Instant) since(earlier Instant) time.Duration {
	return max(i.Monotonic-earlier.Monotonic, i.Wall.Sub(earlier.Wall))
}

// ago returns the Instant that was age earlier.
func (i Instant) ago(age time.Duration) Instant {
	return Instant{Wall: i.Wall.Add(-age), Monotonic: i.Monotonic - age}
}
