package page

import (
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
)

// The failures of the last hour are kept in slots of five minutes.
const (
	Slots      = 12
	SlotLength = 5 * time.Minute
)

// maxText is how much of an error's text is kept, in bytes.
const maxText = 1024

// Slot is what failed within one SlotLength.
type Slot struct {
	Counts  int // that ended incomplete
	Streams int // of events, in watch mode: that broke, or could not be opened
	Pages   int // requests for a page
}

// Failure is a count that ended incomplete, or in watch mode what keeps the numbers from
// being up to date: a stream that failed, or a list of the nodes.
type Failure struct {
	Time       time.Time
	Reason     string // empty if it is not one of the fixed list
	Text       string // one line, without credentials
	Redirected bool   // the server answered with a redirect
}

// History is what failed of a cluster, at one moment.
type History struct {
	Slots       [Slots]Slot // the last is of the present five minutes
	LastSlot    time.Time   // when those five minutes began
	LastFailure *Failure    // nil before the first
}

// Recorder keeps the History of one cluster. Its size is fixed.
type Recorder struct {
	now func() time.Time

	mu    sync.Mutex
	slots [Slots]datedSlot // by number, modulo Slots
	last  *Failure
}

type datedSlot struct {
	number int64 // SlotLengths since 1970
	Slot
}

// NewRecorder returns an empty Recorder. It uses the wall clock, since its times are
// shown to people.
func NewRecorder(now func() time.Time) *Recorder { return &Recorder{now: now} }

// CountFailed notes a count that ended incomplete.
func (r *Recorder) CountFailed(reason string, err error) {
	r.failed(reason, err, func(s *Slot) { s.Counts++ })
}

// StreamFailed notes a stream of events that broke or could not be opened, or that all
// of them have to begin anew.
func (r *Recorder) StreamFailed(reason string, err error) {
	r.failed(reason, err, func(s *Slot) { s.Streams++ })
}

// NodesFailed notes that the nodes could not be listed while the cluster is followed.
// The requests that failed are noted as pages.
func (r *Recorder) NodesFailed(reason string, err error) { r.failed(reason, err, func(*Slot) {}) }

func (r *Recorder) failed(reason string, err error, count func(*Slot)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now, text := r.now(), err.Error()
	if len(text) > maxText {
		text = text[:maxText] + "…"
	}
	r.last = &Failure{Time: now, Reason: reason, Text: text, Redirected: redirected(err)}
	count(r.slot(now))
}

// redirected says whether err is that of a server that answered with a redirect.
func redirected(err error) bool {
	var failure *podcount.PageError
	return errors.As(err, &failure) && failure.Redirected()
}

// PageFailed notes a failed request for a page.
func (r *Recorder) PageFailed() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.slot(r.now()).Pages++
}

// slot returns the slot of a moment. It is emptied if it is an hour old or more, or
// in the future because the clock was set back. r.mu must be held.
func (r *Recorder) slot(moment time.Time) *Slot {
	number := slotNumber(moment)
	own := &r.slots[number%Slots]
	if own.number != number {
		*own = datedSlot{number: number}
	}
	return &own.Slot
}

func slotNumber(moment time.Time) int64 { return max(0, moment.Unix()) / int64(SlotLength/time.Second) }

// History returns what is known now.
func (r *Recorder) History() History {
	r.mu.Lock()
	defer r.mu.Unlock()
	latest := slotNumber(r.now())
	h := History{LastSlot: time.Unix(0, 0).Add(time.Duration(latest) * SlotLength), LastFailure: r.last}
	for _, one := range r.slots {
		if ago := latest - one.number; ago >= 0 && ago < Slots {
			h.Slots[Slots-1-ago] = one.Slot
		}
	}
	return h
}

// sum returns how much failed.
func (s Slot) sum() int { return s.Counts + s.Streams + s.Pages }

// String names what failed, or says that nothing did.
func (s Slot) String() string {
	var parts []string
	for _, one := range []struct {
		n    int
		noun string
	}{{s.Counts, "count"}, {s.Streams, "stream"}, {s.Pages, "page"}} {
		if one.n > 0 {
			parts = append(parts, plural(one.n, one.noun))
		}
	}
	if len(parts) == 0 {
		return "none"
	}
	return strings.Join(parts, ", ")
}

// failures returns the sums of the hour.
func (h History) failures() (sum Slot) {
	for _, one := range h.Slots {
		sum.Counts += one.Counts
		sum.Streams += one.Streams
		sum.Pages += one.Pages
	}
	return sum
}
