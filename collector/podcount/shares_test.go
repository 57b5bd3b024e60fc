package podcount

import (
	"net/http"
	"net/url"
	"runtime"
	"slices"
	"testing"
)

// TestReloadsTakeNoShares changes the credentials of all clusters a few times at once, while
// one has all that is beyond the shares: each of the others still finds its own, before any
// has counted again.
func TestReloadsTakeNoShares(t *testing.T) {
	const clusters = 20
	budget := NewBudget(128 << 20)
	all, greedy := make([]*Counter, clusters), newAccount(budget)
	for i := range all {
		all[i] = sharing(t, budget, nil)
		all[i].account.keep(all[i].account.open())
	}
	l := greedy.open()
	for step := int64(16 << 20); step > 0; step /= 2 {
		for l.take(step) {
		}
	}
	kept := slices.Clone(all)
	for range 3 {
		for i, former := range all {
			all[i] = sharing(t, budget, nil)
			all[i].Resume(former)
		}
		kept = append(kept, all...)
	}
	share := (budget.total - (clusters+1)*clusterBytes) / 2 / (clusters + 1) / stepBytes * stepBytes
	for i, c := range all {
		if err := c.enter(t.Context()); err != nil {
			t.Fatal(err)
		}
		if l := c.account.open(); !l.take(share) {
			t.Errorf("cluster %d has no room for %d bytes", i, share)
		}
		c.leave()
	}
	runtime.KeepAlive(kept)
}

// TestReloadsLeaveSharesAlone has the credentials of a cluster change again and again,
// while each former Counter or Watcher is kept, as a store keeps the latest: the cluster
// goes on to have one part of the budget, and a second one for its streams.
func TestReloadsLeaveSharesAlone(t *testing.T) {
	for mode, want := range map[Mode]int{ModeList: 1, ModeWatch: 2} {
		t.Run(string(mode), func(t *testing.T) {
			budget := NewBudget(128 << 20)
			cfg := DefaultConfig()
			cfg.Budget = budget
			var kept []any
			var former *Watcher
			for round := range 4 {
				c, err := New(cfg, &http.Client{Transport: &patient{t: t}}, &url.URL{Scheme: "http", Host: "host"})
				if err != nil {
					t.Fatal(err)
				}
				w := &Watcher{Counter: c}
				if mode == ModeWatch {
					if w, err = NewWatcher(c, c.client, DefaultWatchConfig()); err != nil {
						t.Fatal(err)
					}
				}
				if former != nil && mode == ModeWatch {
					w.Follow(former)
					w.inherit()
				} else if former != nil {
					c.Resume(former.Counter)
				}
				if round == 3 {
					break // it has not counted yet
				}
				if _, err := countOnce(t.Context(), c, &recorder{}); err != nil {
					t.Fatal(err)
				}
				if mode == ModeWatch {
					w.account.open() // as for a session
				}
				former, kept = w, append(kept, w)
			}
			budget.mu.Lock()
			defer budget.mu.Unlock()
			if len(budget.held) != want {
				t.Errorf("one cluster is %d parts of the budget, want %d", len(budget.held), want)
			}
			runtime.KeepAlive(kept)
		})
	}
}
