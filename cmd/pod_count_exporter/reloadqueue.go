package main

import (
	"slices"
	"strings"
	"sync"

	"github.com/go-kit/log/level"
)

// reloadQueue lets those who ask for a reload share the next one. One that has begun
// may have read the kubeconfigs before they asked.
type reloadQueue struct {
	mu   sync.Mutex
	next *sharedReload // that has not begun; nil when nobody has asked
}

// sharedReload is a reload of all who have asked for it before it begins.
type sharedReload struct {
	causes []string      // one of each who asked
	done   chan struct{} // closed when err is there
	err    error
}

// join returns the next reload. The first to ask for it has to make it.
func (q *reloadQueue) join(cause string) (next *sharedReload, first bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if first = q.next == nil; first {
		q.next = &sharedReload{done: make(chan struct{})}
	}
	q.next.causes = append(q.next.causes, cause)
	return q.next, first
}

// begin begins the next reload, which nobody joins from then on. It returns the
// causes, each once.
func (q *reloadQueue) begin() (causes []string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	causes = slices.Compact(slices.Sorted(slices.Values(q.next.causes)))
	q.next = nil
	return causes
}

// reload reads the kubeconfigs again. Its error has what could not be read; the
// clusters of that are what they were. What was written before the call is read.
func (f *fleet) reload(cause string) error {
	shared, first := f.queue.join(cause)
	if !first {
		<-shared.done
		return shared.err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	defer close(shared.done)
	shared.err = f.reloadFor(f.queue.begin())
	return shared.err
}

// reloadFor reloads once for all causes.
func (f *fleet) reloadFor(causes []string) error {
	isAsked := func(cause string) bool { return cause != causeRetry && cause != causeChange }
	onlyRetry, asked := slices.Equal(causes, []string{causeRetry}), slices.ContainsFunc(causes, isAsked)
	if !onlyRetry {
		f.retry.reset()
		_ = level.Info(f.logger).Log("msg", "Reloading the kubeconfigs", "cause", strings.Join(causes, ", "))
	}
	before := f.targets
	r := f.load()
	err := inOne(r.loaded.Problems)
	if err != nil && (asked || f.hasNewProblem(r)) {
		_ = level.Error(f.logger).Log("msg", "Some kubeconfigs cannot be read, their clusters stay", "err", err)
	}
	f.logLoad(r)
	f.logChange(before, onlyRetry)
	f.collector.Store.Warm()
	return err
}

// due says why to read the kubeconfigs again: a file is not what the latest
// load may have seen, or its time has come to try again what failed.
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
