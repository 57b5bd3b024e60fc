package main

import (
	"fmt"
	"net/http"

	"github.com/kube-node-manager/pod_count_exporter/collector/cluster"
	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
	"github.com/kube-node-manager/pod_count_exporter/collector/store"
)

// counting is how clusters are counted.
type counting struct {
	pages podcount.Config
	mode  podcount.Mode
	watch podcount.WatchConfig
	// Requests for pages wait for each other in lanes, those that open streams in
	// streamLanes.
	lanes, streamLanes lanes
}

func newCounting(f *flags) counting {
	c := counting{pages: f.pages, mode: podcount.Mode(f.mode), watch: f.watch, lanes: make(lanes), streamLanes: make(lanes)}
	c.watch.NodesInterval = f.cache.CacheTTL
	return c
}

// counter makes the Counter of a cluster, and the clients that it sends requests
// through.
func (c counting) counter(one cluster.Cluster, gate podcount.Gate) (store.Counter, []*http.Client, error) {
	client, base, err := one.Client()
	if err != nil {
		return nil, nil, err
	}
	clients := []*http.Client{client}
	pages := c.pages
	pages.Gate, pages.Lane = gate, c.lanes.of(one)
	counter, err := podcount.New(pages, client, base)
	if err != nil {
		release(clients)
		return nil, nil, fmt.Errorf("%s: %w", one.Source, err)
	}
	if c.mode != podcount.ModeWatch {
		return counter, clients, nil
	}
	watcher, streams, err := c.watcher(one, counter)
	if err != nil {
		release(clients)
		return nil, nil, err
	}
	return watcher, append(clients, streams), nil
}

// watcher gives the streams their own client: a page that times out closes its
// connection.
func (c counting) watcher(one cluster.Cluster, counter *podcount.Counter) (*podcount.Watcher, *http.Client, error) {
	streams, _, err := one.StreamClient()
	if err != nil {
		return nil, nil, err
	}
	watch := c.watch
	watch.Lane = c.streamLanes.of(one)
	watcher, err := podcount.NewWatcher(counter, streams, watch)
	if err != nil {
		cluster.Release(streams)
		return nil, nil, fmt.Errorf("%s: %w", one.Source, err)
	}
	return watcher, streams, nil
}

// release frees clients that are not used any more.
func release(clients []*http.Client) {
	for _, client := range clients {
		cluster.Release(client)
	}
}

// keep drops what belongs to none of these clusters.
func (c counting) keep(clusters []cluster.Cluster) {
	c.lanes.keep(clusters)
	c.streamLanes.keep(clusters)
}
