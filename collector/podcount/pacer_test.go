package podcount

import (
	"math/rand/v2"
	"testing"
	"time"
)

// rowBytes is what one row of a Table of pods takes on the wire.
const rowBytes = 145

// load is what a simulated server is asked for.
type load struct {
	walk int // 0 for the first
	rows int // of the page
	left int // rows from the start of the page to the end of the list
}

// model gives the time that a simulated server takes for a page.
type model func(load) time.Duration

// perRow and perPage are the two ends between which real servers lie.
func perRow(row time.Duration) model {
	return func(l load) time.Duration { return time.Duration(l.rows) * row }
}

func perPage(page, row time.Duration) model {
	return func(l load) time.Duration { return page + time.Duration(l.rows)*row }
}

// perLeft is an API server that walks all keys after the token for every page.
func perLeft(row, left time.Duration) model {
	return func(l load) time.Duration {
		return time.Duration(l.rows)*row + time.Duration(l.left)*left
	}
}

// plateau has the shape measured on a server with 100,000 pods: no gain from
// 500 rows to 1,000, a large one above.
func plateau(l load) time.Duration {
	row := 28 * time.Microsecond
	switch {
	case l.rows > 5000:
		row = 6 * time.Microsecond
	case l.rows > 2000:
		row = 7 * time.Microsecond
	case l.rows > 1000:
		row = 11 * time.Microsecond
	}
	return time.Duration(l.rows) * row
}

// superlinear has dear pages: time per row falls up to 4,000 rows and rises
// beyond.
func superlinear(l load) time.Duration {
	rows := time.Duration(l.rows)
	over := max(0, rows-4000)
	return 40*time.Millisecond + rows*10*time.Microsecond + over*over*15*time.Nanosecond
}

// noisy changes every page's time by up to a share, from a seeded source.
func noisy(m model, share float64, seed uint64) model {
	source := rand.New(rand.NewPCG(seed, 0))
	return func(l load) time.Duration {
		return time.Duration(float64(m(l)) * (1 + share*(2*source.Float64()-1)))
	}
}

// fromWalk changes the server after some walks.
func fromWalk(change int, before, after model) model {
	return func(l load) time.Duration {
		if l.walk < change {
			return before(l)
		}
		return after(l)
	}
}

// simulation walks a cluster again and again.
type simulation struct {
	server   model
	pods     int
	rowBytes int64
	deadline time.Duration
}

// outcome is what one walk cost and did.
type outcome struct {
	took     time.Duration
	pages    int
	timeouts int
	moves    int // how often the settled size changed
	largest  int // page that was asked for
	smallest int
	settled  int // at the end of the walk
}

// walk is one walk from the first row to the last.
func (s simulation) walk(p *pacer, number int) outcome {
	o := outcome{smallest: p.limit()}
	for left := s.pods; left > 0; {
		limit, settled := p.limit(), p.settled
		rows := min(limit, left)
		took := s.server(load{walk: number, rows: rows, left: left})
		o.pages++
		o.largest, o.smallest = max(o.largest, limit), min(o.smallest, limit)
		if took > s.deadline {
			o.timeouts++
			o.took += s.deadline
			p.failed()
		} else {
			o.took += took
			left -= rows
			p.done(rows, int64(rows)*s.rowBytes, took)
		}
		if p.settled != settled {
			o.moves++
		}
	}
	o.settled = p.settled
	return o
}

// bestFixed is the cheapest walk with pages of one size that keep the bounds.
func (s simulation) bestFixed(start, limit, number int) time.Duration {
	best := s.walk(newPacer(limit, limit, s.deadline), number).took
	for size := start; size < limit; size *= 2 {
		best = min(best, s.walk(newPacer(size, size, s.deadline), number).took)
	}
	return best
}

// trial is what the walks after the first ones cost, and what they did.
type trial struct {
	loss    float64 // of time, against the best fixed size
	moves   int     // changes of the settled size
	settled int     // at the end
}

// try walks often enough for the pacer to settle and be measured.
func (s simulation) try(warm int) trial {
	const walks = 12
	p := newPacer(500, 10_000, s.deadline)
	var took, best time.Duration
	var moves int
	for number := range walks {
		o := s.walk(p, number)
		if number < warm {
			continue
		}
		took += o.took
		moves += o.moves
		best += s.bestFixed(500, 10_000, number)
	}
	return trial{loss: float64(took) / float64(best), moves: moves, settled: p.settled}
}

func TestPacerSettles(t *testing.T) {
	const us, ms = time.Microsecond, time.Millisecond
	tests := []struct {
		name     string
		server   model
		pods     int
		warm     int // walks before it must have settled
		want     trial
		smallest int // settled size at the end; want.settled is the largest
	}{
		{"constant time per row", perRow(10 * us), 100_000, 1, trial{1.01, 0, 500}, 500},
		{"constant time per row, a million pods", perRow(10 * us), 1_000_000, 1, trial{1.01, 0, 500}, 500},
		{"constant time per page", perPage(50*ms, 0), 100_000, 1, trial{1.01, 0, 10_000}, 10_000},
		{"time per page and per row", perPage(20*ms, 10*us), 100_000, 1, trial{1.06, 0, 10_000}, 8000},
		{"what is left, 100,000 pods", perLeft(5*us, 40), 100_000, 1, trial{1.1, 0, 10_000}, 4000},
		{"what is left, a million pods", perLeft(5*us, 40), 1_000_000, 1, trial{1.1, 0, 10_000}, 8000},
		{"what is left, but dear rows", perLeft(50*us, 20), 100_000, 2, trial{1.05, 0, 10_000}, 500},
		{"plateau", plateau, 100_000, 1, trial{1.03, 0, 10_000}, 8000},
		{"plateau, 10,000 pods", plateau, 10_000, 3, trial{1.2, 0, 10_000}, 8000},
		{"superlinear", superlinear, 100_000, 1, trial{1.1, 0, 4000}, 4000},
		{"slow, then fast", fromWalk(4, perPage(2*time.Second, 200*us), perPage(5*ms, 5*us)), 100_000, 5, trial{1.05, 0, 10_000}, 8000},
		{"fast, then slow", fromWalk(4, perPage(5*ms, 5*us), perRow(400*us)), 100_000, 5, trial{1.01, 0, 7500}, 500},
		{"fast, then slower than its deadline", fromWalk(4, perPage(5*ms, 5*us), perRow(10*ms)), 100_000, 5, trial{1.01, 1, 1500}, 500},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := simulation{server: test.server, pods: test.pods, rowBytes: rowBytes, deadline: 30 * time.Second}
			got := s.try(test.warm)
			t.Logf("%+v", got)
			if got.loss > test.want.loss {
				t.Errorf("later walks took %.3f of the time of the best fixed size, want at most %.2f", got.loss, test.want.loss)
			}
			if got.moves > test.want.moves {
				t.Errorf("the size changed %d times after it should have settled, want at most %d", got.moves, test.want.moves)
			}
			if got.settled < test.smallest || got.settled > test.want.settled {
				t.Errorf("settled at %d rows, want %d to %d", got.settled, test.smallest, test.want.settled)
			}
		})
	}
}

// TestPacerNoise bounds what noise of 20% can do: over many seeds the loss
// stays small, and the size moves in few of the walks.
func TestPacerNoise(t *testing.T) {
	const us, ms, seeds = time.Microsecond, time.Millisecond, 40
	tests := []struct {
		name   string
		server model
		pods   int
		loss   float64 // mean over the seeds
		worst  float64 // of any seed
		moves  float64 // mean over the seeds, of ten walks
	}{
		{"constant time per row", perRow(10 * us), 100_000, 1.05, 1.1, 4},
		{"time per page and per row", perPage(20*ms, 10*us), 100_000, 1.07, 1.3, 2.5},
		{"what is left, a million pods", perLeft(5*us, 40), 1_000_000, 1.07, 1.3, 2.5},
		{"plateau", plateau, 100_000, 1.07, 1.3, 2.5},
		{"superlinear", superlinear, 100_000, 1.07, 1.3, 2.5},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var loss, worst, moves float64
			for seed := range uint64(seeds) {
				s := simulation{server: noisy(test.server, 0.2, seed), pods: test.pods, rowBytes: rowBytes, deadline: 30 * time.Second}
				got := s.try(2)
				loss += got.loss / seeds
				moves += float64(got.moves) / seeds
				worst = max(worst, got.loss)
			}
			t.Logf("loss %.3f, worst %.3f, moves %.2f", loss, worst, moves)
			if loss > test.loss || worst > test.worst {
				t.Errorf("took %.3f of the best fixed size's time, at worst %.3f; want at most %.2f and %.2f", loss, worst, test.loss, test.worst)
			}
			if moves > test.moves {
				t.Errorf("the size changed %.2f times in ten walks, want at most %.1f", moves, test.moves)
			}
		})
	}
}

// feed gives full pages that all take the same time.
func feed(p *pacer, pages int, took time.Duration, bytes int64) {
	for range pages {
		p.done(p.limit(), int64(p.limit())*bytes, took)
	}
}

// TestPacerBounds has pages that always pay, and checks what stops their growth.
func TestPacerBounds(t *testing.T) {
	tests := []struct {
		name       string
		start, max int
		page       time.Duration // time of a page, however large
		rowBytes   int64
		want       int
	}{
		{"max", 500, 10_000, 10 * time.Millisecond, rowBytes, 10_000},
		{"max is no power of two times start", 500, 1300, 10 * time.Millisecond, rowBytes, 1300},
		{"start is max", 500, 500, 10 * time.Millisecond, rowBytes, 500},
		{"2 MB", 500, 10_000, 10 * time.Millisecond, 1024, 2000},
		{"first page is beyond 2 MB", 500, 10_000, 10 * time.Millisecond, 8192, 500},
		{"tenth of the deadline", 500, 10_000, 1700 * time.Millisecond, rowBytes, 500},
		{"one row", 1, 10_000, 10 * time.Millisecond, rowBytes, 10_000},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := newPacer(test.start, test.max, 30*time.Second)
			feed(p, 200, test.page, test.rowBytes)
			if p.settled != test.want {
				t.Errorf("settled at %d rows, want %d", p.settled, test.want)
			}
		})
	}
}

// TestPacerFailure checks that a failed page halves the size, how far down, and
// that the size comes back after a while.
func TestPacerFailure(t *testing.T) {
	tests := []struct {
		name       string
		start, max int
		failures   int
		want       int // after the failures
		back       int // later
	}{
		{"once", 500, 500, 1, 250, 500},
		{"twice", 500, 500, 2, 125, 500},
		{"not below 50", 500, 500, 10, 50, 500},
		{"start is below 50", 20, 20, 3, 20, 20},
		{"start is 50", 50, 50, 3, 50, 50},
		{"start is 70", 70, 70, 3, 50, 70},
		{"grows on from start", 500, 10_000, 1, 250, 10_000},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := newPacer(test.start, test.max, 30*time.Second)
			for range test.failures {
				p.failed()
			}
			if p.limit() != test.want {
				t.Errorf("asks for %d rows, want %d", p.limit(), test.want)
			}
			feed(p, timeoutRest-1, 10*time.Millisecond, rowBytes)
			if p.limit() != test.want {
				t.Errorf("asks for %d rows too soon, want %d for a while", p.limit(), test.want)
			}
			feed(p, 1000, 10*time.Millisecond, rowBytes)
			if p.settled != test.back {
				t.Errorf("came back to %d rows, want %d", p.settled, test.back)
			}
		})
	}
}

// TestPacerTimeouts has a server that needs too long for more than 300 rows.
func TestPacerTimeouts(t *testing.T) {
	s := simulation{server: perRow(100 * time.Millisecond), pods: 100_000, rowBytes: rowBytes, deadline: 30 * time.Second}
	p := newPacer(500, 10_000, s.deadline)
	for number := range 5 {
		o := s.walk(p, number)
		if number > 0 && o.timeouts > 0 {
			t.Errorf("walk %d: %d timeouts", number, o.timeouts)
		}
		if o.settled < 125 || o.settled > 300 {
			t.Errorf("walk %d: settled at %d rows", number, o.settled)
		}
	}
}

// TestPacerRemembers checks that a walk begins where the one before ended.
func TestPacerRemembers(t *testing.T) {
	s := simulation{server: perPage(50*time.Millisecond, 0), pods: 100_000, rowBytes: rowBytes, deadline: 30 * time.Second}
	p := newPacer(500, 10_000, s.deadline)
	first, second := s.walk(p, 0), s.walk(p, 1)
	if second.smallest != first.settled || second.pages != 10 {
		t.Errorf("first walk %+v, second %+v", first, second)
	}
}
