package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/go-kit/log"
	"github.com/prometheus/common/version"

	"github.com/kube-node-manager/pod_count_exporter/collector"
	"github.com/kube-node-manager/pod_count_exporter/collector/cluster"
	"github.com/kube-node-manager/pod_count_exporter/collector/store"
)

// fleet keeps the collector's clusters in step with the kubeconfigs.
type fleet struct {
	counting  counting
	shard     cluster.Shard
	logger    log.Logger
	collector *collector.Collector
	queue     reloadQueue

	mu      sync.Mutex // one load at a time
	loader  *cluster.Loader
	targets map[string]target // by the cluster's name
	logged  map[string]bool   // what the log says of the latest load
	retry   retry
}

// target is a cluster to count, with what its clients were made from.
type target struct {
	key, place string
	clients    []*http.Client // none with a fault
	fault      error          // why it cannot be used
	store.Target
}

// pipeLimit is how long the start waits for a pipe that has a writer, as in
// --kubeconfig=<(command).
const pipeLimit = 30 * time.Second

// errStopped is the error of a start that was cancelled.
var errStopped = errors.New("stopped while waiting for a kubeconfig out of a pipe")

// start reads the kubeconfigs for the first time. It fails when no cluster can be
// counted by any replica.
func (f *fleet) start(ctx context.Context) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.loader.AwaitPipes(ctx, pipeLimit); ctx.Err() != nil {
		return errStopped
	}
	r := f.load()
	if !r.usable {
		all := slices.Concat(r.loaded.Problems, r.faults())
		return inOne(all, len(all))
	}
	f.logLoad(r)
	return nil
}

// load reads the kubeconfigs and passes the clusters to the collector. A cluster that
// has not changed keeps its client.
func (f *fleet) load() loadResult {
	r := loadResult{loaded: f.loader.Load()}
	next := make(map[string]target)
	for _, c := range r.loaded.Clusters {
		own, fault := f.shard.Owns(c.Name), c.Fault
		if own {
			t := f.target(c)
			next[c.Name], fault = t, t.fault
		}
		r.add(c.Name, fault, own)
	}
	for _, c := range r.loaded.Nameless {
		r.add(c.Name, c.Fault, f.shard.Owns(c.Name))
	}
	f.replace(next)
	f.counting.keep(r.loaded.Clusters)
	f.collector.SetInvalidContexts(len(r.invalid))
	f.collector.Reloaded(len(r.loaded.Problems) == 0)
	f.retry.wanted = len(r.loaded.Problems)+len(r.invalid) > 0
	return r
}

// replace makes next the targets, and frees the clients that are then unused.
func (f *fleet) replace(next map[string]target) {
	before := f.targets
	f.targets = next
	f.collector.Store.Set(storeTargets(next)...)
	for name, t := range before {
		if !slices.Equal(t.clients, next[name].clients) {
			release(t.clients)
		}
	}
}

// target returns the target of the load before if nothing has changed.
func (f *fleet) target(c cluster.Cluster) target {
	before, known := f.targets[c.Name]
	if known && before.fault == nil && c.Fault == nil && before.key == c.Key {
		return before
	}
	switch { // what is not known of the server is as before
	case c.Server != "":
	case c.Place == "" || c.Place == before.place:
		c.Place, c.Server = before.place, before.Server
	default:
		c.Server = c.Place
	}
	t, err := f.newTarget(c)
	switch {
	case err == nil:
		return t
	case known && before.fault != nil && before.fault.Error() == err.Error() && before.place == c.Place && before.Server == c.Server:
		return before
	}
	return target{key: c.Key, place: c.Place, fault: err, Target: store.Target{Name: c.Name, Server: c.Server, Counter: store.Unusable(err)}}
}

func (f *fleet) newTarget(c cluster.Cluster) (target, error) {
	counter, clients, err := f.counting.counter(c, f.collector.Store.Gate())
	if err != nil {
		return target{}, err
	}
	return target{key: c.Key, place: c.Place, clients: clients, Target: store.Target{Name: c.Name, Server: c.Server, Counter: counter}}, nil
}

func storeTargets(all map[string]target) []store.Target {
	targets := make([]store.Target, 0, len(all))
	for _, t := range all {
		targets = append(targets, t.Target)
	}
	return targets
}

func userAgent() string {
	v := version.Version
	if v == "" {
		v = "unknown"
	}
	return fmt.Sprintf("%s/%s (%s/%s)", program, v, runtime.GOOS, runtime.GOARCH)
}
