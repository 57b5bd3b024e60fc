// Package store keeps the clusters to count and the last complete snapshot of each.
// It decides when a cluster is counted again, how many answers are read at once, and
// how long a scrape waits. It knows neither Prometheus nor HTTP, and reports to an
// Observer.
package store

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
)

// Store holds the clusters of one process.
type Store struct {
	ctx       context.Context // the process's: counts outlive the scrape that began them
	opts      Options
	gate      *gate
	observers Observers
	counts    sync.WaitGroup

	mu       sync.Mutex
	clusters map[string]*Cluster
}

// New returns a Store without clusters. Counts run until ctx is cancelled.
func New(ctx context.Context, opts Options, observers Observers) *Store {
	places := max(3, opts.Concurrency) // one is kept, and those that fail may hold another one for long
	return &Store{ctx: ctx, opts: opts, gate: newGate(places), observers: observers, clusters: make(map[string]*Cluster)}
}

// Gate returns the gate for the requests of one more Counter. All of them share the
// places in which answers are read.
func (s *Store) Gate() podcount.Gate { return &clusterGate{gate: s.gate, class: unknownClass} }

// Warm begins a count of every cluster that needs one, and waits for none: the
// first scrape then finds numbers, and a cluster that cannot be reached is
// logged as soon as the process runs.
func (s *Store) Warm() {
	for _, one := range s.Clusters() {
		one.Refresh()
	}
}

// Wait returns when no count is running any more. Cancel the context first.
func (s *Store) Wait() {
	for _, one := range s.Clusters() {
		one.close() // a count that a timer begins at this moment is waited for, too
	}
	s.counts.Wait()
}

// Clusters returns all clusters, sorted by name.
func (s *Store) Clusters() []*Cluster {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]*Cluster, 0, len(s.clusters))
	for _, one := range s.clusters {
		all = append(all, one)
	}
	slices.SortFunc(all, func(a, b *Cluster) int { return strings.Compare(a.name, b.name) })
	return all
}

// Find returns the cluster of that name, or nil.
func (s *Store) Find(name string) *Cluster {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.clusters[name]
}

// Set makes targets the clusters to count. One whose Counter is the same as before is
// left alone. One with another Counter for the same server keeps its snapshot and
// outcome, and a running count goes on with the new Counter. The counts of all others
// end, and clusters that are not a target any more are forgotten. A new cluster is
// counted at Warm or the first scrape, not here.
func (s *Store) Set(targets ...Target) {
	s.mu.Lock()
	defer s.mu.Unlock()
	next := make(map[string]*Cluster, len(targets))
	for _, t := range targets {
		next[t.Name] = s.successor(s.clusters[t.Name], t)
	}
	for name, old := range s.clusters {
		if next[name] == old {
			continue
		}
		old.close()
		old.discard()
	}
	s.clusters = next
}

func (s *Store) successor(old *Cluster, t Target) *Cluster {
	if old == nil || old.target.Server != t.Server {
		return s.newCluster(t)
	}
	if old.target.Counter != t.Counter {
		old.replace(t.Counter)
	}
	old.target = t
	return old
}

func (s *Store) newCluster(t Target) *Cluster {
	ctx, cancel := context.WithCancel(s.ctx)
	observer := s.observers.Observe(t.Name)
	return &Cluster{
		name: t.Name, target: t, cancel: cancel,
		ctx: ctx, opts: s.opts, counter: t.Counter, counts: &s.counts, updated: make(chan struct{}),
		observer: observer, progress: progress{next: observer},
	}
}
