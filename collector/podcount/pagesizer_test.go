package podcount

import (
	"fmt"
	"math"
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
func perRow(row time.Duration) model { return perPage(0, row) }

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

// uneven is what the same server does with pages from etcd: 2,000 rows are dearer
// than 1,000.
func uneven(l load) time.Duration {
	row := 187 * time.Microsecond
	switch {
	case l.rows > 2000:
		row = 105 * time.Microsecond
	case l.rows > 1000:
		row = 139 * time.Microsecond
	case l.rows > 500:
		row = 110 * time.Microsecond
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

// power takes a time that grows with this power of the rows.
func power(exponent float64) model {
	return func(l load) time.Duration {
		return time.Duration(10e3 * 500 * math.Pow(float64(l.rows)/500, exponent))
	}
}

// above is another server for larger pages.
func above(rows int, small, large model) model {
	return func(l load) time.Duration {
		if l.rows > rows {
			return large(l)
		}
		return small(l)
	}
}

// noisy changes every page's time by up to a share, from a seeded source.
func noisy(m model, share float64, seed uint64) model {
	source := rand.New(rand.NewPCG(seed, 0))
	return func(l load) time.Duration {
		return time.Duration(float64(m(l)) * (1 + share*(2*source.Float64()-1)))
	}
}

// fromWalk changes the server after some walks, and fromRow amid the first one of
// 100,000 pods.
func fromWalk(change int, before, after model) model {
	return func(l load) time.Duration {
		if l.walk < change {
			return before(l)
		}
		return after(l)
	}
}

func fromRow(row int, before, after model) model {
	return func(l load) time.Duration {
		if l.walk == 0 && 100_000-l.left < row {
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
	most     int // more rows fail; 0 when all work
	deadline time.Duration
}

// outcome is what one walk cost and did.
type outcome struct {
	took     time.Duration
	pages    int
	failed   int
	largest  int // page that was asked for
	smallest int
	longest  time.Duration // of a page
}

// walk is one walk from the first row to the last. A page that fails does so as
// in walk.go, without its waits.
func (s simulation) walk(p *pageSizer, number int) outcome {
	o := outcome{smallest: p.size}
	for left, attempt := s.pods, 1; left > 0; attempt++ {
		rows := min(p.size, left)
		took := s.server(load{walk: number, rows: rows, left: left})
		o.pages++
		o.largest, o.smallest = max(o.largest, p.size), min(o.smallest, p.size)
		late, tooMany := took > s.deadline, s.most > 0 && p.size > s.most
		o.took += min(took, s.deadline)
		o.longest = max(o.longest, took)
		if !late && !tooMany {
			left, attempt = left-rows, 0
			p.done(rows, int64(rows)*s.rowBytes, took)
			continue
		}
		o.failed++
		if !p.retreat() && (late || attempt >= shrinkAfter) {
			p.shrink()
		}
	}
	return o
}

// fixed are the sizes to compare with.
func fixed() []int { return []int{500, 1000, 2000, 4000, 8000, 10_000} }

// bestFixed is the cheapest walk with pages of one size that fails nowhere and
// keeps the limits.
func (s simulation) bestFixed(number int) time.Duration {
	best := time.Duration(math.MaxInt64)
	for _, size := range fixed() {
		o := s.walk(newPageSizer(size, size, s.deadline), number)
		beyond := o.longest > s.deadline/10 || int64(size)*s.rowBytes > maxPageBytes*11/10
		if size == 500 || o.failed == 0 && !beyond {
			best = min(best, o.took)
		}
	}
	return best
}

// rest are the defaults of a simulation.
func simulate(server model) simulation {
	return simulation{server: server, pods: 100_000, rowBytes: rowBytes, deadline: 30 * time.Second}
}

// TestGrowth has servers of every kind, each started afresh with many sources of
// noise. No count is to cost much more than pages of the best fixed size, neither
// the first, nor a later one, nor one after the server has changed.
func TestGrowth(t *testing.T) {
	const us, ms = time.Microsecond, time.Millisecond
	const seeds, counts = 50, 10
	fast, slow := perPage(5*ms, 5*us), perPage(2*time.Second, 200*us)
	tests := []struct {
		name   string
		server simulation
		worst  float64 // of a whole count, in those of the best fixed size
	}{
		{"constant time per row", simulate(perRow(10 * us)), 1.5},
		{"constant time per page", simulate(perPage(50*ms, 0)), 1.5},
		{"time per page and per row", simulate(perPage(20*ms, 10*us)), 1.5},
		{"what is left", simulate(perLeft(5*us, 40)), 1.5},
		{"what is left, but dear rows", simulate(perLeft(50*us, 20)), 1.5},
		{"plateau", simulate(plateau), 1.5},
		{"uneven", simulate(uneven), 1.5},
		{"superlinear", simulate(superlinear), 1.5},
		{"square of the rows", simulate(power(2)), 1.5},
		{"dear above 1,000 rows", simulate(above(1000, perRow(10*us), perRow(40*us))), 1.5},
		{"dear above 5,000 rows", simulate(above(5000, perRow(10*us), perRow(40*us))), 1.5},
		{"slow, then fast", simulate(fromWalk(4, slow, fast)), 1.5},
		{"slow, then fast amid a count", simulate(fromRow(10_000, slow, fast)), 1.5},
		{"fast, then slow", simulate(fromWalk(4, fast, perRow(400*us))), 1.5},
		{"fast, then slow amid a count", simulate(fromRow(10_000, fast, slow)), 1.5},
	}
	for _, test := range tests {
		for _, share := range []float64{0, 0.2, 0.5} {
			t.Run(fmt.Sprintf("%s, noise of %.0f %%", test.name, 100*share), func(t *testing.T) {
				var worst, worstSum float64
				for seed := range uint64(seeds) {
					s := test.server
					s.server = noisy(test.server.server, share, seed)
					p := newPageSizer(500, 10_000, s.deadline)
					var sum float64
					for number := range counts {
						cost := float64(s.walk(p, number).took) / float64(test.server.bestFixed(number))
						sum += cost / counts
						if cost > worst {
							worst = cost
							t.Logf("seed %d, count %d: %.2f of the best fixed size", seed, number, cost)
						}
					}
					worstSum = max(worstSum, sum)
				}
				t.Logf("WORST %.2f, mean of ten counts %.2f", worst, worstSum)
				if worst > test.worst {
					t.Errorf("a count cost %.2f of the best fixed size, want at most %.2f", worst, test.worst)
				}
			})
		}
	}
}
