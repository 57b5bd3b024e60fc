package podcount

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"testing"
)

// podNamed is a PodList with one pod on node a, and so many bytes of annotations.
func podNamed(bytes int) string {
	return `{"kind":"PodList","metadata":{"resourceVersion":"1"},"items":[{"metadata":{"name":"p","annotations":{"x":"` +
		strings.Repeat("x", bytes) + `"}},"spec":{"nodeName":"a"}}]}`
}

// TestLargeDocumentsOfAStream gives the slot for large values back after each.
func TestLargeDocumentsOfAStream(t *testing.T) {
	budget := NewBudget(128 << 20)
	rows := newTally(newAccount(nil).open()).content()
	large, small := podNamed(usualValueBytes+1000), podNamed(10)
	d := newDecoder(strings.NewReader(large + small + large))
	d.window.account, d.window.exchange = newAccount(budget), openExchange(t)
	for i := range 3 {
		if doc, err := d.next(rows); err != nil || doc.rows != 1 {
			t.Fatalf("document %d: %d rows, %v", i, doc.rows, err)
		}
		if len(budget.rooms[0].reading) != 0 {
			t.Errorf("the place for a large value is held after document %d", i)
		}
	}
}

// sharing is a Counter that shares the budget.
func sharing(t *testing.T, budget *Budget, transport http.RoundTripper) *Counter {
	t.Helper()
	cfg := DefaultConfig()
	cfg.Budget, cfg.Jitter, cfg.Cores = budget, func() float64 { return 0.5 }, oneCore(t)
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
			late.open()
			for i := range greedy {
				greedy[i] = newAccount(budget)
				greedy[i].open()
			}
			for _, a := range greedy {
				l := a.open()
				for step := int64(16 << 20); step > 0; step /= 2 {
					for l.take(step) {
					}
				}
				a.keep(l)
			}
			share := (limit/2 - 9*clusterBytes) / 2 / 9 / stepBytes * stepBytes
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
			a.leave() // or its share would be its own until it is garbage
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

// TestClustersTakeOfTheBudget has more and more clusters: each takes 96 KiB of what names
// may have, down to a half.
func TestClustersTakeOfTheBudget(t *testing.T) {
	const names = 64 << 20
	for clusters, room := range map[int]int64{1: names - clusterBytes, 100: names - 100*clusterBytes, 341: names - 341*clusterBytes, 342: names / 2, 5000: names / 2} {
		budget, greedy := NewBudget(2*names), new(int64)
		budget.resize(greedy, 0)
		for range clusters - 1 {
			budget.resize(new(int64), 0)
		}
		share := room / 2 / int64(clusters)
		if most := room/2 + share; !budget.resize(greedy, most) || budget.resize(greedy, most+1) {
			t.Errorf("one of %d clusters holds %d bytes, want %d", clusters, *greedy, most)
		}
	}
}

// TestClustersThatComeLater join one that has taken all while it was alone: as long as a
// quarter of the budget has room for all of them, each finds its own.
func TestClustersThatComeLater(t *testing.T) {
	for _, later := range []int{1, 20, 100, 130, 300} {
		budget := NewBudget(115 << 20)
		l := newAccount(budget).open()
		for step := int64(64 << 20); step >= stepBytes; step /= 2 {
			for l.take(step) {
			}
		}
		var all []*ledger
		for range later {
			all = append(all, newAccount(budget).open())
		}
		for i, own := range all {
			if !own.take(40 << 10) {
				t.Fatalf("%d of %d have no room for 40 KiB", later-i, later)
			}
		}
		runtime.KeepAlive(l)
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
			budget.cluster = 0
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
