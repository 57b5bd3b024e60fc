package collector

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

// scrape is the prometheus.Collector of one request: it waits no longer than
// the request's context for snapshots that are being counted.
type scrape struct {
	ctx      context.Context
	metrics  *metrics
	clusters []*cluster
}

// Describe sends every description that Collect may use.
func (s scrape) Describe(ch chan<- *prometheus.Desc) { s.metrics.describe(ch) }

// Collect asks all clusters at once, so that a slow one delays no other.
func (s scrape) Collect(ch chan<- prometheus.Metric) {
	var all sync.WaitGroup
	for _, one := range s.clusters {
		all.Go(func() {
			state := one.cache.get(s.ctx)
			one.metrics.collect(ch, state)
		})
	}
	all.Wait()
}

// A scrape with scopeParameter=scopeProcess has the metrics of the process and
// none of the clusters. It is a parameter of its own, since a cluster may have
// any name.
const (
	scopeParameter = "scope"
	scopeProcess   = "process"
)

// chosen returns the clusters that a query names, by cluster=NAME or
// cluster[]=NAME as often as needed, and whether it names any; without, all
// clusters, or none with scope=process.
func (c *Collector) chosen(query url.Values) (clusters []*cluster, some bool, err error) {
	names := slices.Concat(query["cluster[]"], query["cluster"])
	if scopes, asked := query[scopeParameter]; asked {
		return nil, false, checkScope(scopes, names)
	}
	if len(names) == 0 {
		return c.sorted(), false, nil
	}
	for _, name := range slices.Compact(slices.Sorted(slices.Values(names))) {
		one := c.find(name)
		if one == nil {
			return nil, true, unknownCluster(name)
		}
		clusters = append(clusters, one)
	}
	return clusters, true, nil
}

func checkScope(scopes, clusters []string) error {
	for _, scope := range scopes {
		if scope != scopeProcess {
			return fmt.Errorf("unknown %s %.300q: there is %s only", scopeParameter, scope, scopeProcess)
		}
	}
	if len(clusters) > 0 {
		return fmt.Errorf("%s=%s is without clusters: ask for them apart", scopeParameter, scopeProcess)
	}
	return nil
}

// unknownCluster quotes a name from a request, and not all of a long one.
func unknownCluster(name string) error {
	return fmt.Errorf("unknown cluster %.300q", name)
}
