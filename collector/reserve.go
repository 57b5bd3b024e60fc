package collector

import (
	"sync"
	"time"
)

const (
	// presumed is the time to encode one series of a large exposition on a slow core.
	// It is used until one has been measured.
	presumed = 4 * time.Microsecond
	// Up to fewSeries, encoding takes no noticeable time.
	fewSeries = 10_000
	// remembered is how long a time is kept at least; three times that is the most. It is
	// longer than what passes between two scrapes.
	remembered = 10 * time.Minute
	// leastWait is the part of a scrape's time that is spent waiting for counts,
	// however long encoding takes.
	leastWait = 0.1
)

// reserve is the part of a scrape's time that is kept back from waiting for counts,
// so that what it shows can be encoded in time. A quick answer takes nothing from it: that
// may have had few series or families, or the encoder for itself. A slow one is forgotten
// after a while.
type reserve struct {
	mu    sync.Mutex
	few   longest // to encode few series
	each  longest // to encode one of many series
	queue longest // waits for others to be encoded
}

// note records how long an answer of that many series waited for its turn, and took.
func (r *reserve) note(series int, waited, took time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.queue.note(float64(waited))
	if series > fewSeries {
		r.each.note(float64(took) / float64(series))
	} else {
		r.few.note(float64(took))
	}
}

// wait returns how much of limit a scrape of that many series may wait for counts.
func (r *reserve) wait(limit time.Duration, series int) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	kept := r.few.recent()
	if series > fewSeries {
		kept = max(kept, r.each.recent()*float64(series), float64(presumed)*float64(series-fewSeries))
	}
	return max(limit-time.Duration(kept+r.queue.recent()), time.Duration(leastWait*float64(limit)))
}

// longest is the longest of the latest times, in nanoseconds.
type longest struct {
	now, before float64 // since a moment, and in the time before it
	since       time.Time
}

func (l *longest) note(took float64) {
	l.turn()
	l.now = max(l.now, took)
}

func (l *longest) recent() float64 {
	l.turn()
	return max(l.now, l.before)
}

// turn forgets what is too old.
func (l *longest) turn() {
	switch past := time.Since(l.since); {
	case past >= 2*remembered:
		*l = longest{since: time.Now()}
	case past >= remembered:
		*l = longest{before: l.now, since: time.Now()}
	}
}
