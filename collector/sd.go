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

// Discovery serves a target group for each cluster: this exporter under the
// address that it was asked at, at metricsPath, with cluster[]=NAME. So a
// Prometheus can scrape clusters as targets of their own. The label instance
// tells the targets' up and scrape_duration_seconds apart; a label cluster
// would turn that of the metrics into exported_cluster.
func (c *Collector) Discovery(metricsPath string) http.Handler {
	return reading(func(w http.ResponseWriter, r *http.Request) error {
		groups := []targetGroup{}
		for _, one := range c.sorted() {
			groups = append(groups, targetGroup{
				Targets: []string{r.Host},
				Labels: map[string]string{
					"__metrics_path__":  metricsPath,
					"__scheme__":        scheme(r),
					"__param_cluster[]": one.name,
					"instance":          r.Host + "/" + one.name,
				},
			})
		}
		return c.respondJSON(w, r, func() any { return groups })
	})
}

func scheme(r *http.Request) string {
	if r.TLS != nil {
		return "https"
	}
	return "http"
}
