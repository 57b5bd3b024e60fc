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
