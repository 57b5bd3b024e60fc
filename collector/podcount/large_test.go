package podcount

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestLargeValuesBesideOthers has a cluster with a large value beside others that hold
// their places for as long as they can, all the time. Its connection breaks once within the
// value. Every count is right within a minute of the others' first values.
func TestLargeValuesBesideOthers(t *testing.T) {
	begun, large := podNamed(2 * usualValueBytes)[:usualValueBytes+1000], podNamed(usualValueBytes+1000)
	later := podNamed(2 * largeValueBytes)[:largeValueBytes+1000]
	half, rest := large[:usualValueBytes+500], large[usualValueBytes+500:]
	hogs := map[string]func(*http.Request) io.Reader{
		"stall": func(r *http.Request) io.Reader {
			return io.MultiReader(strings.NewReader(begun), until(r.Context().Done()))
		},
		"stall later": func(r *http.Request) io.Reader {
			return io.MultiReader(strings.NewReader(later), until(r.Context().Done()))
		},
		"come slowly": func(r *http.Request) io.Reader {
			return io.MultiReader(strings.NewReader(half), after(r.Context(), largeTime-time.Millisecond), strings.NewReader(rest))
		},
		"dribble": func(r *http.Request) io.Reader {
			return inParts(r.Context(), half, stallTime-time.Millisecond, rest, 10)
		},
	}
	for _, others := range []int{1, 5, 30} {
		for name, hog := range hogs {
			t.Run(fmt.Sprint(others, " others that ", name), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					budget, broken := NewBudget(128<<20), false
					ctx, cancel := context.WithCancel(t.Context())
					var ended sync.WaitGroup
					defer ended.Wait()
					defer cancel()
					for range others {
						ended.Go(recounting(ctx, t, budget, hog))
					}
					well := sharing(t, budget, roundTrip(func(r *http.Request) (*http.Response, error) {
						getConn(r.Context())
						switch {
						case strings.HasSuffix(r.URL.Path, "/nodes"):
							return nodePage("", "a")(r)
						case broken:
							broken = false
							return answerWith(r, http.StatusOK, io.NopCloser(io.MultiReader(strings.NewReader(half), failing(func() error { return io.ErrUnexpectedEOF })))), nil
						}
						return answerOf(large), nil
					}))
					time.Sleep(2 * time.Minute)
					for i := range 8 {
						broken = i == 2
						if s, err := countOnce(t.Context(), well, &recorder{}); err != nil || line(s) == "" {
							t.Errorf("count %d: %v", i, err)
						}
						time.Sleep(time.Minute)
					}
				})
			})
		}
	}
}

// recounting counts a cluster with these bodies until ctx ends.
func recounting(ctx context.Context, t *testing.T, budget *Budget, content func(*http.Request) io.Reader) func() {
	c := sharing(t, budget, roundTrip(func(r *http.Request) (*http.Response, error) {
		getConn(r.Context())
		return answerWith(r, http.StatusOK, io.NopCloser(content(r))), nil
	}))
	return func() {
		for sleep(ctx, 5*time.Second) == nil { // the store's shortest pause
			_, _ = countOnce(ctx, c, &recorder{})
		}
	}
}

// after is a body without bytes, which ends after a while.
func after(ctx context.Context, wait time.Duration) io.Reader {
	return failing(func() error {
		if err := sleep(ctx, wait); err != nil {
			return err
		}
		return io.EOF
	})
}

// inParts is a body of which the rest comes by and by.
func inParts(ctx context.Context, begun string, wait time.Duration, rest string, size int) io.Reader {
	parts := []io.Reader{strings.NewReader(begun)}
	for part := range slices.Chunk([]byte(rest), size) {
		parts = append(parts, after(ctx, wait), bytes.NewReader(part))
	}
	return io.MultiReader(parts...)
}

// TestSlowLargeValueBesideOthers has a cluster whose large value takes seconds, but comes
// all the time, beside others that stall.
func TestSlowLargeValueBesideOthers(t *testing.T) {
	begun, large := podNamed(2 * usualValueBytes)[:usualValueBytes+1000], podNamed(largeValueBytes-10_000)
	for _, others := range []int{1, 5, 30} {
		t.Run(fmt.Sprint(others), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				budget := NewBudget(128 << 20)
				ctx, cancel := context.WithCancel(t.Context())
				var ended sync.WaitGroup
				defer ended.Wait()
				defer cancel()
				for range others {
					ended.Go(recounting(ctx, t, budget, func(r *http.Request) io.Reader {
						return io.MultiReader(strings.NewReader(begun), until(r.Context().Done()))
					}))
				}
				slow := sharing(t, budget, roundTrip(func(r *http.Request) (*http.Response, error) {
					getConn(r.Context())
					if strings.HasSuffix(r.URL.Path, "/nodes") {
						return nodePage("", "a")(r)
					}
					return answerWith(r, http.StatusOK, io.NopCloser(inParts(r.Context(), "", 250*time.Millisecond, large, 16_000))), nil
				}))
				for i := range 8 {
					time.Sleep(time.Minute)
					if s, err := countOnce(t.Context(), slow, &recorder{}); err != nil || line(s) == "" {
						t.Errorf("count %d: %v", i, err)
					}
				}
			})
		})
	}
}

// TestManyLargeValues has clusters that all read large values at once, more than there are
// places: each waits for its own, and no page fails.
func TestManyLargeValues(t *testing.T) {
	for size, clusters := range map[int]int{usualValueBytes + 1000: 60, largeValueBytes + 1000: 20} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				budget, large := NewBudget(128<<20), podNamed(size)
				var ended sync.WaitGroup
				for range clusters {
					c := sharing(t, budget, roundTrip(func(r *http.Request) (*http.Response, error) {
						getConn(r.Context())
						if strings.HasSuffix(r.URL.Path, "/nodes") {
							return nodePage("", "a")(r)
						}
						body := io.MultiReader(strings.NewReader(large[:size]), after(r.Context(), time.Second), strings.NewReader(large[size:]))
						return answerWith(r, http.StatusOK, io.NopCloser(body)), nil
					}))
					ended.Go(func() {
						seen := &recorder{}
						if _, err := countOnce(t.Context(), c, seen); err != nil {
							t.Error(err)
						}
						for _, page := range seen.pages {
							if page.Err != nil {
								t.Error(page.Err)
							}
						}
					})
				}
				ended.Wait()
			})
		})
	}
}

// TestTimeForALargeValue says who reads a large value for how long: until it has come, or
// for as long as nobody waits, but otherwise no longer than its cluster's pace allows, and
// not while nothing comes.
func TestTimeForALargeValue(t *testing.T) {
	tests := []struct {
		name    string
		size    int  // of the value; the others' are as large
		alone   bool // the others come at the end only
		silent  bool
		pace    time.Duration // of the first value's cluster
		takes   time.Duration // the first value
		givesUp bool
	}{
		{"in time", usualValueBytes, false, false, 0, largeTime - 1, false},
		{"late", usualValueBytes, false, false, 0, largeTime + 1, true},
		{"late, and alone", usualValueBytes, true, false, 0, 5 * largeTime, false},
		{"late, then others come", usualValueBytes, true, false, 0, 5*largeTime + 2, true},
		{"late, and very large", largeValueBytes, false, false, 0, largeTime + 1, true},
		{"in its time", usualValueBytes, false, false, largeTime, 2*largeTime - 1, false},
		{"not in its time", usualValueBytes, false, false, largeTime, 2*largeTime + 1, true},
		{"not in the longest time", usualValueBytes, false, false, time.Hour, longestLargeTime + 1, true},
		{"silent for a moment", usualValueBytes, false, true, 0, stallTime - 1, false},
		{"silent", usualValueBytes, false, true, time.Hour, stallTime + 1, true},
		{"silent, and alone", usualValueBytes, true, true, 0, 5 * largeTime, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				budget := NewBudget(128 << 20)
				room := budget.rooms[1]
				if test.size == largeValueBytes {
					room = budget.rooms[2]
				}
				read := func() *turn {
					turn := &turn{account: newAccount(budget), exchange: openExchange(t), entered: slices.Index(budget.rooms[1:], room)}
					turn.enter()
					return turn
				}
				var others sync.WaitGroup
				come := func() {
					for range room.places { // one more than there are places
						others.Go(func() {
							read().leave()
						})
					}
				}
				first := read()
				var more []*turn
				for range room.places - 1 {
					more = append(more, read())
				}
				if !test.alone {
					come()
				} else if test.givesUp { // just before the end
					time.AfterFunc(test.takes-1, come)
				}
				budget.mu.Lock()
				first.account.pace = test.pace
				budget.mu.Unlock()
				for end := time.Now().Add(test.takes); time.Now().Before(end); {
					time.Sleep(min(stallTime/2, time.Until(end)))
					if !test.silent {
						first.progressed()
					}
				}
				synctest.Wait()
				if gaveUp := errors.Is(context.Cause(first.exchange.ctx), errSlowLarge); gaveUp != test.givesUp {
					t.Errorf("it was given up: %t, want %t", gaveUp, test.givesUp)
				}
				for _, turn := range append(more, first) {
					turn.leave()
				}
				others.Wait()
				if len(room.reading)+len(room.waiting) > 0 {
					t.Errorf("%d read and %d wait at the end", len(room.reading), len(room.waiting))
				}
			})
		})
	}
}

// TestUsualValuesBesideLargeOnes has all places taken: usual values are read, and larger
// ones fail when their exchange ends.
func TestUsualValuesBesideLargeOnes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		budget := NewBudget(128 << 20)
		for i, room := range budget.rooms[1:] {
			for range room.places {
				(&turn{account: newAccount(budget), exchange: openExchange(t), entered: i}).enter()
			}
		}
		for size, want := range map[int]error{usualValueBytes - 1000: nil, usualValueBytes + 1000: errLargeElsewhere} {
			x := newExchange(t.Context(), time.Minute, make(chan struct{}, 1), nil)
			d := newDecoder(strings.NewReader(podNamed(size)))
			d.window.account, d.window.exchange = newAccount(budget), x
			_, err := readDocument(d, newTally(newAccount(nil).open()).content())
			if !errors.Is(err, want) {
				t.Errorf("%d bytes: %v, want %v", size, err, want)
			}
			x.close()
		}
		if n := len(budget.rooms[1].waiting); n > 0 {
			t.Errorf("%d wait after the end of their exchange", n)
		}
	})
}

// openExchange is an exchange that nothing but the test's end ends.
func openExchange(t *testing.T) *exchange {
	x := newExchange(t.Context(), time.Hour, make(chan struct{}, 1), nil)
	t.Cleanup(x.close)
	return x
}

// TestSlowOnesWaitLast has values wait for a place: the fastest cluster's is read first.
func TestSlowOnesWaitLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		budget := NewBudget(128 << 20)
		var placed []time.Duration
		var ended sync.WaitGroup
		comes := func(pace time.Duration) {
			ended.Go(func() {
				turn := &turn{account: newAccount(budget), exchange: openExchange(t)}
				turn.account.pace = pace
				if turn.enter() {
					placed = append(placed, pace) // one after the other, below
					time.Sleep(time.Second)
					turn.leave()
				}
			})
			synctest.Wait()
		}
		for range budget.rooms[1].places - 1 {
			(&turn{account: newAccount(budget), exchange: openExchange(t)}).enter()
		}
		for _, pace := range []time.Duration{5, 4, 1, 3, 2} {
			comes(pace)
		}
		ended.Wait()
		if want := []time.Duration{5, 1, 2, 3, 4}; !slices.Equal(placed, want) {
			t.Errorf("the order is %v, want %v", placed, want)
		}
	})
}

// TestNoPlaceForALargeValue has all places taken for as long as a page may take: this
// process is busy, and the rows per page are not at fault.
func TestNoPlaceForALargeValue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := sharing(t, NewBudget(128<<20), roundTrip(func(r *http.Request) (*http.Response, error) {
			getConn(r.Context())
			if strings.HasSuffix(r.URL.Path, "/nodes") {
				return nodePage("", "a")(r)
			}
			return answerOf(podNamed(usualValueBytes + 1000)), nil
		}))
		for range c.cfg.Budget.rooms[1].places {
			go func() {
				other := &turn{account: newAccount(c.cfg.Budget), exchange: openExchange(t)}
				other.enter()
				for range 100 { // never silent
					time.Sleep(time.Second)
				}
				other.leave()
			}()
		}
		synctest.Wait()
		before, seen := c.pods.size, &recorder{}
		if _, err := countOnce(t.Context(), c, seen); err != nil || c.pods.size < before {
			t.Errorf("%d rows per page, then %d: %v", before, c.pods.size, err)
		}
		if e := seen.pages[1].Err; e == nil || e.Reason != Timeout || !e.busy() {
			t.Errorf("the first attempt: %v", e)
		}
	})
}
