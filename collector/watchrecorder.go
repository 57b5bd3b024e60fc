package collector

import (
	"time"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
)

// lastingWatch is how long a cluster must have been followed for the next fallback to be
// another one. Some load balancers cut every stream after half a minute, and each try of
// such a cluster begins well.
const lastingWatch = 10 * time.Minute

// maxDifferences is how many nodes of an audit are logged.
const maxDifferences = 20

// Event counts one event of a stream.
func (r *recorder) Event(e podcount.Event) {
	r.metrics.bytes.Add(float64(e.Bytes))
	if r.metrics.watch != nil {
		r.metrics.watch.event(e)
	}
}

// Watched counts and logs what happens to the streams.
func (r *recorder) Watched(w podcount.Watched) {
	switch {
	case w.Following:
		r.followed = time.Now()
		r.log(following())
	case w.Ended != nil:
		r.streamEnded(w.Ended)
	case w.Reopened != nil:
		r.limited(reopened(), "resource", w.Reopened.Resource, "after", w.Reopened.Away)
	case w.Unlisted != nil:
		r.history.NodesFailed(reasonOf(w.Unlisted), w.Unlisted)
	case w.Restart != nil:
		r.history.StreamFailed(reasonOf(w.Restart.Err), w.Restart.Err)
		r.countEnd(w.Restart.Reason)
		r.limited(watchRestarted(), "reason", w.Restart.Reason, "err", w.Restart.Err)
	case w.Fallback != nil:
		r.history.StreamFailed(reasonOf(w.Fallback), w.Fallback)
		r.fellBack(w.Fallback)
	case w.Audit != nil:
		r.audited(w.Audit)
	}
}

// fellBack notes that the cluster is listed: there are no streams that could differ. It is
// said once until the cluster has been followed for a while, although it is tried again
// and again, and each try may fail for another reason.
func (r *recorder) fellBack(why error) {
	if watch := r.metrics.watch; watch != nil {
		watch.mu.Lock()
		defer watch.mu.Unlock()
		watch.drift = 0
	}
	lasted := !r.followed.IsZero() && time.Since(r.followed) >= lastingWatch
	if r.followed = (time.Time{}); !r.listed || lasted {
		r.listed = true
		r.log(notWatched(), "err", why)
	}
}

func (r *recorder) countEnd(reason podcount.WatchEnd) {
	if r.metrics.watch != nil {
		r.metrics.watch.restarts[reason].Inc()
	}
}

// streamEnded logs the end of a stream. The server closes every stream in time, so
// that is logged at debug level only.
func (r *recorder) streamEnded(e *podcount.StreamEnded) {
	r.countEnd(e.Reason)
	if e.Failure == nil {
		r.log(streamClosed(), "resource", e.Resource, "next_attempt_in", e.Wait)
		return
	}
	r.history.StreamFailed(string(e.Failure.Reason), e.Failure)
	r.limited(streamFailed(), "resource", e.Resource, "reason", e.Reason, "err", e.Failure.Err, "next_attempt_in", e.Wait)
}

func (r *recorder) audited(a *podcount.Audit) {
	if r.metrics.watch != nil {
		r.metrics.watch.audited(a)
	}
	switch {
	case a.Err != nil:
		r.limited(auditFailed(), "err", a.Err)
	case len(a.Differences) == 0:
		r.log(auditPassed())
	default:
		r.log(auditDiffers(), "pods", a.Drift(), "nodes", len(a.Differences))
		for _, d := range a.Differences[:min(len(a.Differences), maxDifferences)] {
			if d.Node == "" {
				r.log(unscheduledDiffers(), "watched", d.Watched, "listed", d.Listed)
				continue
			}
			r.log(nodeDiffers(), "node", d.Node, "watched", d.Watched, "listed", d.Listed)
		}
	}
}
