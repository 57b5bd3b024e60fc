package scenario

import (
	"fmt"
	"time"
)

// scrape records what a scrape at t has.
func (e *exporter) scrape(w *world, t time.Duration, r *recording) {
	v, at := w.env, int(t/w.scrape)
	if during(e.gone, t) {
		return
	}
	up := 1.0
	if during(e.down, t) {
		up = 0
	}
	put := func(instance, name, labels string, value float64) {
		r.add(fmt.Sprintf(`%s{job=%q,instance=%q%s}`, name, e.job, instance, labels), at, value)
	}
	put(e.instance, "up", "", up)
	for _, c := range e.clusters {
		if e.sd && !during(c.out, t) {
			put(e.instance+"/"+c.name, "up", "", up)
		}
	}
	if up == 0 {
		return
	}
	own := func(name, labels string, value float64) { put(e.instance, name, labels, value) }
	e.process(v, t, own)
	if w.whole {
		e.rest(t, own)
	}
	for c, s := range e.states {
		instance := e.instance
		if e.sd {
			instance += "/" + c.name
		}
		of := func(name, labels string, value float64) {
			put(instance, name, fmt.Sprintf(`,cluster=%q%s`, c.name, labels), value)
		}
		s.series(c, v, t, of)
		if w.whole {
			s.rest(c, of)
			if c.watched {
				s.events(t, of)
			}
		}
	}
}

func (e *exporter) process(v env, t time.Duration, put func(name, labels string, value float64)) {
	put("pod_count_cache_ttl_seconds", "", v.ttl.Seconds())
	put("pod_count_max_staleness_seconds", "", v.maxStaleness().Seconds())
	put("pod_count_clusters", "", float64(len(e.states)))
	put("pod_count_config_invalid_contexts", "", e.invalid)
	put("pod_count_shard_info", fmt.Sprintf(`,shard="%d",shards="%d"`, e.shard, e.shards), 1)
	put("process_start_time_seconds", "", 1000+e.started.Seconds())
	put("pod_count_config_last_reload_successful", "", truth(!during(e.noReload, t)))
}

// series sends what a scrape has of the cluster.
func (s *state) series(c *cluster, v env, t time.Duration, put func(name, labels string, value float64)) {
	withdrawn := !s.counted || t-s.last > v.maxStaleness()
	put("pod_count_success", "", truth(s.success && !withdrawn))
	last := 0.0
	if s.counted {
		// The epoch is no time of a count: 0 means none.
		last = max(s.last.Seconds(), 1)
	}
	put("pod_count_last_success_timestamp_seconds", "", last)
	put("pod_count_pages_total", "", s.pages)
	put("pod_count_failures_total", "", s.failures)
	put("pod_count_panics_total", "", s.panics)
	put("pod_count_duration_seconds_sum", "", s.durationSum)
	put("pod_count_duration_seconds_count", "", s.durations)
	for _, reason := range []string{"timeout", "throttled", "unauthorized", "server"} {
		put("pod_count_page_failures_total", fmt.Sprintf(`,reason=%q`, reason), s.pageFailures[reason])
	}
	put("log_messages_total", `,level="warning",message="Page failed: context deadline exceeded"`, s.pageFailures["timeout"])
	if withdrawn {
		return
	}
	put("pod_count_snapshot_consistent", "", truth(s.consistent))
	put("pod_count_unscheduled_pods", "", c.pending)
	put("pod_count_unknown_node_pods", "", c.unknown)
	for node, pods := range s.nodes {
		put("node_active_pods", fmt.Sprintf(`,node=%q`, node), pods)
		put("node_allocatable_pods", fmt.Sprintf(`,node=%q`, node), c.room[node])
	}
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
