package collector

import (
	"errors"
	"time"

	"github.com/go-kit/log"
	"golang.org/x/time/rate"

	"github.com/kube-node-manager/pod_count_exporter/collector/page"
	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
	"github.com/kube-node-manager/pod_count_exporter/collector/store"
)

// A failure that repeats is logged this many times at once, and then once in
// this long, so that a cluster that is down for hours does not fill the log.
const (
	failureBurst = 20
	failurePause = time.Minute
)

var _ store.Observer = (*recorder)(nil)

// recorder writes the log of one cluster's counts, counts for its metrics and fills
// the history of the status page. Its methods are never called at the same time, so
// it needs no lock.
type recorder struct {
	logger   log.Logger
	cluster  string
	metrics  *clusterMetrics
	limiters map[message]*limiter
	last     remarkable
	history  *page.Recorder
	listed   bool      // the cluster cannot be watched, which has been said
	followed time.Time // when it was last followed from a start
}

type limiter struct {
	*rate.Limiter
	held int
}

func newRecorder(logger log.Logger, cluster string, metrics *clusterMetrics, history *page.Recorder) *recorder {
	return &recorder{logger: logger, cluster: cluster, metrics: metrics, limiters: make(map[message]*limiter), history: history}
}

// Started logs that the pods come next.
func (r *recorder) Started(nodes int) { r.log(started(), "nodes", nodes) }

// Page counts and logs one request.
func (r *recorder) Page(page podcount.Page) {
	r.metrics.page(page)
	if page.Err == nil {
		r.log(processed(), "resource", page.Resource, "page", page.Number, page.Resource, page.Rows,
			"limit", page.Limit, "duration", page.Duration)
		return
	}
	r.history.PageFailed()
	fields := []any{"resource", page.Resource, "page", page.Number, "attempt", page.Attempt,
		"reason", page.Err.Reason, "limit", page.Limit, "err", page.Err.Err}
	if page.Wait > 0 {
		fields = append(fields, "next_attempt_in", page.Wait)
	}
	r.limited(pageFailed(page.Err.Reason), fields...)
}

// Ended counts and logs the end of a count.
func (r *recorder) Ended(outcome store.Outcome) {
	if outcome.Err != nil {
		r.history.CountFailed(reasonOf(outcome.Err), outcome.Err)
		r.failed(outcome.Err, outcome.Shown)
		return
	}
	r.completed(outcome.Snapshot)
}

func (r *recorder) completed(snapshot *podcount.Snapshot) {
	r.metrics.duration.Observe(snapshot.Duration.Seconds())
	r.log(completed(), "active_pods", snapshot.ActivePods(), "pages", snapshot.Pages, "duration", snapshot.Duration,
		"bytes", snapshot.Bytes, "resource_version", snapshot.ResourceVersion, "consistent", snapshot.Consistent)
	r.log(enriched(), "nodes", len(snapshot.Nodes))
	r.remark(snapshot)
}

// remarkable is what a complete snapshot can still lack. It is logged once, when it
// begins.
type remarkable struct {
	nodesForbidden, oddAllocatable bool
	source                         podcount.Source
}

func (r *recorder) remark(snapshot *podcount.Snapshot) {
	now := remarkable{snapshot.NodesForbidden, snapshot.OddAllocatable > 0, snapshot.Source}
	if now.nodesForbidden && !r.last.nodesForbidden {
		r.log(nodesForbidden(), "missing", "nodes without pods, allocatable pods")
	}
	if now.oddAllocatable && !r.last.oddAllocatable {
		r.log(oddAllocatable(), "nodes", snapshot.OddAllocatable)
	}
	if now.source != r.last.source && snapshot.SourceRefused != nil {
		r.log(otherSource(), "source", now.source, "err", snapshot.SourceRefused)
	}
	r.last = now
}

// failed counts and logs that a count ended incomplete, and whether an earlier
// snapshot is still shown. The failure itself has been logged with its page.
func (r *recorder) failed(err error, shown bool) {
	r.metrics.failures.Inc()
	var fault *store.PanicError
	if errors.As(err, &fault) {
		r.metrics.panics.Inc()
		r.limited(panics(), "err", err, "stack", string(fault.Stack))
		return
	}
	ended := incomplete()
	if !shown {
		ended = incompleteAndNothing()
	}
	var page *podcount.PageError
	if errors.As(err, &page) {
		r.limited(ended, "reason", page.Reason, "resource", page.Resource, "page", page.Page)
		return
	}
	r.limited(ended, "err", err)
}

func (r *recorder) log(m message, fields ...any) {
	r.metrics.logs[m].Inc()
	// There is nowhere to report that the log cannot be written.
	_ = m.at(r.logger).Log(append([]any{"msg", m.text, "cluster", r.cluster}, fields...)...)
}

// limited logs what may repeat for hours, and says how often it was held back.
func (r *recorder) limited(m message, fields ...any) {
	own := r.limiters[m]
	if own == nil {
		own = &limiter{Limiter: rate.NewLimiter(rate.Every(failurePause), failureBurst)}
		r.limiters[m] = own
	}
	if !own.Allow() {
		own.held++
		r.metrics.logs[m].Inc()
		return
	}
	if own.held > 0 {
		fields = append(fields, "held_back", own.held)
		own.held = 0
	}
	r.log(m, fields...)
}
