package podcount

import "time"

const (
	minPageSize  = 50      // halving after a timeout stops here
	maxPageBytes = 2 << 20 // pages are not grown beyond about this much
	gain         = 0.9     // a larger page must cost this much less per row
	firstRest    = 8       // pages between two probes at first
	longestRest  = 512     // and at last, when none of them paid
	timeoutRest  = 64      // pages at a smaller size after one that failed
	ceilingRest  = 2048    // pages until a size that failed is tried again
)

// pacer chooses the rows per page by what pages cost. It settles at a size, and
// now and then tries one page at another size: only a page that is measured
// right beside the last one can be compared with it, since the time per row
// also falls as fewer pods are left. A try that does not pay makes the next one
// rarer, so the size does not swing.
type pacer struct {
	start, max int
	deadline   time.Duration

	size     int     // rows to ask for next
	settled  int     // the size to return to when a try does not pay
	last     float64 // time per row of the latest page at the settled size
	usual    float64 // what last usually is, slowly following it
	refused  float64 // last when a larger page did not pay; 0 if none has been refused
	rest     int     // pages until the next try
	patience int     // rest after the next try that does not pay
	stride   int     // factor of the next larger try: 2, or 4 after 2 did not pay

	ceiling int // a size that failed, and is not asked for; 0 if there is none
	below   int // pages until it may be tried again
}

func newPacer(start, limit int, deadline time.Duration) *pacer {
	return &pacer{start: start, max: limit, deadline: deadline,
		size: start, settled: start, patience: firstRest, stride: 2}
}

// limit is the number of rows to ask for.
func (p *pacer) limit() int { return p.size }

// done takes the measure of a complete page. A page with fewer rows than asked
// for is the last one and says little about a full one.
func (p *pacer) done(rows int, bytes int64, took time.Duration) {
	if rows < p.size {
		return
	}
	if p.below = max(0, p.below-1); p.below == 0 {
		p.ceiling = 0
	}
	perRow := float64(took) / float64(rows)
	switch {
	case p.size > p.settled:
		p.triedLarger(perRow, p.fits(p.size, rows, bytes, took))
	case p.size < p.settled:
		p.triedSmaller(perRow)
	default:
		p.stayed(perRow, rows, bytes, took)
	}
	if p.size == p.settled {
		p.next(rows, bytes, took)
	}
}

// retreat gives up a try of more rows than are known to work, and remembers how
// many failed. It says whether there was one.
func (p *pacer) retreat() bool {
	if p.size <= p.settled {
		return false
	}
	p.ceiling, p.below = p.size, ceilingRest
	p.didNotPay()
	return true
}

// failed asks for half the rows, for a while.
func (p *pacer) failed() {
	p.size = max(min(minPageSize, p.start), p.size/2)
	p.settled = min(p.settled, p.size)
	p.size = p.settled
	p.last, p.usual, p.refused = 0, 0, 0
	p.rest = timeoutRest
	p.stride = 2
}

func (p *pacer) triedLarger(perRow float64, fits bool) {
	if fits && (p.settled < p.start || perRow <= gain*p.last) {
		p.settle(p.size, perRow)
		return
	}
	p.refused = p.last
	p.stride = 6 - p.stride
	p.didNotPay()
}

func (p *pacer) triedSmaller(perRow float64) {
	if perRow <= gain*p.last {
		p.settle(p.size, perRow)
		p.rest = p.patience
		return
	}
	p.usual = p.last
	p.didNotPay()
}

func (p *pacer) settle(size int, perRow float64) {
	p.settled = size
	p.last, p.usual, p.refused = perRow, perRow, 0
	p.rest, p.patience, p.stride = 0, firstRest, 2
}

func (p *pacer) didNotPay() {
	p.size = p.settled
	p.rest = p.patience
	p.patience = min(2*p.patience, longestRest)
}

func (p *pacer) stayed(perRow float64, rows int, bytes int64, took time.Duration) {
	p.rest = max(0, p.rest-1)
	p.last = perRow
	if p.usual == 0 {
		p.usual = perRow
	}
	if p.refused > 0 && perRow < p.refused/2 {
		p.refused, p.rest, p.patience = 0, 0, firstRest // the server has become another one
	}
	if p.settled > p.start && !p.fits(p.settled, rows, bytes, took) {
		p.settle(max(p.start, p.settled/2), perRow)
		p.size, p.rest = p.settled, p.patience
	}
}

// next decides whether the next page is a try: a larger one when it can be
// expected to fit, a smaller one when rows have become dearer.
func (p *pacer) next(rows int, bytes int64, took time.Duration) {
	rose := p.last > p.usual/gain
	p.usual += (p.last - p.usual) / 8
	switch {
	case p.rest > 0:
	case rose && p.settled > p.start:
		p.size = max(p.start, p.settled/2)
	default:
		p.tryLarger(rows, bytes, took)
	}
}

func (p *pacer) tryLarger(rows int, bytes int64, took time.Duration) {
	ceiling := p.max
	if p.settled < p.start {
		ceiling = p.start // on the way back after a timeout
	}
	for factor := p.stride; factor >= 2; factor /= 2 {
		size := min(p.settled*factor, ceiling)
		if size > p.settled && (p.ceiling == 0 || size < p.ceiling) && p.fits(size, rows, bytes, took) {
			p.size = size
			return
		}
	}
}

// fits reports whether a page of size rows, going by one of rows rows, stays
// under about 2 MB and a tenth of the deadline. On the way back to the first
// size half of the deadline is enough, or a slow server would never get there.
func (p *pacer) fits(size, rows int, bytes int64, took time.Duration) bool {
	factor := float64(size) / float64(rows)
	if size <= p.start {
		return factor*float64(took) <= float64(p.deadline)/2
	}
	return factor*float64(took) <= float64(p.deadline)/10 && factor*float64(bytes) <= 1.1*maxPageBytes
}
