package main

import (
	"fmt"
	"runtime"
	"sync"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
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

	mu      sync.Mutex // one reading at a time
	loader  *cluster.Loader
	members map[string]member
	told    map[string]bool // what the log says of the latest reading
	retry   retry
}

// member is a cluster with what its client was made of.
type member struct {
	key, place string
	fault      error // why it cannot be used
	store.Target
}

// start reads the kubeconfigs for the first time. It fails when no cluster can be
// counted, by this replica or another.
func (f *fleet) start() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	o := f.load()
	if !o.usable {
		return inOne(append(o.loaded.Problems, o.faults()...))
	}
	f.report(o)
	return nil
}

// reload reads the kubeconfigs again. Its error has what could not be read; the
// clusters of that are what they were.
func (f *fleet) reload(cause string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if cause != causeRetry {
		f.retry.reset()
		_ = level.Info(f.logger).Log("msg", "Reloading the kubeconfigs", "cause", cause)
	}
	before := f.members
	o := f.load()
	err := inOne(o.loaded.Problems)
	if asked := cause != causeRetry && cause != causeChange; err != nil && (asked || f.news(o)) {
		_ = level.Error(f.logger).Log("msg", "Some kubeconfigs cannot be read, their clusters stay", "err", err)
	}
	f.report(o)
	f.logChange(before, cause)
	f.collector.Store.Warm()
	return err
}

// load hands the clusters to the collector. One that is what it was keeps its
// client.
func (f *fleet) load() reading {
	o := reading{loaded: f.loader.Load()}
	next := make(map[string]member)
	for _, c := range o.loaded.Clusters {
		own, fault := f.shard.Owns(c.Name), c.Fault
		if own {
			m := f.member(c)
			next[c.Name], fault = m, m.fault
		}
		o.take(c.Name, fault, own)
	}
	for _, c := range o.loaded.Nameless {
		o.take(c.Name, c.Fault, f.shard.Owns(c.Name))
	}
	f.members = next
	f.counting.keep(o.loaded.Clusters)
	f.collector.Store.Set(membersOf(next)...)
	f.collector.SetInvalidContexts(len(o.invalid))
	f.collector.Reloaded(len(o.loaded.Problems) == 0)
	f.retry.wanted = len(o.loaded.Problems)+len(o.invalid) > 0
	return o
}

// member reuses that of the reading before if nothing has changed.
func (f *fleet) member(c cluster.Cluster) member {
	before, known := f.members[c.Name]
	if known && before.fault == nil && c.Fault == nil && before.key == c.Key {
		return before
	}
	m, err := f.build(c)
	switch {
	case err == nil:
		return m
	case known && before.fault != nil && before.fault.Error() == err.Error() && before.mayBe(c):
		return before
	}
	m = member{key: c.Key, place: c.Place, fault: err, Target: store.Target{Name: c.Name, Server: c.Server, Counter: store.Unusable(err)}}
	switch {
	case c.Server != "":
	case c.Place == "" || c.Place == before.place:
		m.place, m.Server = before.place, before.Server // as far as anybody knows
	default:
		m.Server = c.Place
	}
	return m
}

// mayBe says whether nothing that is known of c speaks for another server.
func (m member) mayBe(c cluster.Cluster) bool {
	return (c.Place == "" || c.Place == m.place) && (c.Server == "" || c.Server == m.Server)
}

func (f *fleet) build(c cluster.Cluster) (member, error) {
	counter, err := f.counting.counter(c, f.collector.Store.Gate())
	if err != nil {
		return member{}, err
	}
	return member{key: c.Key, place: c.Place, Target: store.Target{Name: c.Name, Server: c.Server, Counter: counter}}, nil
}

// due says why to read the kubeconfigs again: a file is not what the latest
// reading may have seen, or its time has come to try again what failed.
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

func membersOf(all map[string]member) []store.Target {
	members := make([]store.Target, 0, len(all))
	for _, m := range all {
		members = append(members, m.Target)
	}
	return members
}

func userAgent() string {
	v := version.Version
	if v == "" {
		v = "unknown"
	}
	return fmt.Sprintf("%s/%s (%s/%s)", program, v, runtime.GOOS, runtime.GOARCH)
}
