package collector

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/kube-node-manager/pod_count_exporter/collector/store"
)

// seriesPerCluster is roughly how many series a cluster has besides those of its
// nodes.
const seriesPerCluster = 80

// scrape is what a request for the metrics asks for.
type scrape struct {
	clusters []*store.Cluster
	some     bool          // they were chosen by name
	families []string      // the only ones to show; all when empty
	limit    time.Duration // for waiting and encoding together
}

func (c *Collector) readScrape(r *http.Request) (s scrape, err error) {
	if s.limit, err = scrapeTimeout(r.Header.Get(timeoutHeader)); err != nil {
		return s, err
	}
	s.limit = max(0, s.limit-c.opts.TimeoutOffset)
	query, err := readQuery(r)
	if err != nil {
		return s, err
	}
	s.families = query["name[]"]
	s.clusters, s.some, err = c.chosen(query)
	return s, err
}

// await has the clusters counted that are due. It asks all of them at once, so that a slow
// one delays no other, and waits for counts as long as kept leaves time to encode the
// answer. Counts that end meanwhile make it larger, and the wait shorter.
func (s scrape) await(ctx context.Context, kept *reserve) {
	began, series, of := time.Now(), 0, make(map[*store.Cluster]int, len(s.clusters))
	for _, one := range s.clusters {
		of[one] = seriesOf(one.View())
		series += of[one]
	}
	ctx, cancel := context.WithTimeout(ctx, kept.wait(s.limit, series))
	defer cancel()
	early := time.AfterFunc(math.MaxInt64, cancel)
	defer early.Stop()
	store.Await(ctx, s.clusters, func(one *store.Cluster) {
		if more := seriesOf(one.View()) - of[one]; more > 0 {
			of[one] += more
			series += more
			early.Reset(max(1, kept.wait(s.limit, series)-time.Since(began)))
		}
	})
}

// views returns what is to be shown of the clusters that are still there.
func (c *Collector) views(s scrape) []store.View {
	views := make([]store.View, 0, len(s.clusters))
	for _, one := range s.clusters {
		if v, there := c.view(one.Name()); there {
			views = append(views, v)
		}
	}
	return views
}

// seriesIn returns roughly how many series an answer has.
func seriesIn(views []store.View) (series int) {
	for _, v := range views {
		series += seriesOf(v)
	}
	return series
}

func seriesOf(v store.View) int {
	if !v.Shown() {
		return seriesPerCluster
	}
	return seriesPerCluster + 2*len(v.Snapshot.Nodes)
}

// A scrape with scopeParameter=scopeProcess has the metrics of the process and none
// of the clusters. It is a parameter of its own because a cluster may have any name.
const (
	scopeParameter = "scope"
	scopeProcess   = "process"
)

// chosen returns the clusters that a query names, by cluster=NAME or cluster[]=NAME
// as often as needed, and whether it names any. If it names none, they are all
// clusters, or none with scope=process.
func (c *Collector) chosen(query url.Values) (clusters []*store.Cluster, some bool, err error) {
	names := slices.Concat(query["cluster[]"], query["cluster"])
	if scopes, asked := query[scopeParameter]; asked {
		return nil, false, checkScope(scopes, names)
	}
	if len(names) == 0 {
		return c.Store.Clusters(), false, nil
	}
	for _, name := range slices.Compact(slices.Sorted(slices.Values(names))) {
		one := c.Store.Find(name)
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
		return fmt.Errorf("%s=%s excludes the clusters: request them separately", scopeParameter, scopeProcess)
	}
	return nil
}

// unknownCluster quotes a name from a request, and not all of a long one.
func unknownCluster(name string) error {
	return fmt.Errorf("unknown cluster %.300q", name)
}
