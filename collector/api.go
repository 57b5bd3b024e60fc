package collector

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"
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

// apiError is an answer other than 200.
type apiError struct {
	status int
	text   string
}

// Error is what the client reads.
func (e apiError) Error() string { return e.text }

// reading answers GET and HEAD, and turns errors into JSON.
func reading(serve func(http.ResponseWriter, *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var err error = apiError{http.StatusMethodNotAllowed, "only GET is served here"}
		if r.Method == http.MethodGet || r.Method == http.MethodHead {
			err = serve(w, r)
		} else {
			w.Header().Set("Allow", "GET, HEAD")
		}
		var failure apiError
		if errors.As(err, &failure) {
			writeJSON(w, failure.status, map[string]any{"status": failure.status, "error": failure.text})
		}
	}
}

// writeJSON sends v, which can always be encoded.
func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	// A client that has gone needs no answer.
	_ = json.NewEncoder(w).Encode(v)
}

// respondJSON sends what build returns, when there is a slot for it.
func (c *Collector) respondJSON(w http.ResponseWriter, r *http.Request, build func() any) error {
	_, err := c.responder.respond(w, r, func(w http.ResponseWriter) { writeJSON(w, http.StatusOK, build()) })
	if err != nil {
		return apiError{http.StatusServiceUnavailable, err.Error()}
	}
	return nil
}

func (c *Collector) serveClusters(w http.ResponseWriter, r *http.Request) error {
	return c.respondJSON(w, r, func() any {
		all := clustersAnswer{Clusters: []clusterAnswer{}}
		for _, one := range c.sorted() {
			all.Clusters = append(all.Clusters, one.answer(one.cache.current()))
		}
		return all
	})
}

// serveNodes answers at once with the last snapshot and has it counted anew if
// it is stale; with fresh=true it waits for a fresh count.
func (c *Collector) serveNodes(w http.ResponseWriter, r *http.Request) error {
	ask, err := c.readNodesQuery(r)
	if err != nil {
		return err
	}
	cache := ask.cluster.cache
	if ask.fresh {
		if err := ask.wait(r.Context()); err != nil {
			return err
		}
	} else {
		cache.refresh()
	}
	s := cache.current()
	switch {
	case s.snapshot == nil:
		return apiError{http.StatusServiceUnavailable, fmt.Sprintf("cluster %q has no complete count yet%s", ask.cluster.name, because(s.err))}
	case s.withdrawn:
		return apiError{http.StatusServiceUnavailable, fmt.Sprintf("the last complete count of cluster %q, of %s, is too old%s",
			ask.cluster.name, s.snapshot.Time.UTC().Format(time.RFC3339), because(s.err))}
	}
	return c.respondJSON(w, r, func() any {
		return nodesAnswer{clusterAnswer: ask.cluster.answer(s), Nodes: nodesOf(s.snapshot)}
	})
}

func because(err error) string {
	if err == nil {
		return ""
	}
	return ": " + err.Error()
}

// nodesQuery is a request for a cluster's nodes.
type nodesQuery struct {
	cluster *cluster
	fresh   bool
	limit   time.Duration // of the wait for a fresh count
}

func (c *Collector) readNodesQuery(r *http.Request) (q nodesQuery, err error) {
	query, err := readQuery(r)
	if err != nil {
		return q, apiError{http.StatusBadRequest, err.Error()}
	}
	names := query["cluster"]
	if len(names) != 1 {
		return q, apiError{http.StatusBadRequest, "one parameter cluster is needed: /api/v1/nodes?cluster=NAME"}
	}
	if q.cluster = c.find(names[0]); q.cluster == nil {
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
	err := q.cluster.cache.awaitFresh(ctx)
	switch {
	case err == nil:
		return nil
	case reasonWord(err) != "":
		return apiError{http.StatusServiceUnavailable, fmt.Sprintf("the count of cluster %q failed: %v", q.cluster.name, err)}
	case ctx.Err() != nil:
		return apiError{http.StatusGatewayTimeout, fmt.Sprintf("the count of cluster %q is not complete after %s, and goes on", q.cluster.name, q.limit)}
	default:
		return apiError{http.StatusServiceUnavailable, fmt.Sprintf("the count of cluster %q ended: %v", q.cluster.name, err)}
	}
}
