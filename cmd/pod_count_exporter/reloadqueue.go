package main

import (
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-kit/log/level"
)

const (
	// reloadPause is the time between two reloads of the same files, when there are many.
	reloadPause = time.Second
	// reloadsAtOnce is how many begin without a pause.
	reloadsAtOnce = 5
)

// reloadQueue lets callers that ask for a reload at the same time share the next one.
// A reload that has begun is not shared: it may have read the kubeconfigs before the
// call.
//
// A few begin at once, and then one after each pause, unless a file has changed: anybody
// may ask, and each is logged.
type reloadQueue struct {
	pause time.Duration // reloadPause, unless a test sets it

	mu   sync.Mutex
	next *sharedReload // the one that has not begun; nil when nobody has asked
	pace time.Time     // when the latest would have begun with a pause before each
}

// sharedReload is a reload for everybody who asks before it begins.
type sharedReload struct {
	causes []string      // of each call
	wait   time.Duration // until it begins, if no file has changed; may be negative
	done   chan struct{} // closed when err is set
	err    error
}

// join returns the next reload. The first caller has to run it, after its wait.
func (q *reloadQueue) join(cause string, now time.Time) (next *sharedReload, first bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if first = q.next == nil; first {
		if rested := now.Add(-reloadsAtOnce * q.pause); q.pace.Before(rested) {
			q.pace = rested
		}
		if q.pace = q.pace.Add(q.pause); q.pace.After(now.Add(q.pause)) { // the one before did not wait
			q.pace = now.Add(q.pause)
		}
		q.next = &sharedReload{done: make(chan struct{}), wait: q.pace.Sub(now)}
	}
	q.next.causes = append(q.next.causes, cause)
	return q.next, first
}

// begin takes the next reload, which nobody can join from then on. It returns the
// causes, each once.
func (q *reloadQueue) begin() (causes []string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	causes = slices.Compact(slices.Sorted(slices.Values(q.next.causes)))
	q.next = nil
	return causes
}

// reload reads the kubeconfigs again, as they are at the call or later. Its error
// says what could not be read; the clusters of those files stay as they were.
func (f *fleet) reload(cause string) error {
	shared, first := f.queue.join(cause, time.Now())
	if !first {
		<-shared.done
		return shared.err
	}
	if shared.wait > 0 && !f.changed() {
		time.Sleep(shared.wait)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	defer close(shared.done)
	shared.err = f.reloadFor(f.queue.begin())
	return shared.err
}

// reloadFor reloads once for all causes.
func (f *fleet) reloadFor(causes []string) error {
	onlyRetry := slices.Equal(causes, []string{causeRetry})
	if !onlyRetry {
		f.retry.reset()
		_ = level.Info(f.logger).Log("msg", "Reloading the kubeconfigs", "cause", strings.Join(causes, ", "))
	}
	before := f.targets
	r := f.load()
	problems := f.newProblems(r)
	if slices.ContainsFunc(causes, isSignal) {
		problems = r.loaded.Problems
	}
	if err := inOne(problems, len(problems)); err != nil {
		_ = level.Error(f.logger).Log("msg", "Some kubeconfigs cannot be read, their clusters stay", "err", err)
	}
	f.logLoad(r)
	f.logChange(before, onlyRetry)
	f.collector.Store.Warm()
	return inOne(r.loaded.Problems, fewProblems)
}

// isSignal says whether somebody asked who has no other answer than the log.
func isSignal(cause string) bool {
	return cause != causeRequest && cause != causeChange && cause != causeRetry
}

// changed says whether a file has changed since the latest load.
func (f *fleet) changed() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.loader.Changed()
}

// due returns why to read the kubeconfigs again, or "": a file has changed since the
// latest load, or it is time to try again what failed.
func (f *fleet) due() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.loader.Changed():
		return causeChange
	case f.retry.due():
		return causeRetry
	}
	return ""
}
