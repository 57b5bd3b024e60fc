package collector

import (
	"errors"
	"time"

	"github.com/go-kit/log"
	"golang.org/x/time/rate"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
)

// A failure that repeats is logged this many times at once, and then once in
// this long, so that a cluster that is down for hours does not fill the log.
const (
	failureBurst = 20
	failurePause = time.Minute
)

// journal writes the log of one cluster's counts and keeps its counters. One
// count runs at a time, so nothing here is locked.
type journal struct {
	logger   log.Logger
	cluster  string
	metrics  *clusterMetrics
	limiters map[message]*limiter
	last     remarkable
}

type limiter struct {
	*rate.Limiter
	held int
}

func newJournal(logger log.Logger, cluster string, metrics *clusterMetrics) *journal {
	return &journal{logger: logger, cluster: cluster, metrics: metrics, limiters: make(map[message]*limiter)}
}

// Started logs that the pods come next.
func (j *journal) Started(nodes int) { j.log(started(), "nodes", nodes) }

// Page counts and logs one request.
func (j *journal) Page(page podcount.Page) {
	j.metrics.page(page)
	if page.Err == nil {
		j.log(processed(), "resource", page.Resource, "page", page.Number, page.Resource, page.Rows,
			"limit", page.Limit, "duration", page.Duration)
		return
	}
	fields := []any{"resource", page.Resource, "page", page.Number, "attempt", page.Attempt,
		"reason", page.Err.Reason, "limit", page.Limit, "err", page.Err.Err}
	if page.Wait > 0 {
		fields = append(fields, "next_attempt_in", page.Wait)
	}
	j.limited(pageFailed(page.Err.Reason), fields...)
}

func (j *journal) completed(snapshot *podcount.Snapshot) {
	j.metrics.duration.Observe(snapshot.Duration.Seconds())
	j.log(completed(), "active_pods", snapshot.ActivePods(), "pages", snapshot.Pages, "duration", snapshot.Duration,
		"bytes", snapshot.Bytes, "resource_version", snapshot.ResourceVersion, "consistent", snapshot.Consistent)
	j.log(enriched(), "nodes", len(snapshot.Nodes))
	j.remark(snapshot)
}

// remarkable is what a snapshot can lack. It is logged once, when it begins.
type remarkable struct {
	nodesForbidden, oddAllocatable bool
	source                         podcount.Source
}

func (j *journal) remark(snapshot *podcount.Snapshot) {
	now := remarkable{snapshot.NodesForbidden, snapshot.OddAllocatable > 0, snapshot.Source}
	if now.nodesForbidden && !j.last.nodesForbidden {
		j.log(nodesForbidden(), "missing", "nodes without pods, allocatable pods")
	}
	if now.oddAllocatable && !j.last.oddAllocatable {
		j.log(oddAllocatable(), "nodes", snapshot.OddAllocatable)
	}
	if now.source != j.last.source && snapshot.SourceRefused != nil {
		j.log(otherSource(), "source", now.source, "err", snapshot.SourceRefused)
	}
	j.last = now
}

// failed counts and logs that a count ended incomplete, and whether a snapshot
// is shown still. The failure itself has been logged with its page.
func (j *journal) failed(err error, shown bool) {
	j.metrics.failures.Inc()
	var fault *panicked
	if errors.As(err, &fault) {
		j.metrics.panics.Inc()
		j.limited(panics(), "err", err, "stack", string(fault.stack))
		return
	}
	ended := incomplete()
	if !shown {
		ended = incompleteAndNothing()
	}
	var page *podcount.PageError
	if errors.As(err, &page) {
		j.limited(ended, "reason", page.Reason, "resource", page.Resource, "page", page.Page)
		return
	}
	j.limited(ended, "err", err)
}

func (j *journal) log(m message, fields ...any) {
	j.metrics.logs[m].Inc()
	// A log that cannot be written has nowhere to say so.
	_ = m.at(j.logger).Log(append([]any{"msg", m.text, "cluster", j.cluster}, fields...)...)
}

// limited logs what may repeat for hours, and says how often it was held back.
func (j *journal) limited(m message, fields ...any) {
	own := j.limiters[m]
	if own == nil {
		own = &limiter{Limiter: rate.NewLimiter(rate.Every(failurePause), failureBurst)}
		j.limiters[m] = own
	}
	if !own.Allow() {
		own.held++
		j.metrics.logs[m].Inc()
		return
	}
	if own.held > 0 {
		fields = append(fields, "held_back", own.held)
		own.held = 0
	}
	j.log(m, fields...)
}
