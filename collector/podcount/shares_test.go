package podcount

import (
	"net/http"
	"net/url"
	"runtime"
	"testing"
)

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
			for range 4 {
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
				if _, err := countOnce(t.Context(), c, &recorder{}); err != nil {
					t.Fatal(err)
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
