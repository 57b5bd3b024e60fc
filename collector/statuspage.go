package collector

import (
	"fmt"
	"net/http"
	"time"

	"github.com/go-kit/log/level"

	"github.com/kube-node-manager/pod_count_exporter/collector/page"
	"github.com/kube-node-manager/pod_count_exporter/collector/store"
)

// StatusPage serves the page for people: page.OverviewPath, page.ClusterPath and,
// under page.AssetsPrefix, what they refer to.
func (c *Collector) StatusPage(about page.About) (http.Handler, error) {
	pages, err := page.New(pageSource{c}, about, c.now)
	if err != nil {
		return nil, fmt.Errorf("the status page: %w", err)
	}
	document := func(w http.ResponseWriter, r *http.Request) {
		var write func(http.ResponseWriter)
		var failed error
		prepare := func() { write, failed = pages.Document(r) }
		_, _, err := c.responder.respond(w, r, prepare, func(w http.ResponseWriter) {
			if failed != nil {
				_ = level.Error(c.logger).Log("msg", "Serving the status page failed", "err", failed)
				http.Error(w, "the status page cannot be shown: see the log", http.StatusInternalServerError)
				return
			}
			write(w)
			write = nil // a slow client does not hold the document
		})
		if err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
		}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+page.OverviewPath+"{$}", document)
	mux.HandleFunc("GET "+page.ClusterPath, document)
	mux.HandleFunc("GET "+page.AssetsPrefix, pages.Assets)
	return mux, nil
}

// now returns the time of the clock that snapshots age by.
func (c *Collector) now() time.Time { return c.opts.Clock().Wall }

// pageSource gives the status page what it shows.
type pageSource struct{ collector *Collector }

// Clusters returns all, and asks no API server.
func (s pageSource) Clusters() []page.Cluster {
	all := s.collector.Store.Clusters()
	shown := make([]page.Cluster, len(all))
	for i, one := range all {
		shown[i] = clusterPage(one)
	}
	return shown
}

// Cluster returns one, and has it counted again if it is stale, as the API does.
func (s pageSource) Cluster(name string) (page.Cluster, bool) {
	one := s.collector.Store.Find(name)
	if one == nil {
		return page.Cluster{}, false
	}
	one.Refresh()
	return clusterPage(one), true
}

func clusterPage(one *store.Cluster) page.Cluster {
	shown := page.Cluster{View: one.View()}
	if shown.Err != nil {
		shown.Reason = reasonOf(shown.Err)
	}
	shown.History = recorderOf(shown.View).history.History()
	return shown
}
