package collector

import (
	"fmt"
	"net/http"

	"github.com/go-kit/log/level"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/kube-node-manager/pod_count_exporter/collector/store"
)

// Handler serves a scrape: the metrics of all clusters, of process and of the
// configuration. A scrape that chooses clusters by cluster[]=NAME gets theirs only:
// where each cluster is a target of its own, the others would be stored once per
// target. An invalid timeout header, a query that cannot be read and an unknown
// cluster are answered with 400; 503 means that too many answers are under way.
func (c *Collector) Handler(process prometheus.Gatherer) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ask, err := c.readScrape(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		views := ask.await(r.Context(), &c.reserve)
		took, err := c.responder.respond(w, r, func(answer http.ResponseWriter) {
			c.encode(answer, r, views, ask.some, process)
		})
		if err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		c.reserve.note(seriesIn(views), took)
	})
}

// encode writes the exposition in the format that the client asks for.
func (c *Collector) encode(w http.ResponseWriter, r *http.Request, views []store.View, some bool, process prometheus.Gatherer) {
	registry := prometheus.NewRegistry()
	registry.MustRegister(exposition{c, views})
	gatherers := prometheus.Gatherers{registry}
	if !some {
		registry.MustRegister(configMetrics{c})
		gatherers = prometheus.Gatherers{process, registry}
	}
	promhttp.HandlerFor(gatherers, promhttp.HandlerOpts{
		ErrorLog:           scrapeErrors{c},
		EnableOpenMetrics:  true,
		DisableCompression: true, // the spool does that
	}).ServeHTTP(w, r)
}

// scrapeErrors logs the errors of promhttp.
type scrapeErrors struct{ collector *Collector }

// Println is the method that promhttp calls.
func (s scrapeErrors) Println(v ...any) {
	_ = level.Error(s.collector.logger).Log("msg", "Serving a scrape failed", "err", fmt.Sprint(v...))
}
