package podcount

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// rowBytes is what one row of a Table of pods takes on the wire.
const rowBytes = 145

// load is a request to a simulated server.
type load struct {
	walk int // 0 for the first
	rows int // of the page
	left int // rows from the start of the page to the end of the list
}

// model gives the time that a simulated server takes for a page.
type model func(load) time.Duration

// perRow and perPage are the two extremes of real servers.
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

// uneven is what the same server does with pages from etcd: 2,000 rows are more
// expensive than 1,000.
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

// superlinear has expensive pages: the time per row falls up to 4,000 rows and rises
// beyond.
func superlinear(l load) time.Duration {
	rows := time.Duration(l.rows)
	over := max(0, rows-4000)
	return 40*time.Millisecond + rows*10*time.Microsecond + over*over*15*time.Nanosecond
}

// square takes a time that grows with the square of the rows.
func square(l load) time.Duration {
	return time.Duration(l.rows) * time.Duration(l.rows) * 20 * time.Nanosecond
}

// cheapFirst is an API server that reads from etcd: the first page of a list costs
// a third.
func cheapFirst(m model) model {
	return func(l load) time.Duration {
		if l.left == 100_000 {
			return m(l) / 3
		}
		return m(l)
	}
}

// above is a different server for larger pages.
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

// fromWalk changes the server after some walks, and fromRow during the first one of
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

// walk is one walk from the first row to the last. A page that fails is tried again
// as in walk.go, without the waits.
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
			p.done(rows, false, int64(rows)*s.rowBytes, took)
			continue
		}
		o.failed++
		if !p.retreat(false) && (late || attempt >= shrinkAfter) {
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

// simulate gives a server a cluster of 100,000 pods.
func simulate(server model) simulation {
	return simulation{server: server, pods: 100_000, rowBytes: rowBytes, deadline: 30 * time.Second}
}

// TestGrowth has servers of every kind, each started afresh with many sources of
// noise. No count may cost much more than pages of the best fixed size: not the
// first, not a later one, and not one after the server has changed.
func TestGrowth(t *testing.T) {
	const us, ms = time.Microsecond, time.Millisecond
	fast, slow, late := perPage(5*ms, 5*us), perPage(200*ms, 20*us), perPage(2*time.Second, 200*us)
	tests := []struct {
		name   string
		server model
		pods   int
		worst  []float64 // of a whole count with noise of 0, 20 and 50 %, in those of the best fixed size
		mean   float64   // of ten counts
	}{
		{"constant time per row", perRow(10 * us), 100_000, []float64{1, 1.5, 1.5}, 1.1},
		{"constant time per page", perPage(50*ms, 0), 100_000, []float64{1.2, 1.5, 1.5}, 1.1},
		{"time per page and per row", perPage(20*ms, 10*us), 100_000, []float64{1.1, 1.5, 1.5}, 1.1},
		{"what is left", perLeft(5*us, 40), 100_000, []float64{1.1, 1.5, 1.5}, 1.1},
		{"what is left of a million pods", perLeft(5*us, 40), 1_000_000, []float64{1.1, 1.2, 1.3}, 1.1},
		{"what is left, but dear rows", perLeft(50*us, 20), 100_000, []float64{1.1, 1.5, 1.5}, 1.1},
		{"plateau", plateau, 100_000, []float64{1.1, 1.5, 1.5}, 1.1},
		{"uneven", uneven, 100_000, []float64{1.1, 1.5, 1.5}, 1.1},
		{"a cheap first page", cheapFirst(perPage(20*ms, 80*us)), 100_000, []float64{1.1, 1.5, 1.5}, 1.1},
		{"slow, then fast", fromWalk(4, slow, fast), 100_000, []float64{1.1, 1.5, 1.5}, 1.1},
		{"slow, then fast amid a count", fromRow(50_000, slow, fast), 100_000, []float64{1.2, 1.5, 1.5}, 1.1},
		{"fast, then slow", fromWalk(4, fast, slow), 100_000, []float64{1.1, 1.5, 1.5}, 1.1},
		{"fast, then slow amid a count", fromRow(50_000, fast, slow), 100_000, []float64{1.2, 1.5, 1.7}, 1.15},
		// Near a tenth of the deadline, noise alone makes a page too slow.
		{"late", late, 100_000, []float64{1.1, 2, 4}, 2},
		// No API server is like that.
		{"dear above 1,000 rows", above(1000, perRow(10*us), perRow(40*us)), 100_000, []float64{1.3, 1.6, 2.2}, 1.2},
		{"dear above 5,000 rows", above(5000, perRow(10*us), perRow(40*us)), 100_000, []float64{1.5, 2.2, 3}, 1.6},
		{"square of the rows", square, 100_000, []float64{1.2, 1.2, 4}, 1.3},
		{"dear above and below 4,000 rows", superlinear, 100_000, []float64{1.4}, 1.1},
	}
	for _, test := range tests {
		server := simulate(test.server)
		server.pods = test.pods
		for i, worst := range test.worst {
			share := []float64{0, 0.2, 0.5}[i]
			t.Run(fmt.Sprintf("%s, noise of %.0f %%", test.name, 100*share), func(t *testing.T) {
				got, mean := freshStarts(server, share)
				t.Logf("at most %.2f for a count, %.2f for ten", got, mean)
				if got > worst || mean > test.mean {
					t.Errorf("a count cost %.2f of the best fixed size, want at most %.2f; ten %.2f, want %.2f", got, worst, mean, test.mean)
				}
			})
		}
	}
}

// freshStarts counts ten times with each of many sources of noise, and returns the
// highest cost of a count and of ten counts, in units of the best fixed size.
func freshStarts(quiet simulation, share float64) (worst, mean float64) {
	const seeds, counts = 50, 10
	best := make([]float64, counts)
	for number := range best {
		best[number] = float64(quiet.bestFixed(number))
	}
	for seed := range uint64(seeds) {
		s, p, sum := quiet, newPageSizer(500, 10_000, quiet.deadline), 0.0
		s.server = noisy(quiet.server, share, seed)
		for number := range counts {
			cost := float64(s.walk(p, number).took) / best[number]
			worst, sum = max(worst, cost), sum+cost/counts
		}
		mean = max(mean, sum)
	}
	return worst, mean
}

// path gives the sizes of the first full pages.
func path(p *pageSizer, server model, bytes int64, pages int) []int {
	var sizes []int
	for number := range pages {
		sizes = append(sizes, p.size)
		p.done(p.size, true, int64(p.size)*bytes, server(load{walk: number, rows: p.size}))
	}
	return sizes
}

// slowPages takes ten times as long for these pages. Here, each walk is one page.
func slowPages(m model, numbers ...int) model {
	return func(l load) time.Duration {
		if slices.Contains(numbers, l.walk) {
			return 10 * m(l)
		}
		return m(l)
	}
}

// TestPath has a server that does not change, except for single pages, and checks the
// size of each page.
func TestPath(t *testing.T) {
	const us, ms = time.Microsecond, time.Millisecond
	row := perRow(10 * us)
	tests := []struct {
		name       string
		first, top int
		server     model
		bytes      int64 // of a row
		want       []int
	}{
		{"by four up to the top", 500, 10_000, row, rowBytes, []int{500, 2000, 8000, 10_000, 10_000}},
		{"the top is no multiple", 500, 1300, row, rowBytes, []int{500, 1300, 1300}},
		{"a fixed size", 500, 500, row, rowBytes, []int{500, 500, 500}},
		{"from one row", 1, 100, row, rowBytes, []int{1, 4, 16, 64, 100}},
		{"about 2 MB", 500, 10_000, row, 1 << 10, []int{500, 2000, 2000, 2000}},
		{"by two up to 2 MB", 500, 10_000, row, 2 << 10, []int{500, 1000, 1000, 1000}},
		{"the first page is beyond 2 MB", 500, 10_000, row, 8 << 10, []int{500, 500, 500}},
		{"a tenth of the deadline", 500, 10_000, perRow(1200 * us), rowBytes, []int{500, 2000, 4000, 2000, 2000, 2000, 2000, 4000, 2000}},
		{"by two up to a tenth of the deadline", 500, 10_000, perRow(3 * ms), rowBytes, []int{500, 2000, 500, 1000, 1000, 1000, 2000, 1000, 1000}},
		{"a trial of a fifth of the deadline", 500, 1000, perRow(6 * ms), rowBytes, []int{500, 1000, 500, 500, 500, 500, 1000, 500}},
		{"a trial of more than a fifth", 500, 1000, perRow(6100 * us), rowBytes, []int{500, 500, 500}},
		{"late whatever the size", 500, 10_000, perPage(2900*ms, 0), rowBytes, []int{500, 1000, 2000, 4000, 8000, 10_000, 10_000}},
		{"a first page beyond a tenth of the deadline", 500, 10_000, perRow(7 * ms), rowBytes, []int{500, 500, 500}},
		{"one slow page", 500, 10_000, slowPages(row, 1), rowBytes, []int{500, 2000, 500, 1000, 1000, 1000, 2000, 8000, 10_000}},
		{"the first page is slow", 500, 10_000, slowPages(row, 0), rowBytes, []int{500, 2000, 8000, 10_000}},
		{"a size that never pays", 500, 1000, above(500, row, perRow(15*us)), rowBytes,
			slices.Concat([]int{500, 1000}, slices.Repeat([]int{500}, 4), []int{1000}, slices.Repeat([]int{500}, 16), []int{1000}, slices.Repeat([]int{500}, 64), []int{1000, 500})},
		{"a size that costs a little more", 500, 1000, above(500, row, perRow(13*us)), rowBytes, []int{500, 1000, 1000, 1000, 1000, 1000}},
		{"one slow page at the top", 500, 2000, slowPages(row, 3), rowBytes, []int{500, 2000, 2000, 2000, 1000, 1000, 1000, 1000, 2000, 2000}},
		{"slow from a page on", 500, 2000, fromWalk(2, row, perRow(100*us)), rowBytes, []int{500, 2000, 2000, 1000, 1000, 1000, 1000, 2000, 2000, 2000}},
		{"a first page beyond half the deadline, then fast", 500, 2000, fromWalk(1, perRow(40*ms), row), rowBytes, slices.Concat(slices.Repeat([]int{500}, 8), []int{1000})},
		{"fast from a page on", 500, 2000, fromWalk(2, row, perRow(us)), rowBytes, []int{500, 2000, 2000, 2000, 2000}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := newPageSizer(test.first, test.top, 30*time.Second)
			if got := path(p, test.server, test.bytes, len(test.want)); !slices.Equal(got, test.want) {
				t.Errorf("got  %v\nwant %v", got, test.want)
			}
		})
	}
}

// TestAnySize has pages fail above a number of rows, for numbers of all sizes. Every
// count ends, and ten of them have few failures.
func TestAnySize(t *testing.T) {
	for most := 50; most < 10_000; most += 1 + most/20 {
		s := simulate(perPage(20*time.Millisecond, 10*time.Microsecond))
		s.most = most
		p := newPageSizer(500, 10_000, s.deadline)
		failed, pages := 0, 0
		var last outcome
		for number := range 10 {
			last = s.walk(p, number)
			failed, pages = failed+last.failed, pages+last.pages
		}
		// Three attempts for each halving below the first size, two trials above what
		// works, and as many every 2,048 pages.
		if allowed := 8 + 2*(pages/ceilingRest); failed > allowed {
			t.Errorf("more than %d rows fail: %d failures in ten counts, want at most %d", most, failed, allowed)
		}
		if last.largest*3 < most {
			t.Errorf("more than %d rows fail: the last count had at most %d", most, last.largest)
		}
	}
}

// TestCeiling checks for how long a size that failed is not tried again.
func TestCeiling(t *testing.T) {
	row := perRow(10 * time.Microsecond)
	fresh := func() *pageSizer {
		p := newPageSizer(500, 10_000, 30*time.Second)
		path(p, row, rowBytes, 2)
		return p // known is 2,000, the trial has 8,000
	}
	t.Run("a failed trial", func(t *testing.T) {
		p := fresh()
		if !p.retreat(false) || p.size != 2000 {
			t.Fatalf("went back to %d rows, want 2,000", p.size)
		}
		sizes := path(p, row, rowBytes, ceilingRest+4)
		want := slices.Concat([]int{2000}, slices.Repeat([]int{4000}, ceilingRest-1), []int{8000, 10_000, 10_000, 10_000})
		if !slices.Equal(sizes, want) {
			t.Errorf("got  %v\nwant %v", sizes, want)
		}
	})
	t.Run("fails again", func(t *testing.T) {
		p := fresh()
		p.retreat(false)
		path(p, row, rowBytes, ceilingRest)
		if p.size != 8000 || !p.retreat(false) || p.size != 4000 {
			t.Fatalf("went back to %d rows, want 4,000", p.size)
		}
		if sizes := path(p, row, rowBytes, ceilingRest); slices.Max(sizes) != 4000 || p.size != 8000 {
			t.Errorf("asked for %d rows too soon, or not for 8,000 but %d", slices.Max(sizes), p.size)
		}
	})
	t.Run("the known size fails too", func(t *testing.T) {
		p := fresh()
		p.retreat(false)
		if p.retreat(false) || p.size != 2000 {
			t.Fatalf("a failure at the known size is no retreat, to %d rows", p.size)
		}
		if sizes := path(p, row, rowBytes, 3); !slices.Equal(sizes, []int{2000, 8000, 10_000}) {
			t.Errorf("sizes %v: what failed was not the size's fault", sizes)
		}
	})
	t.Run("the known size fails later", func(t *testing.T) {
		p := fresh()
		p.retreat(false)
		path(p, row, rowBytes, 2)
		if p.retreat(false) {
			t.Fatal("a failure at the known size is no retreat")
		}
		if sizes := path(p, row, rowBytes, 100); slices.Max(sizes) != 4000 {
			t.Errorf("asked for %d rows too soon", slices.Max(sizes))
		}
	})
	t.Run("a slow page amid the rest", func(t *testing.T) {
		p := fresh()
		p.retreat(false)
		var sizes []int
		for n := range ceilingRest {
			sizes = append(sizes, p.size)
			took := row(load{rows: p.size})
			if n%100 == 1 {
				took *= 20
			}
			p.done(p.size, true, int64(p.size)*rowBytes, took)
		}
		if slices.Max(sizes) != 4000 {
			t.Errorf("asked for %d rows too soon", slices.Max(sizes))
		}
	})
	t.Run("the last page of a list", func(t *testing.T) {
		p := fresh()
		p.retreat(false)
		for range 2 * ceilingRest {
			p.done(p.size-1, false, rowBytes, time.Millisecond)
		}
		if p.size != 2000 {
			t.Errorf("pages that are not full led to %d rows", p.size)
		}
	})
}

// TestShrink checks that a page that failed at a known size is halved, how far
// down, and that the size comes back.
func TestShrink(t *testing.T) {
	tests := []struct {
		name       string
		first, top int
		failures   int
		want       []int // sizes of the pages after them
	}{
		{"once", 500, 500, 1, []int{250, 500, 500}},
		{"twice", 500, 500, 2, []int{125, 250, 500}},
		{"not below 50", 500, 500, 10, []int{50, 62, 248, 500}},
		{"the first size is below 50", 20, 20, 3, []int{20, 20}},
		{"the first size is 50", 50, 50, 3, []int{50, 50}},
		{"the first size is 70", 70, 70, 3, []int{50, 70, 70}},
		{"a large fixed size", 10_000, 10_000, 1, []int{5000, 10_000, 10_000}},
		{"grows on", 500, 10_000, 1, []int{250, 500, 2000, 8000, 10_000}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := newPageSizer(test.first, test.top, 30*time.Second)
			for range test.failures {
				p.shrink()
			}
			if got := path(p, perRow(10*time.Microsecond), rowBytes, len(test.want)); !slices.Equal(got, test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

// TestFirstSizeComesBack has a page of the first size take a third of the deadline: more
// than a larger page may, and less than half.
func TestFirstSizeComesBack(t *testing.T) {
	p := newPageSizer(500, 10_000, 30*time.Second)
	p.shrink()
	want := []int{250, 500, 500}
	if got := path(p, perRow(20*time.Millisecond), rowBytes, len(want)); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestRestart has another form of list begin with the first size. A larger size that
// failed before any worked is not tried soon in that form either.
func TestRestart(t *testing.T) {
	row := perRow(10 * time.Microsecond)
	grown := newPageSizer(500, 10_000, 30*time.Second)
	path(grown, row, rowBytes, 3)
	grown.restart()
	if got, want := path(grown, row, rowBytes, 3), []int{500, 2000, 8000}; !slices.Equal(got, want) {
		t.Errorf("after larger pages: %v, want %v", got, want)
	}
	failed := newPageSizer(500, 10_000, 30*time.Second)
	path(failed, row, rowBytes, 1)
	if !failed.retreat(false) {
		t.Fatal("the second page is no trial")
	}
	failed.restart()
	if got, want := path(failed, row, rowBytes, 3), []int{500, 1000, 1000}; !slices.Equal(got, want) {
		t.Errorf("after one that failed: %v, want %v", got, want)
	}
}

// TestTimeouts has a server that is too slow for more than 300 rows: half of the
// deadline keeps it from being asked for 500 again.
func TestTimeouts(t *testing.T) {
	s := simulate(perRow(100 * time.Millisecond))
	p := newPageSizer(500, 10_000, s.deadline)
	for number, want := range []int{1, 0, 0, 0} {
		if o := s.walk(p, number); o.failed != want || p.size != 250 {
			t.Errorf("walk %d: %d timeouts, then %d rows; want %d and 250", number, o.failed, p.size, want)
		}
	}
}

// TestSizeIsKept checks that a count begins with the size at which the one before
// ended.
func TestSizeIsKept(t *testing.T) {
	s := simulate(perPage(50*time.Millisecond, 0))
	p := newPageSizer(500, 10_000, s.deadline)
	s.walk(p, 0)
	if second := s.walk(p, 1); second.smallest != 10_000 || second.pages != 10 {
		t.Errorf("the second walk has %d pages, the smallest of %d rows; want 10 of 10,000", second.pages, second.smallest)
	}
}
