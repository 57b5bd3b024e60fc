package podcount

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// podNamed is a PodList with one pod on node a, and so many bytes of annotations.
func podNamed(bytes int) string {
	return `{"kind":"PodList","metadata":{"resourceVersion":"1"},"items":[{"metadata":{"name":"p","annotations":{"x":"` +
		strings.Repeat("x", bytes) + `"}},"spec":{"nodeName":"a"}}]}`
}

// TestOneLargeValueAtATime has an unusually large value in the middle of being read:
// another cluster's usual values are read meanwhile. Its large ones fail, and are
// read when the first has been read or has failed.
func TestOneLargeValueAtATime(t *testing.T) {
	budget := NewBudget(128 << 20)
	large := podNamed(usualValueBytes + 1000)
	read := func(body io.Reader, budget *Budget) error {
		d := newDecoder(body)
		d.window.account = newAccount(budget)
		_, err := readDocument(d, newTally(newAccount(nil).open()).content())
		return err
	}
	for _, ending := range []struct {
		name string
		rest string // of the first body
		ok   bool
	}{{"read to its end", large[len(large)-500:], true}, {"cut short", "", false}} {
		t.Run(ending.name, func(t *testing.T) {
			body, feed := io.Pipe()
			done := make(chan error)
			go func() { done <- read(body, budget) }()
			if _, err := io.WriteString(feed, large[:len(large)-500]); err != nil {
				t.Fatal(err)
			}
			for _, tt := range []struct {
				name   string
				budget *Budget
				size   int
				want   error
			}{
				{"a usual value", budget, 1000, nil},
				{"a large value", budget, usualValueBytes + 1000, errLargeElsewhere},
				{"a large value of another process", NewBudget(128 << 20), usualValueBytes + 1000, nil},
				{"a large value without a limit", nil, usualValueBytes + 1000, nil},
			} {
				if err := read(strings.NewReader(podNamed(tt.size)), tt.budget); !errors.Is(err, tt.want) {
					t.Errorf("%s beside it: %v, want %v", tt.name, err, tt.want)
				}
			}
			if _, err := io.WriteString(feed, ending.rest); err != nil {
				t.Fatal(err)
			}
			must(t, feed.Close())
			if err := <-done; (err == nil) != ending.ok {
				t.Errorf("the first ended with %v", err)
			}
			if err := read(strings.NewReader(large), budget); err != nil {
				t.Errorf("a large value after it: %v", err)
			}
		})
	}
}

// TestLargeDocumentsOfAStream gives the slot for large values back after each.
func TestLargeDocumentsOfAStream(t *testing.T) {
	budget := NewBudget(128 << 20)
	rows := newTally(newAccount(nil).open()).content()
	large, small := podNamed(usualValueBytes+1000), podNamed(10)
	d := newDecoder(strings.NewReader(large + small + large))
	d.window.account = newAccount(budget)
	for i := range 3 {
		if doc, err := d.next(rows); err != nil || doc.rows != 1 {
			t.Fatalf("document %d: %d rows, %v", i, doc.rows, err)
		}
		if len(budget.large) != 0 {
			t.Errorf("the place for a large value is held after document %d", i)
		}
	}
}

// TestStallsWithinLargeValues has clusters whose servers stall within a large value
// for as long as they can, all the time. Another one's large values are read.
func TestStallsWithinLargeValues(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		budget := NewBudget(128 << 20)
		begun, large := podNamed(2 * usualValueBytes)[:usualValueBytes+1000], podNamed(usualValueBytes+1000)
		stall := roundTrip(func(r *http.Request) (*http.Response, error) {
			getConn(r.Context())
			return answerWith(r, http.StatusOK, io.NopCloser(io.MultiReader(strings.NewReader(begun), until(r.Context().Done()))), "Content-Type", "application/json"), nil
		})
		ctx, cancel := context.WithCancel(t.Context())
		var ended sync.WaitGroup
		defer ended.Wait()
		defer cancel()
		for range 5 {
			c := sharing(t, budget, stall)
			ended.Go(func() {
				for sleep(ctx, 5*time.Second) == nil { // the store's pause
					_, _ = countOnce(ctx, c, &recorder{})
				}
			})
		}
		well := sharing(t, budget, roundTrip(func(r *http.Request) (*http.Response, error) {
			getConn(r.Context())
			if strings.HasSuffix(r.URL.Path, "/nodes") {
				return nodePage("", "a")(r)
			}
			return answerOf(large), nil
		}))
		time.Sleep(time.Minute)
		for i := range 8 {
			if s, err := countOnce(t.Context(), well, &recorder{}); err != nil || line(s) == "" {
				t.Errorf("count %d: %v", i, err)
			}
			time.Sleep(time.Minute)
		}
	})
}

// TestTimeForALargeValue says that only the place for clusters that are not suspect is given
// up after a while, and not if the value has come by then.
func TestTimeForALargeValue(t *testing.T) {
	for _, tt := range []struct {
		name    string
		suspect bool
		takes   time.Duration
		givesUp bool
	}{
		{"in time", false, largeTime - 1, false},
		{"late", false, largeTime + 1, true},
		{"late, of a suspect", true, largeTime + 1, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, gaveUp := newAccount(NewBudget(128<<20)), false
				a.suspect.Store(tt.suspect)
				leave := a.enter(func() { gaveUp = true })
				time.Sleep(tt.takes)
				leave(true)
				time.Sleep(largeTime)
				if gaveUp != tt.givesUp {
					t.Errorf("it was given up: %t, want %t", gaveUp, tt.givesUp)
				}
			})
		})
	}
}

// sharing is a Counter that shares the budget.
func sharing(t *testing.T, budget *Budget, transport http.RoundTripper) *Counter {
	t.Helper()
	cfg := DefaultConfig()
	cfg.Budget, cfg.Jitter = budget, func() float64 { return 0.5 }
	c, err := New(cfg, &http.Client{Transport: transport}, &url.URL{Scheme: "http", Host: "host"})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// until is a body that says nothing until it is cut off.
type until <-chan struct{}

func (u until) Read([]byte) (int, error) {
	<-u
	return 0, io.ErrUnexpectedEOF
}

// TestShareOfTheBudget has clusters that take as many names as they can get, and keep
// them. One that comes later has its share.
func TestShareOfTheBudget(t *testing.T) {
	for _, limit := range []int64{64 << 20, 115 << 20} {
		t.Run(fmt.Sprint(limit), func(t *testing.T) {
			budget := NewBudget(limit)
			greedy, late := make([]*account, 8), newAccount(budget)
			for i := range greedy {
				greedy[i] = newAccount(budget)
			}
			for _, a := range greedy {
				l := a.open()
				for step := int64(16 << 20); step > 0; step /= 2 {
					for l.take(step) {
					}
				}
				a.keep(l)
			}
			share := limit / 2 / 2 / 9
			if !late.open().take(share) {
				t.Errorf("a cluster has no room for %d bytes beside greedy ones", share)
			}
			if budget.free < 0 {
				t.Errorf("the clusters hold %d bytes more than the budget", -budget.free)
			}
			if newcomer := newAccount(budget); !newcomer.open().take(share / 2) {
				t.Error("a cluster that was not there when the others took theirs has no room")
			}
			runtime.KeepAlive(greedy)
		})
	}
}

// TestBudgetOfTheProcess has clusters with more and more names share a budget.
func TestBudgetOfTheProcess(t *testing.T) {
	budget := NewBudget(64 << 20)
	name := strings.Repeat("n", 200)
	fill := func(a *account, names int) (*ledger, error) {
		l := a.open()
		counted := newTally(l)
		for i := range names {
			if err := counted.add(fmt.Appendf(nil, "%s%06d", name, i), nil); err != nil {
				counted.discard()
				counted.drop()
				return l, err
			}
		}
		counted.commit()
		return l, nil
	}
	const thousand = 700 // names of 206 bytes that fit into anybody's share
	var held []*account
	for i := range 1000 {
		a := newAccount(budget)
		l, err := fill(a, 10*thousand)
		if err != nil {
			if !errors.Is(err, errNoRoom) || i < 2 {
				t.Fatalf("account %d: %v", i, err)
			}
			break
		}
		a.keep(l)
		held = append(held, a)
	}
	if len(held) == 1000 {
		t.Fatal("a thousand clusters found room: there is no budget")
	}
	late := newAccount(budget)
	if _, err := fill(late, thousand); err != nil {
		t.Errorf("a cluster within its share: %v", err)
	}
	if l, err := fill(held[0], 10*thousand); err != nil {
		t.Errorf("a cluster that takes what it took before: %v", err)
	} else {
		held[0].keep(l)
	}
	empty, _ := fill(held[0], 0)
	held[0].keep(empty)
	if _, err := fill(late, 4*thousand); err != nil {
		t.Errorf("a cluster after another gave back its room: %v", err)
	}
	runtime.KeepAlive(held)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestBudgetAdmits has accounts hold bytes of a budget of 4,000 to the byte: half of it
// is shared by all, half is for those who need more, and a quarter beyond it is for
// shares that are late.
func TestBudgetAdmits(t *testing.T) {
	type want struct {
		account int // from 0; one that is new enters the budget
		bytes   int64
		ok      bool
	}
	for name, wants := range map[string][]want{
		"alone, all of it":                      {{0, 4000, true}, {0, 4001, false}, {0, 3999, true}, {0, 4000, true}},
		"both have more than their shares":      {{1, 0, true}, {0, 2000, true}, {1, 2000, true}, {1, 2001, false}, {0, 2001, false}},
		"one has all that is beyond the shares": {{1, 0, true}, {0, 3000, true}, {0, 3001, false}, {1, 1000, true}, {1, 1001, false}},
		"a share that is late":                  {{0, 4000, true}, {1, 1000, true}, {1, 900, true}, {1, 1001, false}, {1, 1000, true}},
		"late shares have a quarter":            {{0, 4000, true}, {1, 1000, true}, {2, 1, false}, {1, 999, true}, {2, 1, true}, {2, 2, false}},
		"less is always taken":                  {{0, 4000, true}, {1, 0, true}, {2, 0, true}, {0, 3999, true}, {0, 4000, false}},
	} {
		t.Run(name, func(t *testing.T) {
			budget := NewBudget(8000)
			var held []*int64
			for i, w := range wants {
				for len(held) <= w.account {
					held = append(held, new(int64))
					budget.resize(held[len(held)-1], 0)
				}
				before := *held[w.account]
				if ok := budget.resize(held[w.account], w.bytes); ok != w.ok {
					t.Fatalf("%d: account %d, which has %d, gets %d bytes: %t", i, w.account, before, w.bytes, ok)
				}
				var all int64
				for _, h := range held {
					all += *h
				}
				if budget.free != 4000-all {
					t.Errorf("%d: %d bytes are free and %d are held", i, budget.free, all)
				}
			}
		})
	}
}
