package collector

import (
	"net/http"
)

// targetGroup is one entry of an answer to Prometheus' HTTP service discovery
// (https://prometheus.io/docs/prometheus/latest/http_sd/).
type targetGroup struct {
	Targets []string          `json:"targets"`
	Labels  map[string]string `json:"labels"`
}

// Discovery serves a target group for each cluster, and one for the exporter's own
// metrics, which no cluster's target has. All have metricsPath and the address that
// the request was sent to, so that Prometheus can scrape each cluster as a target of
// its own.
// The label instance keeps the targets' up and scrape_duration_seconds apart; a label
// cluster would rename the one in the metrics to exported_cluster. The parameter is
// cluster and not cluster[], since Prometheus before version 3 allows no brackets in
// a label's name.
func (c *Collector) Discovery(metricsPath string) http.Handler {
	return reading(func(w http.ResponseWriter, r *http.Request) error {
		target := func(instance, parameter, value string) targetGroup {
			return targetGroup{
				Targets: []string{r.Host},
				Labels: map[string]string{
					"__metrics_path__":     metricsPath,
					"__scheme__":           scheme(r),
					"__param_" + parameter: value,
					"instance":             instance,
				},
			}
		}
		groups := []targetGroup{target(r.Host, scopeParameter, scopeProcess)}
		for _, one := range c.Store.Clusters() {
			groups = append(groups, target(r.Host+"/"+one.Name(), "cluster", one.Name()))
		}
		return c.respondJSON(w, r, func(w http.ResponseWriter) error {
			writeJSON(w, http.StatusOK, groups)
			return nil
		})
	})
}

func scheme(r *http.Request) string {
	if r.TLS != nil {
		return "https"
	}
	return "http"
}
