package scenario

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"
)

// Sample is one value of a series, as long after the beginning as the scrape.
type Sample struct {
	After time.Duration
	Value float64
}

// History is what Prometheus has of three busy clusters, and of a small one in
// watch mode, by series in its own notation. One API server answers late for a
// while, one exporter of the pair starts anew, and a node fills up. The same arguments give the same history.
func History(length, scrape, ttl time.Duration) map[string][]Sample {
	w := busy(env{scrape: scrape, ttl: ttl}, length)
	w.whole = true
	r := w.play(length)
	history := make(map[string][]Sample, len(r.samples))
	for series, samples := range r.samples {
		for i := range r.scrapes {
			if value, ok := samples[i]; ok {
				history[series] = append(history[series], Sample{time.Duration(i) * scrape, value})
			}
		}
	}
	return history
}

func busy(v env, length time.Duration) *world {
	late := length * 2 / 3
	eu, us, staging := fleet("production-eu", 104, 95, 110, length), fleet("production-us", 60, 88, 110, length), fleet("staging", 24, 54, 110, length)
	us.faults = map[string][]span{"timeout": {{late, late + 12*time.Minute}}}
	us.slow = []span{{late - 10*time.Minute, late + 15*time.Minute}}
	eu.takes, us.takes, staging.takes = 2.1, 1.4, 0.3
	eu.pages, us.pages, staging.pages = 20, 13, 3
	eu.pending, us.pending, us.unknown = 7, 31, 3
	clusters := []*cluster{eu, us, staging}
	a := &exporter{instance: "pod-count-exporter-0", clusters: clusters, starts: []time.Duration{length / 3}, reloads: []time.Duration{length / 3, length * 5 / 6}}
	b := &exporter{instance: "pod-count-exporter-1", clusters: clusters}
	edge := fleet("edge", 12, 31, 60, length)
	edge.takes, edge.watched = 0.2, true
	live := &exporter{instance: "pod-count-exporter-live-0", clusters: []*cluster{edge}}
	return &world{env: v, exporters: []*exporter{a, b, live}}
}

// fleet is a cluster whose nodes hold mean pods each, some more, some less, and
// follow the time of day.
func fleet(name string, nodes int, mean, room float64, length time.Duration) *cluster {
	c := &cluster{name: name, nodes: map[string]func(time.Duration) float64{}, room: map[string]float64{}}
	random := rand.New(rand.NewPCG(uint64(nodes), 1))
	for i := range nodes {
		base, swing, phase := mean+9*random.NormFloat64(), 2+4*random.Float64(), random.Float64()
		fills := 0.0
		if i == 0 {
			fills = room
		}
		c.with(fmt.Sprintf("%s-node-%03d", name, i), room, func(t time.Duration) float64 {
			share := float64(t) / float64(length)
			pods := base + swing*math.Sin(2*math.Pi*(2*share+phase)) + 1.5*math.Sin(40*math.Pi*(share+phase)) + fills*max(0, share-0.5)
			return math.Round(min(room, max(3, pods)))
		})
	}
	return c
}

// bounds are the buckets of the histograms that the dashboards show.
func bounds() []float64 {
	return []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, math.Inf(1)}
}

// cumulative puts a histogram of n values around the mean.
func cumulative(put func(name, labels string, value float64), name string, n, mean float64) {
	for _, le := range bounds() {
		// A value is below a bound the more surely the further that is away.
		share := 1 / (1 + math.Pow(mean/le, 4))
		bound := fmt.Sprint(le)
		if math.IsInf(le, 1) {
			share, bound = 1, "+Inf"
		}
		put(name+"_bucket", fmt.Sprintf(",le=%q", bound), math.Round(n*share))
	}
	put(name+"_count", "", n)
	put(name+"_sum", "", n*mean)
}

// rest are the series of a cluster that no alert needs.
func (s *state) rest(c *cluster, put func(name, labels string, value float64)) {
	failed := 0.0
	for _, n := range s.pageFailures {
		failed += n
	}
	cumulative(put, "pod_count_page_duration_seconds", s.pages+failed, max(c.takes, 1)/float64(max(c.pages, 20)))
	for _, le := range bounds() {
		share := 1 / (1 + math.Pow(max(c.takes, 0.1)/le, 4))
		bound := fmt.Sprint(le)
		if math.IsInf(le, 1) {
			share, bound = 1, "+Inf"
		}
		put("pod_count_duration_seconds_bucket", fmt.Sprintf(",le=%q", bound), math.Round(s.durations*share))
	}
	put("pod_count_response_bytes_total", "", s.pages*73000)
	put("api_requests_total", `,status="success"`, s.pages+4*s.durations)
	put("api_requests_total", `,status="error"`, failed)
	put("log_messages_total", `,level="info",message="Completed paginated pod count"`, s.durations)
	put("log_messages_total", `,level="error",message="Paginated pod count failed, the last complete snapshot stays"`, s.failures)
	if s.counted {
		put("pod_count_last_pages", "", float64(max(c.pages, 1)))
		put("pod_count_mode_info", fmt.Sprintf(",mode=%q", c.mode()), 1)
	}
}

func (c *cluster) mode() string {
	if c.watched {
		return "watch"
	}
	return "list"
}

// events are the series of a cluster in watch mode, at a moment.
func (s *state) events(t time.Duration, put func(name, labels string, value float64)) {
	bound := math.Round(t.Seconds()/9 + 40*math.Sin(t.Seconds()/3000))
	left := max(0, bound-8)
	for kind, n := range map[string]float64{"added": bound, "modified": 6 * bound, "deleted": left, "bookmark": math.Round(t.Minutes() * 3), "error": 0} {
		put("pod_count_watch_events_total", fmt.Sprintf(",type=%q", kind), n)
	}
	put("pod_count_bound_total", "", bound)
	put("pod_count_left_total", "", left)
	for reason, n := range map[string]float64{"closed": math.Floor(t.Minutes() * 3 / 7), "network": math.Floor(t.Hours() / 2), "expired": 0, "drift": 0} {
		put("pod_count_watch_restarts_total", fmt.Sprintf(",reason=%q", reason), n)
	}
	for result, n := range map[string]float64{"equal": s.durations, "different": 0, "unknown": 0} {
		put("pod_count_watch_audits_total", fmt.Sprintf(",result=%q", result), n)
	}
	put("pod_count_watch_drift_pods", "", 0)
	put("pod_count_watch_last_event_timestamp_seconds", "", math.Floor(t.Seconds()/9)*9)
	put("pod_count_watch_last_bookmark_timestamp_seconds", "", math.Floor(t.Minutes())*60)
}

// rest are the series of a process that no alert needs.
func (e *exporter) rest(t time.Duration, put func(name, labels string, value float64)) {
	up := (t - e.started).Seconds()
	wave := math.Sin(up / 700)
	put("process_cpu_seconds_total", "", up*0.011+wave)
	put("process_resident_memory_bytes", "", 31e6+2e6*wave)
	put("go_goroutines", "", 38+math.Round(3*wave))
	put("scrape_duration_seconds", "", 0.021+0.004*wave)
	put("pod_count_exporter_build_info", `,version="0.2.0",goversion="go1.26.7"`, 1)
	reload := e.started
	for _, one := range e.reloads {
		if one <= t {
			reload = max(reload, one)
		}
	}
	put("pod_count_config_last_reload_success_timestamp_seconds", "", reload.Seconds())
}
