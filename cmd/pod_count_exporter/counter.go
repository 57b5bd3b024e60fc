package main

import (
	"fmt"

	"github.com/kube-node-manager/pod_count_exporter/collector/cluster"
	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
	"github.com/kube-node-manager/pod_count_exporter/collector/store"
)

// counting is how clusters are counted.
type counting struct {
	pages podcount.Config
	mode  podcount.Mode
	watch podcount.WatchConfig
	// requests wait for each other in the lanes of pages, and those that open streams
	// in lanes of their own.
	lanes, streamLanes lanes
}

func newCounting(f *flags) counting {
	c := counting{pages: f.pages, mode: podcount.Mode(f.mode), watch: f.watch, lanes: make(lanes), streamLanes: make(lanes)}
	c.watch.NodesInterval = f.cache.CacheTTL
	return c
}

// counter makes what counts a cluster.
func (c counting) counter(one cluster.Cluster, gate podcount.Gate) (store.Counter, error) {
	client, base, err := one.Client()
	if err != nil {
		return nil, err
	}
	pages := c.pages
	pages.Gate, pages.Lane = gate, c.lanes.of(one)
	counter, err := podcount.New(pages, client, base)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: %w", one.Source, err)
	case c.mode == podcount.ModeWatch:
		return c.watcher(one, counter)
	}
	return counter, nil
}

// watcher gives the streams a client of their own: a page that times out closes its
// connection.
func (c counting) watcher(one cluster.Cluster, counter *podcount.Counter) (store.Counter, error) {
	streams, _, err := one.Client()
	if err != nil {
		return nil, err
	}
	watch := c.watch
	watch.Lane = c.streamLanes.of(one)
	watcher, err := podcount.NewWatcher(counter, streams, watch)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", one.Source, err)
	}
	return watcher, nil
}

// keep drops what belongs to none of these clusters.
func (c counting) keep(clusters []cluster.Cluster) {
	c.lanes.keep(clusters)
	c.streamLanes.keep(clusters)
}
