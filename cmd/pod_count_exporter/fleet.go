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
	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
)

// fleet keeps the collector's clusters in step with the kubeconfigs.
type fleet struct {
	opts      cluster.Options
	pages     podcount.Config
	shard     cluster.Shard
	logger    log.Logger
	collector *collector.Collector

	mu      sync.Mutex // one reading at a time
	members map[string]member
	digest  string // of the files, from before they were last read
}

// member is a cluster with the key of what its client was made of.
type member struct {
	key string
	collector.Member
}

// load reads the kubeconfigs and hands their clusters to the collector, all or,
// on an error, none. A cluster that is what it was keeps its client.
func (f *fleet) load() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	// What is written while they are read shows as a change afterwards.
	f.digest = cluster.Digest(f.opts)
	clusters, err := cluster.Load(f.opts)
	if err != nil {
		return err
	}
	clusters = f.shard.Of(clusters)
	next := make(map[string]member, len(clusters))
	for _, c := range clusters {
		m, known := f.members[c.Name]
		if !known || m.key != c.Key {
			if m, err = f.build(c); err != nil {
				return err
			}
		}
		next[c.Name] = m
	}
	f.collector.Set(membersOf(next)...)
	f.logChange(f.members, next)
	f.members = next
	return nil
}

// changed says whether a file is not what the latest reading may have seen.
func (f *fleet) changed() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return cluster.Digest(f.opts) != f.digest
}

func membersOf(all map[string]member) []collector.Member {
	members := make([]collector.Member, 0, len(all))
	for _, m := range all {
		members = append(members, m.Member)
	}
	return members
}

func (f *fleet) build(c cluster.Cluster) (member, error) {
	client, base, err := c.Client()
	if err != nil {
		return member{}, err
	}
	pages := f.pages
	pages.Gate = f.collector.Gate()
	counter, err := podcount.New(pages, client, base)
	if err != nil {
		return member{}, fmt.Errorf("%s: %w", c.Source, err)
	}
	return member{key: c.Key, Member: collector.Member{Name: c.Name, Server: base.String(), Counter: counter}}, nil
}

// logChange tells what a reload has changed; the start has its own line.
func (f *fleet) logChange(before, next map[string]member) {
	if before == nil {
		return
	}
	added, changed, removed := 0, 0, 0
	for name, m := range next {
		old, known := before[name]
		switch {
		case !known:
			added++
		case old.key != m.key:
			changed++
		}
	}
	for name := range before {
		if _, stays := next[name]; !stays {
			removed++
		}
	}
	_ = level.Info(f.logger).Log("msg", "Reloaded the kubeconfigs", "clusters", len(next),
		"added", added, "changed", changed, "removed", removed)
}

func userAgent() string {
	v := version.Version
	if v == "" {
		v = "unknown"
	}
	return fmt.Sprintf("%s/%s (%s/%s)", program, v, runtime.GOOS, runtime.GOARCH)
}
