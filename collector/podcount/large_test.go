package podcount

import (
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
						c := sharing(t, budget, roundTrip(func(r *http.Request) (*http.Response, error) {
							getConn(r.Context())
							return answerWith(r, http.StatusOK, io.NopCloser(hog(r))), nil
						}))
						ended.Go(func() {
							for sleep(ctx, 5*time.Second) == nil { // the store's pause
								_, _ = countOnce(ctx, c, &recorder{})
							}
						})
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

// after is a body without bytes, which ends after a while.
func after(ctx context.Context, wait time.Duration) io.Reader {
	return failing(func() error {
		if err := sleep(ctx, wait); err != nil {
			return err
		}
		return io.EOF
	})
}

// TestManyLargeValues has clusters that all read large values at once, more than there are
// places: each waits for its own, and no page fails.
func TestManyLargeValues(t *testing.T) {
	for _, size := range []int{usualValueBytes + 1000, largeValueBytes + 1000} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				budget, large := NewBudget(128<<20), podNamed(size)
				var ended sync.WaitGroup
				for range 20 {
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
// for as long as nobody waits, but not longer than largeTime otherwise.
func TestTimeForALargeValue(t *testing.T) {
	tests := []struct {
		name    string
		size    int           // of the value; the others' are as large
		alone   bool          // the others come at the end only
		takes   time.Duration // the first value
		givesUp bool
	}{
		{"in time", usualValueBytes, false, largeTime - 1, false},
		{"late", usualValueBytes, false, largeTime + 1, true},
		{"late, and alone", usualValueBytes, true, 5 * largeTime, false},
		{"late, then others come", usualValueBytes, true, 5*largeTime + 2, true},
		{"late, and very large", largeValueBytes, false, largeTime + 1, true},
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
				} else if test.givesUp {
					time.AfterFunc(test.takes-1, come)
				}
				time.Sleep(test.takes)
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

// TestSlowOnesWaitLast has as many values wait for a place as may. One more comes: the
// slowest cluster's gives way, and the fastest one's is read first.
func TestSlowOnesWaitLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		budget := NewBudget(128 << 20)
		room := budget.rooms[1]
		of := func(pace time.Duration) *turn {
			account := newAccount(budget)
			account.pace = pace
			return &turn{account: account, exchange: openExchange(t)}
		}
		var reading []*turn
		for range room.places {
			reading = append(reading, of(0))
			reading[len(reading)-1].enter()
		}
		placed := make(map[time.Duration]bool)
		var mu sync.Mutex
		var ended sync.WaitGroup
		comes := func(pace time.Duration) {
			ended.Go(func() {
				turn := of(pace)
				ok := turn.enter()
				mu.Lock()
				defer mu.Unlock()
				placed[pace] = ok
			})
			synctest.Wait()
		}
		for pace := range time.Duration(maxWaitingValues + 1) {
			comes(maxWaitingValues - pace + 1)
		}
		if ok, ended := placed[maxWaitingValues+1]; ok || !ended || len(placed) != 1 || len(room.waiting) != maxWaitingValues {
			t.Errorf("%v ended, and %d wait", placed, len(room.waiting))
		}
		reading[0].leave()
		synctest.Wait()
		if !placed[1] || len(placed) != 2 {
			t.Errorf("%v ended, want the slowest and the fastest", placed)
		}
		for _, turn := range reading[1:] {
			turn.exchange.close()
		}
		for _, turn := range slices.Concat(room.waiting, room.reading) {
			turn.exchange.close()
		}
		ended.Wait()
	})
}
