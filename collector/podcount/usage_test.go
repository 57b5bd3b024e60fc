package podcount

import (
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
)

// TestUsageCheck has each budget of a walk just reached, and just exceeded. The numbers
// are those that the errors name.
func TestUsageCheck(t *testing.T) {
	const limit, rows, size = 1000, 500, 2000
	more := document{rows: rows, size: size, next: "t2"}
	last := document{rows: rows, size: size}
	sparse := document{rows: 99, size: size, next: "t2"}
	sent := func(pages int) map[uint64]struct{} {
		tokens := make(map[uint64]struct{})
		for i := range pages {
			tokens[hash(strconv.Itoa(i))] = struct{}{}
		}
		return tokens
	}
	for _, tt := range []struct {
		name string
		used usage
		page document
		want error
	}{
		{"the first page", usage{}, more, nil},
		{"all rows", usage{rows: 4_000_000 - rows}, more, nil},
		{"a row too many", usage{rows: 4_000_001 - rows}, more, errManyRows},
		{"a row too many on the last page", usage{rows: 4_000_001 - rows}, last, errManyRows},
		{"all bytes", usage{bytes: 64<<30 - size}, more, nil},
		{"a byte too many", usage{bytes: 64<<30 - size + 1}, more, errManyBytes},
		{"a byte too many on the last page", usage{bytes: 64<<30 - size + 1}, last, errManyBytes},
		{"all pages but one", usage{sent: sent(99_998)}, more, nil},
		{"all pages", usage{sent: sent(99_999)}, last, nil},
		{"more pages to come", usage{sent: sent(99_999)}, more, errManyPages},
		{"all sparse pages but one", usage{sparse: 998}, sparse, nil},
		{"a sparse page too many", usage{sparse: 999}, sparse, errManySparse},
		{"a tenth of the rows is not sparse", usage{sparse: 999}, document{rows: 100, size: size, next: "t2"}, nil},
		{"the last page may be sparse", usage{sparse: 999}, document{rows: 1, size: size}, nil},
		{"all empty pages but one", usage{empty: 8}, document{next: "t2"}, nil},
		{"an empty page too many", usage{empty: 9}, document{next: "t2"}, errManyEmpty},
		{"one row ends the empty pages", usage{empty: 9}, document{rows: 1, next: "t2"}, nil},
		{"the last page may be empty", usage{empty: 9}, document{}, nil},
		{"the token that was just sent", usage{}, document{rows: rows, next: "t1"}, errSameToken},
		{"a token that was sent before", usage{sent: map[uint64]struct{}{hash("t2"): {}}}, more, errSameToken},
		{"the longest token", usage{}, document{rows: rows, next: strings.Repeat("t", 16<<10)}, nil},
		{"a longer token", usage{}, document{rows: rows, next: strings.Repeat("t", 16<<10+1)}, errLongToken},
		{"null in the middle", usage{}, document{null: true, next: "t2"}, errNull},
		{"null at the end", usage{}, document{null: true}, errNull},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.used.sent == nil {
				tt.used.sent = sent(0)
			}
			tt.used.ledger = newAccount(nil).open()
			before := tt.used
			failure := tt.used.add("t1", tt.page, limit)
			if tt.want == nil {
				if failure != nil {
					t.Errorf("refused: %v", failure)
				}
				return
			}
			if failure == nil || !errors.Is(failure, tt.want) || !failure.stuck() {
				t.Fatalf("got %+v, want %v, from which going on cannot help", failure, tt.want)
			}
			if !reflect.DeepEqual(tt.used, before) {
				t.Errorf("the refused page has left %+v of %+v", tt.used, before)
			}
			if budget := errors.As(tt.want, new(budgetError)); failure.final() != budget {
				t.Errorf("final %t, want %t", failure.final(), budget)
			}
		})
	}
}

// TestUsageAdds adds pages until a budget is used up.
func TestUsageAdds(t *testing.T) {
	for _, tt := range []struct {
		name  string
		page  document
		limit int
		pages int // that fit, when more are to come
		want  error
	}{
		{"rows", document{rows: 500_000, size: 1}, 500_000, 8, errManyRows},
		{"bytes", document{rows: 1, size: 16 << 30}, 1, 4, errManyBytes},
		{"sparse pages", document{rows: 1, size: 1}, 11, 999, errManySparse},
		{"pages", document{rows: 1, size: 1}, 10, 99_999, errManyPages},
		{"empty pages", document{size: 1}, DefaultPageSize, 9, errManyEmpty},
		{"empty pages that are smaller than the first", document{size: 1}, DefaultPageSize / 10, 99, errManyEmpty},
		{"empty pages that are larger", document{size: 1}, 10 * DefaultPageSize, 9, errManyEmpty},
	} {
		t.Run(tt.name, func(t *testing.T) {
			u := newUsage(newAccount(nil).open(), DefaultPageSize)
			for i := range tt.pages {
				tt.page.next = strconv.Itoa(i)
				if failure := u.add("", tt.page, tt.limit); failure != nil {
					t.Fatalf("page %d: %v", i+1, failure)
				}
			}
			tt.page.next = "more"
			if failure := u.add("", tt.page, tt.limit); failure == nil || !errors.Is(failure, tt.want) {
				t.Errorf("one more page: %v, want %v", failure, tt.want)
			}
		})
	}
}

// TestNullOfAFirstPage has a null in place of the rows: it is an empty list where nothing
// follows.
func TestNullOfAFirstPage(t *testing.T) {
	for next, want := range map[string]error{"": nil, "t": errNull} {
		u := newUsage(newAccount(nil).open(), DefaultPageSize)
		if failure := u.add("", document{null: true, next: next}, 500); (failure != nil) != (want != nil) || failure != nil && !errors.Is(failure, want) {
			t.Errorf("token %q: %v, want %v", next, failure, want)
		}
	}
}

// TestTokensInTheBudget has a walk with more pages than the process has room for: it is
// refused, and gives all back when it begins again.
func TestTokensInTheBudget(t *testing.T) {
	const pages = stepBytes
	budget := NewBudget(2 * pages * tokenCost)
	budget.cluster = 0
	l := newAccount(budget).open()
	w := newWalk(l, listing{}, newPageSizer(1, 1, DefaultPageTimeout), newTally(l))
	for round := range 2 {
		for i := range pages {
			if failure := w.usage.add("", document{rows: 1, next: strconv.Itoa(i)}, 1); failure != nil {
				t.Fatalf("round %d, page %d: %v", round, i+1, failure)
			}
		}
		failure := w.usage.add("", document{rows: 1, next: "more"}, 1)
		if failure == nil || !errors.Is(failure, errNoRoom) || !failure.final() || budget.free != 0 {
			t.Errorf("round %d: one more page: %v, %d bytes are free", round, failure, budget.free)
		}
		if failure := w.usage.add("", document{rows: 1}, 1); failure != nil {
			t.Errorf("round %d: the last page: %v", round, failure)
		}
		if w.rewind(); budget.free != pages*tokenCost {
			t.Errorf("round %d: %d bytes are free afterwards", round, budget.free)
		}
	}
}

// TestTokenCost compares what a token is accounted for with what it takes.
func TestTokenCost(t *testing.T) {
	const pages = maxPages - 1
	before := heldBytes()
	u := newUsage(newAccount(nil).open(), DefaultPageSize)
	for i := range pages {
		_ = u.add("", document{rows: 1, next: strconv.Itoa(i)}, 1)
	}
	if held := heldBytes() - before; held > pages*tokenCost/2 || u.ledger.used != pages*tokenCost {
		t.Errorf("%d bytes for each token, %d accounted for", held/pages, u.ledger.used/pages)
	}
	runtime.KeepAlive(u)
}

// TestRowsOfADocument has one answer without end: it is refused within itself, not
// when all its rows have been read.
func TestRowsOfADocument(t *testing.T) {
	for _, tt := range []struct {
		name string
		rows int // before
		want error
	}{{"the last two", 3_999_998, nil}, {"one too many", 3_999_999, errManyRows}} {
		for key, listed := range map[string]content{
			"rows":  {kind: "PodList", row: (*decoder).skip},
			"items": {kind: "PodList", item: (*decoder).skip},
		} {
			t.Run(tt.name+" of "+key, func(t *testing.T) {
				doc := document{rows: tt.rows, columns: true}
				d := newDecoder(strings.NewReader(`[{},{}]`))
				read := listed.row
				if read == nil {
					read = listed.item
				}
				if err := doc.list(d, key, listed, read); !errors.Is(err, tt.want) {
					t.Errorf("got %v, want %v", err, tt.want)
				}
			})
		}
	}
}

type aConnectionLimit struct{ connectionLimit }

func (aConnectionLimit) Error() string { return "too many pings" }

// TestMalformed says which failures an immediate retry cannot mend.
func TestMalformed(t *testing.T) {
	for _, tt := range []struct {
		err                          error
		final, tooLarge, unknownForm bool
		stuck                        bool // although it is neither final nor an unknown form
		goesOn                       bool // although it is final
	}{
		{err: errManyRows, final: true}, {err: errManyBytes, final: true}, {err: errManyPages, final: true},
		{err: errManySparse, final: true}, {err: errManyEmpty, final: true}, {err: errManyNames, final: true},
		{err: errNameBytes, final: true}, {err: errNoRoom, final: true},
		{err: fmt.Errorf("row 7: %w", errManyNames), final: true},
		{err: fmt.Errorf("reading the body: %w", aConnectionLimit{}), final: true, goesOn: true},
		{err: errTooLarge, tooLarge: true}, {err: errNoNodeCell, unknownForm: true}, {err: errNoColumns, unknownForm: true},
		{err: errSameToken, stuck: true}, {err: errLongToken, stuck: true}, {err: errNull, stuck: true}, {err: errLongName}, {err: errTrailing},
	} {
		t.Run(tt.err.Error(), func(t *testing.T) {
			got := malformed(tt.err)
			if got.Reason != Malformed || got.final() != tt.final || got.stuck() != (tt.final && !tt.goesOn || tt.unknownForm || tt.stuck) || got.tooLarge() != tt.tooLarge || got.unknownForm() != tt.unknownForm {
				t.Errorf("got %+v, want %+v", got, tt)
			}
			if !errors.Is(got, tt.err) {
				t.Errorf("the cause is %v, want %v", got.Err, tt.err)
			}
		})
	}
}

// TestExceededBudgetIsFinal counts a server that exceeds a budget: the page is not
// asked for again, and the next count starts afresh.
func TestExceededBudgetIsFinal(t *testing.T) {
	var empty []step
	asked := []string{"nodes", "pods", "pods?t1"}
	for i := range maxEmpty {
		token := fmt.Sprintf("e%d", i)
		empty = append(empty, podPage(token))
		if i+1 < maxEmpty {
			asked = append(asked, "pods?"+token)
		}
	}
	made := make([]string, 2000) // more than the budget below has room for
	for i := range made {
		made[i] = fmt.Sprintf("made-up-%d", i)
	}
	for _, tt := range []struct {
		name  string
		pods  []step
		want  error
		asked []string
	}{
		{"empty pages", slices.Concat([]step{podPage("t1", "a")}, empty), errManyEmpty, asked},
		{"names", []step{podPage("", made...)}, errNoRoom, []string{"nodes", "pods"}},
		{"names on a later page", []step{podPage("t1", "a"), podPage("", made...)}, errNoRoom, []string{"nodes", "pods", "pods?t1"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				script := newScript(t, append(tt.pods, threePages()...)...)
				c := script.counter(func(cfg *Config) { cfg.Budget = NewBudget(1 << 20) })
				failure := script.countFails(c, Malformed)
				if !errors.Is(failure, tt.want) || failure.Attempt != 1 {
					t.Errorf("failed with %v, want %v at the first attempt", failure, tt.want)
				}
				script.expect(tt.asked...)
				if got := script.count(c); got != everyPage {
					t.Errorf("got  %s\nwant %s", got, everyPage)
				}
			})
		})
	}
}

// TestTokensAreOpaque has tokens in orders that no key has: only one that was sent
// before is refused.
func TestTokensAreOpaque(t *testing.T) {
	for _, tt := range []struct {
		name   string
		tokens [2]string
	}{
		{"rising", [2]string{"a", "b"}},
		{"falling", [2]string{"b", "a"}},
		{"shorter", [2]string{"aaaa", "aaa"}},
		{"longer", [2]string{"b", "ab"}},
		{"capitals", [2]string{"a", "A"}},
		{"not ASCII", [2]string{"é", "e"}},
		{"numbers", [2]string{"10", "9"}},
		{"base64", [2]string{"eyJydiI6OSwic3RhcnQiOiJ6In0=", "eyJydiI6OSwic3RhcnQiOiJhIn0="}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			script := newScript(t, podPage(tt.tokens[0], "a", "b"), podPage(tt.tokens[1], "a", "<none>"), podPage("", "c"))
			if got := script.count(script.counter(nil)); got != everyPage {
				t.Errorf("got  %s\nwant %s", got, everyPage)
			}
			script.expect("nodes", "pods", "pods?"+tt.tokens[0], "pods?"+tt.tokens[1])
		})
	}
}
