package podcount

import (
	"errors"
	"time"

	utilnet "k8s.io/apimachinery/pkg/util/net"
)

const (
	// firstAudit is how soon after a start the first audit comes: a proxy may hold
	// events back, and only an audit shows that.
	firstAudit = 2 * time.Minute
	// soonerAudit is when an audit without a result is repeated.
	soonerAudit = 5 * time.Minute
	// passWait is how long an audit waits until the streams have passed its
	// resourceVersion. Bookmarks come every minute.
	passWait = 3 * time.Minute
	// newNodeWait is how soon the allocatable pods of new nodes are asked for.
	newNodeWait = 5 * time.Second
)

var (
	errShort  = errors.New("more events came beside a list than can be remembered")
	errOlder  = errors.New("a list is older than events that came before it: the server has another history now")
	errUnsure = errors.New("the pages of the audit show several resourceVersions")
	errHidden = errors.New("the server lists pods in another form now, so it may have hidden events in the former one")
	errDrift  = errors.New("the events do not add up to what a paged count shows")
)

// due are the times of what is done beside the streams. A zero time does not count. They
// belong to the streams: a change of credentials puts nothing off.
type due struct {
	nodes, audit, lookup time.Time
	lookedUp             time.Time // when namespaces were looked up last
}

// maintain lists the nodes at intervals, audits the streams, and looks namespaces up.
func (f *session) maintain() error {
	next := &f.live.due
	if next.nodes.IsZero() {
		next.nodes, next.audit = time.Now().Add(f.w.watch.NodesInterval), f.w.nextAudit(firstAudit)
	}
	for failures := 0; f.await(next); {
		var err error
		now := time.Now()
		switch {
		case reached(next.audit, now):
			var in time.Duration
			if in, err = f.audit(); err != nil || f.ctx.Err() != nil {
				return err
			}
			next.audit = f.w.nextAudit(in)
			continue
		case reached(next.lookup, now):
			err = f.lookUpEmptied()
		case reached(next.nodes, now):
			if err = f.relist(); err == nil {
				failures, next.nodes = 0, time.Now().Add(f.w.watch.NodesInterval)
			}
		default:
			continue
		}
		if f.ctx.Err() != nil {
			return err // and all that is due still is
		}
		next.lookedUp, next.lookup = time.Now(), time.Time{}
		switch restart := (*restartError)(nil); {
		case errors.As(err, &restart), noNamespace(err):
			return err
		case err != nil:
			failures++
			next.nodes = time.Now().Add(f.pause(failures+2, err))
		}
	}
	return nil
}

// await waits until something may be due, and notes what is asked for meanwhile. It
// returns false when the session has ended.
func (f *session) await(next *due) bool {
	timer := time.NewTimer(max(1, time.Until(earlier(earlier(next.nodes, next.audit), next.lookup))))
	defer timer.Stop()
	select {
	case <-f.ctx.Done():
	case <-f.live.joined:
		next.nodes = earlier(next.nodes, time.Now().Add(newNodeWait))
	case <-f.live.emptied:
		if next.lookup.IsZero() {
			next.lookup = time.Now().Add(max(emptiedWait, lookupPause-time.Since(next.lookedUp)))
		}
	case <-f.w.asked:
		next.audit = time.Now()
	case <-timer.C:
	}
	return f.ctx.Err() == nil
}

// reached says whether it is time.
func reached(at, now time.Time) bool { return !at.IsZero() && !now.Before(at) }

// earlier returns the earlier time. A zero b does not count.
func earlier(a, b time.Time) time.Time {
	if b.IsZero() || a.Before(b) {
		return a
	}
	return b
}

// nextAudit returns the time of the next audit, zero when there are to be none. After one
// that has found a difference there always is another: only that shows that the new start
// has helped. So there is after one that was called for and found nothing out.
func (w *Watcher) nextAudit(in time.Duration) time.Time {
	interval := w.watch.AuditInterval
	if interval == 0 && w.drifts == 0 && !w.owed {
		return time.Time{}
	}
	if interval > 0 {
		in = min(in, interval)
	}
	return time.Now().Add(in - time.Duration(w.cfg.Jitter()*float64(in)/10))
}

// relist lists the nodes again: events do not say how many pods they can hold. Neither
// do they say that a namespace without pods is gone, so these are looked up. A list
// that is older than events of pods that came before it calls for an audit.
func (f *session) relist() error {
	b := f.goBeside(false)
	defer f.endBeside()
	run := b.run
	err := f.w.walk(f.ctx, run.nodes, run)
	if err == nil && !run.denied() && wellFormed(run.nodes.version) && newer(b.furthest, run.nodes.version) {
		f.w.Audit()
	}
	if err == nil {
		err = f.live.relisted(run)
	}
	if err == nil {
		err = f.lookUp(run)
	}
	utilnet.CloseIdleConnectionsFor(f.w.client.Transport) // as after a count: the next list is minutes away
	if noNamespace(err) {
		return err
	}
	if f.ctx.Err() == nil { // otherwise nothing is known
		f.live.noteNodes(err, !run.denied())
	}
	if restart := (*restartError)(nil); err != nil && f.ctx.Err() == nil && !errors.As(err, &restart) {
		f.w.observer.Watched(Watched{Unlisted: err})
	}
	return err
}

// audit compares the streams with a paged count at the count's own resourceVersion.
// It returns when the next audit is due, or an error when the two differ.
func (f *session) audit() (next time.Duration, err error) {
	b := f.goBeside(true)
	defer f.endBeside()
	run := b.run
	err = f.read(b)
	var differences []Difference
	if err == nil {
		differences, err = f.live.differences(run)
	}
	switch {
	case f.ctx.Err() != nil:
		return 0, nil
	case noNamespace(err):
		return 0, err
	}
	f.w.owed = err != nil
	f.w.observer.Watched(Watched{Audit: &Audit{Differences: differences, Err: err}})
	switch {
	case errors.Is(err, errUnselected):
		return 0, err
	case errors.Is(err, errOlder):
		return 0, f.w.drifted(err)
	case err != nil:
		return soonerAudit, nil
	case len(differences) == 0:
		f.w.drifts = 0
		return f.w.watch.AuditInterval, f.audited(run)
	}
	return 0, f.w.drifted(errDrift)
}

// drifted returns the error that ends a session whose streams are wrong.
func (w *Watcher) drifted(why error) error {
	if w.drifts++; w.drifts >= maxDrifts {
		return &unwatchableError{why}
	}
	return &restartError{EndDrift, why}
}

// audited publishes the audit's figures: an audit is a complete count. If it has found that
// rows without objects are hidden now, events have been, or will be soon. If that is in doubt,
// the next audit tells: streams are opened again in the other form before.
func (f *session) audited(run *count) error {
	if err := f.live.relisted(run); err != nil {
		return wrongSum(err)
	}
	f.live.mu.Lock()
	for _, s := range f.live.streams { // the audit shows that nothing is missing until then
		if s.seen.Before(run.started) {
			s.seen = run.started
		}
	}
	f.live.figures = f.figures(run)
	f.live.mu.Unlock()
	f.publish(false)
	hidden, listed := f.live.askAs(f.w.eventForm(run)), run.search
	if hidden && listed.include != "None" && !listed.doubt { // after trouble, events alone may have objects
		return &restartError{EndDrift, errHidden}
	}
	return nil
}
