package main

import (
	"errors"
	"fmt"
	"sync"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
	"github.com/kube-node-manager/pod_count_exporter/collector/store"
)

// result is what became of one cluster. Its fields may be read once it has ended.
type result struct {
	name string
	key  string // among the last counts
	// partial says that not all pods that are read are shown.
	partial bool

	ended    chan struct{}
	once     sync.Once
	snapshot *podcount.Snapshot // nil when the count failed
	err      error              // why

	streams streamNews // of a cluster that is followed
}

var _ store.Observer = (*result)(nil)

// Started has nothing to tell that the progress does not.
func (r *result) Started(int) {}

// Page has nothing to tell that the progress does not.
func (r *result) Page(podcount.Page) {}

// Event comes of a cluster that is followed.
func (r *result) Event(e podcount.Event) { r.streams.event(e) }

// Watched likewise.
func (r *result) Watched(w podcount.Watched) { r.streams.watched(w) }

// Ended notes the outcome of the first count.
func (r *result) Ended(outcome store.Outcome) {
	if outcome.Snapshot != nil {
		r.streams.note(func(s *streams) { s.counts++ })
	}
	r.once.Do(func() {
		r.snapshot, r.err = outcome.Snapshot, outcome.Err
		close(r.ended)
	})
}

func (r *result) fail(err error) { r.Ended(store.Outcome{Err: err}) }

// interrupt ends a count that has not ended, and notes how far it has come.
func (r *result) interrupt(reached store.Progress) { r.fail(&interruptedError{reached}) }

// hasEnded says so without waiting.
func (r *result) hasEnded() bool {
	select {
	case <-r.ended:
		return true
	default:
		return false
	}
}

// interruptedError is the end of a count that the user did not wait for.
type interruptedError struct{ reached store.Progress }

// Error says how far the count has come.
func (e *interruptedError) Error() string {
	if e.reached.Resource != podcount.Pods {
		return "interrupted while reading the " + podcount.Nodes + ", before the first page of pods"
	}
	return fmt.Sprintf("interrupted at page %d of the pods, with %s pods read", e.reached.Page, grouped(e.reached.Pods))
}

// The reasons of failures that are not podcount's.
const (
	reasonConfig      = "config"
	reasonInterrupted = "interrupted"
)

// reason is the word for what the failure comes from; empty for a fault of this
// program.
func (r *result) reason() string {
	var page *podcount.PageError
	switch {
	case errors.As(r.err, &page):
		return string(page.Reason)
	case errors.As(r.err, new(*store.ConfigError)):
		return reasonConfig
	case errors.As(r.err, new(*interruptedError)):
		return reasonInterrupted
	default:
		return ""
	}
}

// view is what the metrics are made of.
func (r *result) view() store.View {
	v := store.View{Cluster: r.name, State: store.Pending, Err: r.err}
	if r.snapshot != nil {
		v.State, v.Success, v.Snapshot = store.Fresh, true, r.snapshot
	}
	return v
}
