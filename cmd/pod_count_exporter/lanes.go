package main

import (
	"maps"

	"github.com/kube-node-manager/pod_count_exporter/collector/cluster"
)

// lanes allows one RoundTrip at a time for each login: there is a lane for each
// cluster and user entry of a kubeconfig. A reload that changes neither keeps the
// lane, so that a token file or a credential plugin that hangs is left behind once,
// and not once for each reload.
type lanes map[lane]chan struct{}

type lane struct{ cluster, login string }

// of returns the cluster's lane.
func (l lanes) of(c cluster.Cluster) chan struct{} {
	key := lane{c.Name, c.Login}
	if l[key] == nil {
		l[key] = make(chan struct{}, 1)
	}
	return l[key]
}

// keep drops the lanes of other clusters, unless a request still hangs there: the
// user entry may come back.
func (l lanes) keep(clusters []cluster.Cluster) {
	used := make(map[lane]bool, len(clusters))
	for _, c := range clusters {
		used[lane{c.Name, c.Login}] = true
	}
	maps.DeleteFunc(l, func(key lane, occupied chan struct{}) bool { return !used[key] && len(occupied) == 0 })
}
