package main

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"

	"github.com/prometheus/common/version"

	"github.com/kube-node-manager/pod_count_exporter/collector/cluster"
	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
	"github.com/kube-node-manager/pod_count_exporter/collector/store"
)

// fleet is the clusters of one run, and what becomes of them.
type fleet struct {
	opts     *options
	around   surroundings
	results  []*result          // in the order of the kubeconfig
	problems []error            // of kubeconfigs that cannot be read
	counted  map[string]*result // those that are counted, by name
	store    *store.Store
	stop     context.CancelFunc // ends the counts
	last     lastCounts
	said     said
}

var _ store.Observers = (*fleet)(nil)

// newFleet reads the kubeconfig. What is wrong with it, or with one context of it,
// is among the results.
func newFleet(ctx context.Context, opts *options, around surroundings) *fleet {
	f := &fleet{
		opts: opts, around: around, counted: make(map[string]*result),
		last: newLastCounts(around), said: said{lines: make(map[string]string)},
	}
	// Not ended by a signal: how far a count has come must be read before it ends.
	counting, stop := context.WithCancel(context.WithoutCancel(ctx))
	keeping := store.DefaultOptions()
	if opts.watch {
		keeping = watchOptions()
	}
	f.store, f.stop = store.New(counting, keeping, f), stop
	from := opts.clusters
	from.Env, from.UserAgent, from.Plugins = around.env, userAgent(), cluster.NewPlugins(f.said.note)
	loaded := cluster.NewLoader(from).Load()
	f.problems = loaded.Problems
	pages := opts.pages
	pages.Budget = podcount.NewBudget(debug.SetMemoryLimit(-1)) // which only reads it
	pages.Cores = podcount.NewCores(runtime.GOMAXPROCS(0))
	var targets []store.Target
	for _, c := range append(loaded.Clusters, loaded.Nameless...) {
		r := &result{name: c.Name, key: f.last.key(c, pages), partial: readsMore(pages.Nodes), ended: make(chan struct{})}
		f.results = append(f.results, r)
		counter, err := f.counter(c, pages)
		if err != nil {
			r.fail(&store.ConfigError{Err: err})
			continue
		}
		f.counted[c.Name] = r
		targets = append(targets, store.Target{Name: c.Name, Server: c.Server, Counter: counter})
	}
	f.store.Set(targets...)
	return f
}

func (f *fleet) counter(c cluster.Cluster, pages podcount.Config) (store.Counter, error) {
	client, base, err := c.Client()
	if err != nil {
		return nil, err
	}
	pages.Gate = f.store.Gate()
	counter, err := podcount.New(pages, client, base)
	if err != nil || !f.opts.watch {
		return counter, err
	}
	// A client of its own: a page that times out closes its connection.
	streams, _, err := c.StreamClient()
	if err != nil {
		return nil, err
	}
	return podcount.NewWatcher(counter, streams, podcount.DefaultWatchConfig())
}

// Observe is called for each target.
func (f *fleet) Observe(name string) store.Observer { return f.counted[name] }

// count counts all clusters at once, each until its end or that of ctx.
func (f *fleet) count(ctx context.Context) {
	drawn := f.draw()
	f.store.Warm()
	for _, r := range f.results {
		select {
		case <-r.ended:
		case <-ctx.Done():
		}
	}
	drawn()
	for _, c := range f.store.Clusters() {
		f.counted[c.Name()].interrupt(c.View().Progress)
	}
	f.stop()
	f.store.Wait()
	if f.around.err.terminal {
		f.last.save(f.results)
	}
}

// said is the last line that the credential plugin of each cluster has printed.
type said struct {
	mu    sync.Mutex
	lines map[string]string
}

func (s *said) note(cluster, line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lines[cluster] = line
}

func (s *said) by(cluster string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lines[cluster]
}

func userAgent() string {
	v := version.Version
	if v == "" {
		v = "unknown"
	}
	return fmt.Sprintf("%s/%s (%s/%s)", program, v, runtime.GOOS, runtime.GOARCH)
}
