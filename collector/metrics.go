package collector

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
)

// Every metric of the exporter is declared in this file, with its help.

// metrics are the families of one process. Counters and histograms are made for each
// cluster, which keeps its own. Gauges that show a snapshot are created for each scrape,
// so that the series of a deleted node disappear with it.
type metrics struct {
	pages        counters
	pageFailures counters
	pageDuration histograms
	bytes        counters
	duration     histograms
	requests     counters
	logs         counters
	failures     counters
	panics       counters

	watchEvents   counters
	watchRestarts counters
	watchAudits   counters
	bound         counters
	left          counters

	nodes           []nodeFamily
	unscheduledPods *prometheus.Desc
	unknownNodePods *prometheus.Desc
	lastPages       *prometheus.Desc
	success         *prometheus.Desc
	lastSuccess     *prometheus.Desc
	consistent      *prometheus.Desc
	sourceInfo      *prometheus.Desc
	modeInfo        *prometheus.Desc
	watchDrift      *prometheus.Desc
	lastEvent       *prometheus.Desc
	lastBookmark    *prometheus.Desc

	configSuccess *prometheus.Desc
	configTime    *prometheus.Desc
	configInvalid *prometheus.Desc
	clusters      *prometheus.Desc
	cacheTTL      *prometheus.Desc
	maxStaleness  *prometheus.Desc
	shardInfo     *prometheus.Desc
}

func newMetrics() *metrics {
	return &metrics{
		pages:        counter("pod_count_pages_total", "Pages of pods that were read to their end."),
		pageFailures: counter("pod_count_page_failures_total", "Requests of api_requests_total that failed, by reason. Each attempt counts.", "reason"),
		pageDuration: histogram("pod_count_page_duration_seconds", "Duration of the requests of api_requests_total, body included, failed ones too.",
			[]float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60}),
		bytes: counter("pod_count_response_bytes_total", "Bytes of the answers to the requests of api_requests_total, and of streams of events, as they came over the wire, without headers."),
		duration: histogram("pod_count_duration_seconds", "Duration of the complete counts, waits between attempts included; in watch mode, of starts and audits.",
			[]float64{.05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600}),
		requests: counter("api_requests_total",
			"Requests to the API server for a page of nodes or pods, or for a namespace, by status: success or error. Not among them: cancelled ones, and refusals after which the count goes on at once in another way.", "status"),
		logs: counter("log_messages_total",
			"Lines of the log by level and constant text (msg), those included that the log level or the limit on repeats kept out of it.", "level", "message"),
		failures: counter("pod_count_failures_total", "Counts that ended incomplete: a page used up its attempts, a budget was exceeded, a namespace does not exist, or the count panicked. Counts that a reload or the end of the program cancelled are not among them."),
		panics:   counter("pod_count_panics_total", "Counts that ended because of a fault of the exporter itself; the log has the stack."),

		watchEvents: counter("pod_count_watch_events_total", "Events that the API server sent, by type: added, modified, deleted, bookmark or error.", "type"),
		watchRestarts: counter("pod_count_watch_restarts_total",
			"Ends of streams of events by reason. After expired and drift the cluster is listed again, after the others the stream goes on.", "reason"),
		watchAudits: counter("pod_count_watch_audits_total",
			"Comparisons of the streams with a paged count, by result: equal, different, or unknown when they could not be compared.", "result"),
		bound: counter("pod_count_bound_total", "Pods that were bound to a node, as the streams of events say: each once, also where a stream was cut. What no stream showed before a new start is not in it."),
		left:  counter("pod_count_left_total", "Pods that finished on their node or were deleted from it, as the streams of events say: each once, also where a stream was cut. What no stream showed before a new start is not in it."),

		nodes:           nodeFamilies(),
		unscheduledPods: gauge("pod_count_unscheduled_pods", "Pods that are not finished and bound to no node: pending, or held back by scheduling gates."),
		unknownNodePods: gauge("pod_count_unknown_node_pods", "Pods that are not finished and bound to a node that does not exist. Absent where nodes may not be listed."),
		lastPages:       gauge("pod_count_last_pages", "Pages of pods that the last complete count took."),
		success:         gauge("pod_count_success", "1 when the latest count was complete and the cluster's series are shown, else 0: before the first count, after a failed one, and in watch mode while the events do not come."),
		lastSuccess: gauge("pod_count_last_success_timestamp_seconds",
			"Unix time at which the last complete count ended; in watch mode, that of the latest event or bookmark of bound pods. 0 before the first one."),
		consistent: gauge("pod_count_snapshot_consistent",
			"1 when all pages of the last complete count show the cluster at one resourceVersion, else 0: a continue token expired on the way, namespaces were listed at different ones, or the server names none."),
		sourceInfo: gauge("pod_count_source_info",
			"Always 1. How the pods that are shown were listed: table (rows without objects), table-metadata (rows with metadata), list (whole pods that the server chose) or list-unfiltered (whole pods, the finished ones left out here).", "source"),
		modeInfo: gauge("pod_count_mode_info",
			"Always 1. How the snapshot that is shown came about: list, page by page, or watch, page by page once and by events since.", "mode"),
		watchDrift: gauge("pod_count_watch_drift_pods",
			"Pods by which the latest audit of the streams differed from a paged count, over all nodes. 0 while they agree."),
		lastEvent:    gauge("pod_count_watch_last_event_timestamp_seconds", "Unix time of the latest event of pods or nodes that is no bookmark. 0 before the first one."),
		lastBookmark: gauge("pod_count_watch_last_bookmark_timestamp_seconds", "Unix time of the latest bookmark. 0 before the first one: a server may send none."),

		configSuccess: processGauge("pod_count_config_last_reload_successful",
			"1 when all kubeconfigs could be read at the last attempt, else 0: the clusters of one that could not be read stay as they were."),
		configTime: processGauge("pod_count_config_last_reload_success_timestamp_seconds",
			"Unix time at which the kubeconfigs were last read without an error."),
		configInvalid: processGauge("pod_count_config_invalid_contexts",
			"Contexts of the kubeconfigs that are to be counted and cannot be used; the log and /api/v1/clusters say why."),
		clusters: processGauge("pod_count_clusters", "Clusters that this exporter is configured to count; of its shard, if there are several."),
		cacheTTL: processGauge("pod_count_cache_ttl_seconds",
			"Age from which a snapshot is counted anew at the next scrape (--collector.cache-ttl)."),
		maxStaleness: processGauge("pod_count_max_staleness_seconds",
			"Age beyond which a cluster's series are withdrawn (--collector.max-staleness)."),
		shardInfo: processGauge("pod_count_shard_info",
			"Always 1. Which of the replicas that share the clusters this one is, from 0.", "shard", "shards"),
	}
}

// nodeFamilies are sorted by name.
func nodeFamilies() []nodeFamily {
	return []nodeFamily{
		{
			"node_active_pods", "Active pods on the node: bound to it, with a phase that is neither Succeeded nor Failed. Terminating pods count; a node without pods is 0.",
			func(n podcount.Node) (float64, bool) { return float64(n.ActivePods), true },
		},
		{
			"node_allocatable_pods", "Pods that the node can take, as its status says. Absent where it says nothing, where nodes may not be listed, and when only some namespaces are counted.",
			func(n podcount.Node) (float64, bool) { return float64(n.AllocatablePods), n.HasAllocatable },
		},
	}
}

// counters makes the counters of a family, which share its description. The vector keeps
// none of them: they go with their cluster, without being looked for among all others.
type counters struct{ vector *prometheus.CounterVec }

func counter(name, help string, labels ...string) counters {
	return counters{prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, withCluster(labels))}
}

// of returns a new counter, at 0.
func (f counters) of(labels ...string) prometheus.Counter {
	defer f.vector.DeleteLabelValues(labels...)
	return f.vector.WithLabelValues(labels...)
}

// histograms is counters for histograms.
type histograms struct{ vector *prometheus.HistogramVec }

func histogram(name, help string, buckets []float64) histograms {
	return histograms{prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: name, Help: help, Buckets: buckets,
		NativeHistogramBucketFactor:     1.1,
		NativeHistogramMaxBucketNumber:  100,
		NativeHistogramMinResetDuration: time.Hour,
	}, withCluster(nil))}
}

func (f histograms) of(cluster string) prometheus.Observer {
	defer f.vector.DeleteLabelValues(cluster)
	return f.vector.WithLabelValues(cluster)
}

func gauge(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, withCluster(labels), nil)
}

func processGauge(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, labels, nil)
}

func withCluster(labels []string) []string { return append([]string{"cluster"}, labels...) }

func (m *metrics) vectors() []*prometheus.MetricVec {
	all := []*prometheus.MetricVec{m.pageDuration.vector.MetricVec, m.duration.vector.MetricVec}
	for _, family := range []counters{
		m.pages, m.pageFailures, m.bytes, m.requests, m.logs, m.failures, m.panics,
		m.watchEvents, m.watchRestarts, m.watchAudits, m.bound, m.left,
	} {
		all = append(all, family.vector.MetricVec)
	}
	return all
}

func (m *metrics) describe(ch chan<- *prometheus.Desc) {
	for _, family := range m.nodes {
		ch <- gauge(family.name, family.help, "node")
	}
	for _, vector := range m.vectors() {
		vector.Describe(ch)
	}
	for _, desc := range []*prometheus.Desc{
		m.unscheduledPods, m.unknownNodePods,
		m.lastPages, m.success, m.lastSuccess, m.consistent, m.sourceInfo,
		m.modeInfo, m.watchDrift, m.lastEvent, m.lastBookmark,
	} {
		ch <- desc
	}
}

// describeProcess sends the descriptions of the series that belong to no cluster.
func (m *metrics) describeProcess(ch chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{
		m.configSuccess, m.configTime, m.configInvalid, m.clusters, m.cacheTTL, m.maxStaleness, m.shardInfo,
	} {
		ch <- desc
	}
}
