package podcount

import "time"

const (
	minPageSize  = 50            // a page is not halved below, nor below the first size
	maxPageBytes = 2 << 20       // pages are not grown beyond about this much
	worse        = 1.4           // a larger page does not pay if each row takes this many times as long
	firstRest    = 4             // pages until a size that did not pay is tried again
	ceilingRest  = 2048          // pages until a size that failed is tried again
	smallLife    = 6 * time.Hour // until any size up to the first is tried again
)

// pageSizer chooses the rows per page. Larger pages cost a server no more per
// row, so the size grows with every full page, from the first size to the top, by
// four or by two. A page larger than the size that is known to work is a trial; it
// has to promise to take at most a fifth of the deadline and about 2 MB.
//
//   - A trial that succeeds becomes the known size.
//   - A trial that fails, for any reason that its size could cause, is given up for
//     the known size. The size that failed is tried again after 2,048 full pages, or
//     after one if the known size fails as well; until then, every page is smaller.
//     After its first failure it is tried again sooner, like one that does not pay, up
//     to the first size, or if the failure names another cause. Up to the first size,
//     any is tried again after six hours: other trouble makes pages that small, too, and
//     a small cluster has few.
//   - A trial whose rows take clearly longer, or that takes more than a tenth of the
//     deadline, is given up too. It is the ceiling for 4 full pages, which measure
//     the known size again (the first page of a list is often a cheap one), and then
//     each time for four times as many: one slow page stops nothing.
//   - A known size that is like that, by the mean of its latest pages, is halved, and
//     is the ceiling for 4 full pages. A known size that fails is halved too, and
//     tried again after one.
//   - Up to the first size, only half of the deadline limits a page, so that a fixed
//     size is used as configured.
//
// The last page of a list is not full and says little, so it changes nothing. One of a
// proxy that hides some rows is not full either, and counts as full below the first size.
type pageSizer struct {
	first, top int
	deadline   time.Duration // of a page

	size          int       // rows to ask for next
	known         int       // the largest size that works, never above size
	price         float64   // recent time per row at the known size; 0 if not known
	previousPrice float64   // time per row at the size before; 0 if not known
	ceiling       int       // no page is larger; the top unless a size was given up
	rest          int       // full pages that must still come before the ceiling is tried again
	repeat        int       // rest after the next trial that does not pay
	failed        int       // size of the latest trial that failed; the top when there is none
	failedRest    int       // full pages that must still come before it is tried again
	small         time.Time // since when counts have begun with less than the first size; zero if they do not
}

func newPageSizer(first, top int, deadline time.Duration) *pageSizer {
	return &pageSizer{first: first, top: top, deadline: deadline, size: first, known: first, ceiling: top, failed: top, repeat: firstRest}
}

// restart forgets all sizes but the first: rows of another form differ in time and
// bytes.
func (s *pageSizer) restart() {
	if s.known > s.first {
		*s = *newPageSizer(s.first, s.top, s.deadline)
	}
}

// begin has sizes up to the first tried again when counts have had smaller pages for
// smallLife.
func (s *pageSizer) begin(now time.Time) {
	switch {
	case s.known >= s.first:
		s.small = time.Time{}
	case s.small.IsZero():
		s.small = now
	case Age(s.small, now) >= smallLife:
		s.small, s.rest, s.failedRest = now, 0, 0
	}
}

// done notes the size and duration of a complete page, and whether more follow.
func (s *pageSizer) done(rows int, more bool, bytes int64, took time.Duration) {
	if rows < s.size {
		if !more || rows == 0 || s.size >= s.first {
			return
		}
		rows = s.size
	}
	price, base, back := float64(took)/float64(rows), s.price, s.known
	if s.size == s.known {
		if s.price > 0 {
			price = s.price + (price-s.price)/4
		}
		base, back = s.previousPrice, max(s.first, s.known/2)
	}
	perRow := float64(bytes) / float64(rows)
	if s.size > s.first && (base > 0 && price > worse*base || !s.fits(s.size, price, perRow, 10)) {
		s.giveUp(back)
		return
	}
	s.rest, s.failedRest = max(0, s.rest-1), max(0, s.failedRest-1)
	if s.size > s.known {
		s.grown()
	}
	s.price = price
	s.grow(perRow)
}

// grown makes a trial the known size.
func (s *pageSizer) grown() {
	if s.size >= s.ceiling {
		s.ceiling, s.rest, s.repeat = s.top, 0, firstRest
	}
	if s.size >= s.failed {
		s.failed = s.top
	}
	s.known, s.previousPrice = s.size, s.price
}

// grow makes the next page a trial, if a larger one fits. bytes is the size of a row.
func (s *pageSizer) grow(bytes float64) {
	most := min(s.ceiling, s.failed)
	if s.known < s.first { // it is on the way back, and a failure there says little of the size
		most = min(most, s.first)
	}
	for factor := 4; factor > 1; factor /= 2 {
		size := min(s.known*factor, most)
		if (s.rest == 0 || size < s.ceiling) && (s.failedRest == 0 || size < s.failed) && s.fits(size, s.price, bytes, 5) {
			s.size = size
			return
		}
	}
}

// fits says whether a page of size rows takes at most 1/part of the deadline and
// about 2 MB, going by the time and bytes per row. Up to the first size, half of the
// deadline is enough: a slow server would never reach that size.
func (s *pageSizer) fits(size int, price, bytes, part float64) bool {
	rows, deadline := float64(size), float64(s.deadline)
	if size <= s.first {
		return rows*price <= deadline/2
	}
	return rows*price <= deadline/part && rows*bytes <= 1.1*maxPageBytes
}

// giveUp goes back to a smaller size, and tries the present one again after some pages, or
// four times as many as the last time.
func (s *pageSizer) giveUp(back int) {
	if s.size != s.ceiling {
		s.repeat = firstRest
	}
	s.fallBack(back, s.repeat)
	s.repeat = min(4*s.repeat, ceilingRest)
}

// fallBack goes back to a smaller size, which is measured again, and makes the present
// one the ceiling.
func (s *pageSizer) fallBack(back, rest int) {
	s.ceiling, s.rest, s.size, s.price = s.size, rest, back, 0
	if back < s.known {
		s.known, s.previousPrice = back, 0
	}
}

// retreat reacts to a failure that the size may have caused: it gives up a trial, and
// says whether there was one. doubtful says that the size is an unlikely cause, and that
// the failure has ended a count.
func (s *pageSizer) retreat(doubtful bool) bool {
	again := s.size == s.ceiling && s.repeat > firstRest
	if s.size > s.known && !again && (doubtful || s.size <= s.first) {
		s.giveUp(s.known)
		return true
	}
	if s.size > s.known {
		s.failed, s.failedRest, s.size, s.price = s.size, ceilingRest, s.known, 0
		return true
	}
	if s.failedRest == ceilingRest { // no page has come since the trial failed
		s.failedRest = 0
	}
	return false
}

// shrink halves the size after failures of a page that was not a trial.
func (s *pageSizer) shrink() {
	if size := max(min(minPageSize, s.first), s.size/2); size < s.size {
		s.fallBack(size, 0)
		s.repeat = firstRest
	}
}
