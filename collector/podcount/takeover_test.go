package podcount

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// cancelled begins a count that hangs at the script's last page, and cancels it
// after a second.
func cancelled(t *testing.T, c *Counter) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	var seen recorder
	if _, err := countOnce(ctx, c, &seen); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("got %v, want the context's own error", err)
	}
	for _, page := range seen.pages {
		if page.Err != nil {
			t.Errorf("page %d was reported as failed: %v", page.Number, page.Err)
		}
	}
}

// TestResume changes the credentials faster than a count runs.
func TestResume(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		script := newScript(t, status(http.StatusNotAcceptable, ""), podPage("t1", "a", "b"), hang, podPage("t2", "a", "<none>"), hang, podPage("", "c"))
		first := script.counter(nil)
		cancelled(t, first)
		script.expect("nodes", "pods", "pods", "pods?t1")
		second := script.counter(nil)
		second.Resume(first)
		cancelled(t, second)
		script.expect("pods?t1", "pods?t2")
		unused := script.counter(nil)
		unused.Resume(second)
		last := script.counter(nil)
		last.Resume(unused)
		if got := script.count(last); got != everyPage {
			t.Errorf("got  %s\nwant %s", got, everyPage)
		}
		script.expect("pods?t2")
		if last.forms.at != 1 || !last.otherRights || first.suspended != nil || second.suspended != nil {
			t.Errorf("learnt %+v", last.memory)
		}
	})
}

// TestResumeWhileItEnds has a request of the earlier count still running, in a
// transport that ignores its context: its progress is kept all the same.
func TestResumeWhileItEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stubborn := func(r *http.Request) (*http.Response, error) {
			time.Sleep(time.Hour)
			return hang(r)
		}
		script := newScript(t, podPage("t1", "a", "b"), stubborn)
		old := script.counter(nil)
		script.lane = make(chan struct{}, 1) // what is left behind would keep the other one
		next := script.counter(nil)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() {
			_, err := countOnce(ctx, old, &recorder{})
			done <- err
		}()
		synctest.Wait()
		cancel()
		script.asked = nil
		script.pods = threePages()[1:]
		next.Resume(old)
		if got := script.count(next); got != everyPage {
			t.Errorf("got  %s\nwant %s", got, everyPage)
		}
		script.expect("pods?t1", "pods?t2")
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("the old count ended with %v", err)
		}
		time.Sleep(time.Hour)
	})
}

// TestResumeCancelled does not lose the progress that it was about to take over.
func TestResumeCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		script := newScript(t, podPage("t1", "a", "b"), hang, podPage("t2", "a", "<none>"), podPage("", "c"))
		first, second := script.counter(nil), script.counter(nil)
		cancelled(t, first)
		second.Resume(first)
		if err := first.enter(t.Context()); err != nil { // as if it was still ending
			t.Fatal(err)
		}
		cancelled(t, second)
		first.leave()
		script.asked = nil
		if got := script.count(second); got != everyPage {
			t.Errorf("got  %s\nwant %s", got, everyPage)
		}
		script.expect("pods?t1", "pods?t2")
	})
}

// Close gives back all that a Counter takes of the budget: its own, that of those whose memory
// it was to take over, and that of a count that was set aside.
func TestClose(t *testing.T) {
	for _, tt := range []struct {
		name   string
		counts func(t *testing.T, script *script, next func() *Counter) interface{ Close() }
	}{
		{"a complete count", func(_ *testing.T, script *script, next func() *Counter) interface{ Close() } {
			c := next()
			script.count(c)
			return c
		}},
		{"a count that was set aside", func(t *testing.T, _ *script, next func() *Counter) interface{ Close() } {
			c := next()
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			if _, err := countOnce(ctx, c, &recorder{}); !errors.Is(err, context.DeadlineExceeded) {
				t.Fatal(err)
			}
			return c
		}},
		{"one that was replaced", func(_ *testing.T, script *script, next func() *Counter) interface{ Close() } {
			first, second, third := next(), next(), next()
			script.count(first)
			second.Resume(first)
			third.Resume(second)
			return third
		}},
		{"followed", func(t *testing.T, script *script, next func() *Counter) interface{ Close() } {
			former, w := watcherOf(t, next()), watcherOf(t, next())
			script.count(former.Counter)
			newLive(former.account, former.cfg).names.ledger.take(1)
			w.Follow(former)
			newLive(w.account, w.cfg).names.ledger.take(1)
			return w
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				script := newScript(t, status(http.StatusForbidden, ""), podPage("t1", "a", "b"), podPage("", "c"))
				if tt.name == "a count that was set aside" {
					script = newScript(t, status(http.StatusForbidden, ""), podPage("t1", "a", "b"), hang)
				}
				budget := NewBudget(64 << 20)
				closer := tt.counts(t, script, func() *Counter {
					return script.counter(func(cfg *Config) { cfg.Budget = budget })
				})
				if budget.free == budget.total {
					t.Fatal("nothing was taken")
				}
				closer.Close()
				if budget.free != budget.total || len(budget.held) > 0 {
					t.Errorf("%d bytes are held by %d", budget.total-budget.free, len(budget.held))
				}
			})
		})
	}
}

func watcherOf(t *testing.T, c *Counter) *Watcher {
	t.Helper()
	w, err := NewWatcher(c, c.client, DefaultWatchConfig())
	must(t, err)
	return w
}
