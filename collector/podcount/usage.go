package podcount

import (
	"errors"
	"hash/crc64"
)

// The budgets of one walk, well above what a cluster can be: providers offer some
// 100,000 nodes, and a million pods at 50 a page are 20,000 pages. Time has no
// budget.
const (
	maxRows  = 4_000_000
	maxPages = 100_000
	maxBytes = 64 << 30 // of JSON: a million pods of 64 KiB
	// maxSparse is how many pages may have less than a tenth of the rows that were
	// requested. A server fills all pages but the last.
	maxSparse = 1000
	maxEmpty  = 10 // pages without rows, in a row; as many rows as ten first pages, if that is more

	maxTokenBytes = 16 << 10 // a real one has about 150
	tokenCost     = 64       // twice the memory of a hash in usage.sent

	errManyRows   = budgetError("the pages have more rows than the budget of a count, 4000000")
	errManyPages  = budgetError("there are more pages than the budget of a count, 100000")
	errManyBytes  = budgetError("the pages have more bytes than the budget of a count, 64 GiB")
	errManySparse = budgetError("1000 pages, the budget of a count, have less than a tenth of the rows asked for")
	errManyEmpty  = budgetError("10 pages in a row, the budget of a count, are empty and not the last")
)

var (
	errSameToken = errors.New("the continue token is one that was sent in this walk")
	errLongToken = errors.New("the continue token is longer than 16 KiB")
	errNull      = errors.New("the answer has a null where the rows of a page should be")
)

// usage is how much of the budgets the complete pages of a walk have taken, and the
// tokens that have been sent.
type usage struct {
	ledger *ledger
	sent   map[uint64]struct{} // hashes of the continue tokens, one for each page
	rows   int
	bytes  int64
	sparse int // sparse pages
	empty  int // pages without rows, in a row
	first  int // rows of the first page
	unseen int // rows that were asked for in those without any
}

func newUsage(l *ledger, first int) usage {
	return usage{ledger: l, first: first, sent: make(map[uint64]struct{})}
}

// drop gives the memory of all tokens back.
func (u *usage) drop() { u.ledger.giveBack(tokenCost * int64(len(u.sent))) }

// add adds a complete page, or refuses one that does not lead on.
func (u *usage) add(token string, doc document, limit int) *PageError {
	next := *u
	next.rows += doc.rows
	next.bytes += doc.size
	if doc.rows*10 < limit {
		next.sparse++
	}
	next.empty, next.unseen = next.empty+1, next.unseen+limit
	if doc.rows > 0 {
		next.empty, next.unseen = 0, 0
	}
	if err := next.refusal(token, doc); err != nil {
		return malformed(err)
	}
	*u = next
	if doc.next != "" {
		u.sent[hash(doc.next)] = struct{}{}
	}
	return nil
}

// refusal returns what is wrong with the latest page; if nothing is, its token has been
// accounted for. A token is opaque, so the only sign of a loop is that it was sent before.
func (u *usage) refusal(token string, doc document) error {
	_, known := u.sent[hash(doc.next)]
	switch {
	case doc.null && (token != "" || doc.next != ""):
		return errNull
	case u.rows > maxRows:
		return errManyRows
	case u.bytes > maxBytes:
		return errManyBytes
	case doc.next == "":
		return nil
	case known || doc.next == token:
		return errSameToken
	case len(doc.next) > maxTokenBytes:
		return errLongToken
	case u.empty >= maxEmpty && u.unseen >= maxEmpty*u.first:
		return errManyEmpty
	case u.sparse >= maxSparse:
		return errManySparse
	case len(u.sent)+1 >= maxPages:
		return errManyPages
	case !u.ledger.take(tokenCost):
		return errNoRoom
	}
	return nil
}

func hash(token string) uint64 { return crc64.Checksum([]byte(token), crc64.MakeTable(crc64.ECMA)) }
