package collector

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// seriesPerCluster is about how many there are beside those of the nodes.
const seriesPerCluster = 80

// scrape is what a request to the metrics asks for.
type scrape struct {
	metrics  *metrics
	clusters []*cluster
	some     bool          // they were chosen by name
	limit    time.Duration // of the wait and of encoding
}

func (c *Collector) readScrape(r *http.Request) (s scrape, err error) {
	s.metrics = c.metrics
	if s.limit, err = scrapeTimeout(r.Header.Get(timeoutHeader)); err != nil {
		return s, err
	}
	s.limit = max(0, s.limit-c.opts.TimeoutOffset)
	query, err := readQuery(r)
	if err != nil {
		return s, err
	}
	s.clusters, s.some, err = c.chosen(query)
	return s, err
}

// await returns what is to be shown of the clusters. It asks all of them at
// once, so that a slow one delays no other, and waits no longer than ctx for
// snapshots that are being counted.
func (s scrape) await(ctx context.Context) exposition {
	shown := make([]shownCluster, len(s.clusters))
	var all sync.WaitGroup
	for i, one := range s.clusters {
		all.Go(func() { shown[i] = shownCluster{one, one.cache.await(ctx)} })
	}
	all.Wait()
	return exposition{metrics: s.metrics, clusters: shown}
}

// series is about how many the answer will have.
func (s scrape) series() int {
	sum := 0
	for _, one := range s.clusters {
		sum += seriesPerCluster
		if state := one.cache.current(); !state.withdrawn {
			sum += 2 * len(state.snapshot.Nodes)
		}
	}
	return sum
}

// exposition is the prometheus.Collector of one answer.
type exposition struct {
	metrics  *metrics
	clusters []shownCluster
}

type shownCluster struct {
	*cluster
	state state
}

// Describe sends every description that Collect may use.
func (e exposition) Describe(ch chan<- *prometheus.Desc) { e.metrics.describe(ch) }

// Collect sends the series of all clusters.
func (e exposition) Collect(ch chan<- prometheus.Metric) {
	for _, one := range e.clusters {
		one.metrics.collect(ch, one.state)
	}
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
