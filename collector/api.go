package collector

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/kube-node-manager/pod_count_exporter/collector/store"
)

// API serves the snapshots as JSON under /api/v1/: clusters, and
// nodes?cluster=NAME. Errors are JSON too.
func (c *Collector) API() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/api/v1/clusters", reading(c.serveClusters))
	mux.HandleFunc("/api/v1/nodes", reading(c.serveNodes))
	mux.HandleFunc("/", reading(func(http.ResponseWriter, *http.Request) error {
		return apiError{http.StatusNotFound, "no such endpoint: there are /api/v1/clusters and /api/v1/nodes?cluster=NAME"}
	}))
	return mux
}

func (c *Collector) serveClusters(w http.ResponseWriter, r *http.Request) error {
	return c.respondJSON(w, r, func(w http.ResponseWriter) error {
		all := clustersAnswer{Clusters: []clusterAnswer{}}
		for _, one := range c.Store.Clusters() {
			all.Clusters = append(all.Clusters, clusterOf(one.View()))
		}
		writeJSON(w, http.StatusOK, all)
		return nil
	})
}

// serveNodes answers at once with the last snapshot and has it counted again if
// it is stale; with fresh=true it waits for a fresh count.
func (c *Collector) serveNodes(w http.ResponseWriter, r *http.Request) error {
	ask, err := c.readNodesQuery(r)
	if err != nil {
		return err
	}
	if ask.fresh {
		// What has replaced the cluster meanwhile was counted after the request, if at all.
		if err := ask.wait(r.Context()); err != nil && c.Store.Find(ask.cluster.Name()) == ask.cluster {
			return err
		}
	} else {
		ask.cluster.Refresh()
	}
	return c.respondJSON(w, r, func(w http.ResponseWriter) error {
		v, there := c.view(ask.cluster.Name())
		if !there {
			return apiError{http.StatusNotFound, unknownCluster(ask.cluster.Name()).Error()}
		}
		return serveView(w, v)
	})
}

func serveView(w http.ResponseWriter, v store.View) error {
	switch {
	case v.Snapshot == nil:
		return apiError{http.StatusServiceUnavailable, fmt.Sprintf("cluster %q has no complete count yet%s", v.Cluster, because(v.Err))}
	case !v.Shown():
		return apiError{http.StatusServiceUnavailable, fmt.Sprintf("the last complete count of cluster %q, of %s, is too old%s",
			v.Cluster, v.Snapshot.Time.UTC().Format(time.RFC3339), because(v.Err))}
	}
	writeNodes(w, v)
	return nil
}

func because(err error) string {
	if err == nil {
		return ""
	}
	return ": " + err.Error()
}

// nodesQuery is a request for a cluster's nodes.
type nodesQuery struct {
	cluster *store.Cluster
	fresh   bool
	limit   time.Duration // of the wait for a fresh count
}

func (c *Collector) readNodesQuery(r *http.Request) (q nodesQuery, err error) {
	query := r.URL.Query()
	names := query["cluster"]
	if len(names) != 1 {
		return q, apiError{http.StatusBadRequest, "one parameter cluster is needed: /api/v1/nodes?cluster=NAME"}
	}
	if q.cluster = c.Store.Find(names[0]); q.cluster == nil {
		return q, apiError{http.StatusNotFound, unknownCluster(names[0]).Error()}
	}
	if text := query.Get("fresh"); query.Has("fresh") {
		if q.fresh, err = strconv.ParseBool(text); err != nil {
			return q, apiError{http.StatusBadRequest, fmt.Sprintf("fresh=%.50q is neither true nor false", text)}
		}
	}
	q.limit, err = readLimit(r, query)
	return q, err
}

// readLimit takes the request's limit from timeout=DURATION, else from the
// header that Prometheus sends.
func readLimit(r *http.Request, query url.Values) (time.Duration, error) {
	if text := query.Get("timeout"); query.Has("timeout") {
		limit, err := time.ParseDuration(text)
		if err != nil || limit <= 0 {
			return 0, apiError{http.StatusBadRequest, fmt.Sprintf("timeout=%.50q is no positive duration like 30s", text)}
		}
		return min(limit, longestTimeout), nil
	}
	limit, err := scrapeTimeout(r.Header.Get(timeoutHeader))
	if err != nil {
		return 0, apiError{http.StatusBadRequest, err.Error()}
	}
	return limit, nil
}

func (q nodesQuery) wait(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, q.limit)
	defer cancel()
	err := q.cluster.CountFresh(ctx)
	switch {
	case err == nil:
		return nil
	case reasonOf(err) != "":
		return apiError{http.StatusServiceUnavailable, fmt.Sprintf("the count of cluster %q failed: %v", q.cluster.Name(), err)}
	case errors.Is(ctx.Err(), context.DeadlineExceeded) && !q.cluster.View().Counting:
		return apiError{http.StatusGatewayTimeout, fmt.Sprintf("no fresh count of cluster %q within %s: one may begin every ten seconds only", q.cluster.Name(), q.limit)}
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return apiError{http.StatusGatewayTimeout, fmt.Sprintf("the count of cluster %q is not complete after %s, and goes on", q.cluster.Name(), q.limit)}
	default:
		return apiError{http.StatusServiceUnavailable, fmt.Sprintf("the count of cluster %q ended: %v", q.cluster.Name(), err)}
	}
}
