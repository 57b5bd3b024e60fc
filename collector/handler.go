package collector

import (
	"fmt"
	"io"
	"net/http"

	"github.com/go-kit/log/level"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"

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
		ask.await(r.Context(), &c.reserve)
		series := 0
		waited, took, err := c.responder.respond(w, r, nil, func(answer http.ResponseWriter) {
			format := expfmt.NegotiateAccept(r.Header, formats()...)
			answer.Header().Set("Content-Type", string(format))
			answer.Header().Add("Vary", "Accept")
			views := c.views(ask) // now: requests that wait for their turn keep no snapshots
			series = seriesIn(views)
			if err := c.write(answer, format, ask, views, process); err != nil {
				_ = level.Error(c.logger).Log("msg", "Serving a scrape failed", "err", err)
				http.Error(answer, "the metrics cannot be shown: see the log", http.StatusInternalServerError)
			}
		})
		if err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		c.reserve.note(series, waited, took)
	})
}

// write writes the exposition of the views, and of the process unless only some clusters
// were asked for.
func (c *Collector) write(w io.Writer, format expfmt.Format, ask scrape, views []store.View, process prometheus.Gatherer) error {
	registry := prometheus.NewRegistry()
	all := exposition{families: c.metrics, views: views}
	registry.MustRegister(all)
	gatherers := prometheus.Gatherers{registry}
	if !ask.some {
		registry.MustRegister(configMetrics{c})
		gatherers = prometheus.Gatherers{process, registry}
	}
	gathered, err := gatherers.Gather()
	if err != nil {
		return fmt.Errorf("gathering the metrics: %w", err)
	}
	return writeFamilies(w, format, gathered, c.metrics.nodes, all.views, ask.families)
}

// exposition is the prometheus.Collector of the clusters in one answer.
type exposition struct {
	families *metrics
	views    []store.View
}

// Describe sends every description that Collect may use.
func (e exposition) Describe(ch chan<- *prometheus.Desc) { e.families.describe(ch) }

// Collect sends the series of the clusters, except for those of their nodes.
func (e exposition) Collect(ch chan<- prometheus.Metric) {
	for _, v := range e.views {
		recorderOf(v).metrics.collect(ch, v)
	}
}
