package podcount

import (
	"context"
	"errors"
	"slices"
	"time"
)

var (
	errUnselected = errors.New("the server lists pods without selecting them, so it cannot send events of the active ones only")
	errOpaque     = errors.New("the resourceVersion of a page is no positive number")
)

// listed starts with a paged count. The streams are opened as soon as their
// resourceVersion is known, while the pages are still being read: otherwise a list
// could take so long that its resourceVersion expires before the watch begins.
func (f *session) listed() error {
	run := f.firstList()
	run.began = func(w *walk) { f.openStreams(run, w) }
	err := f.w.askFor(f.ctx, run, f.w.pages)
	run.began = nil // a Counter may go on with the count
	if err == nil && (f.ctx.Err() != nil || run.unselected()) {
		f.w.suspended = run // complete: the Counter's Count finds it done
	}
	switch {
	case f.ctx.Err() != nil:
		return context.Cause(f.ctx) // a stream ended the session
	case err != nil:
		return err
	case run.unselected():
		return &unwatchableError{errUnselected}
	case run.nodes.inconsistent && !run.denied(), run.mixed():
		f.w.stale++
		f.live.start = nil
		run.release()
		return &restartError{EndExpired, errInconsistent}
	}
	return f.rebase(run)
}

// firstList begins the count of a start, or goes on with one: with that of a start which a
// change of credentials has cut short, whose streams are there, or with one that was suspended.
func (f *session) firstList() *count {
	if run := f.live.start; run != nil {
		f.w.suspended = nil
		return run.goOn(f.w.observer)
	}
	run := f.w.take(f.w.observer)
	if run.renewed != nil { // a Count that was renewing its nodes: they may be there in part
		run.release()
		run = f.w.take(f.w.observer)
	}
	for _, w := range append([]*walk{run.nodes}, run.pods...) {
		if w.version != "" { // of a count that was suspended and goes on
			f.openStreams(run, w)
		}
	}
	run.told = nil // a new first page is newer than all that was told
	f.live.start = run
	return run
}

// release gives back the names of a count that is not needed any more.
func (n *count) release() {
	n.known.drop()
	n.tally.drop()
}

// mixed says whether a walk over pods shows more than one resourceVersion.
func (n *count) mixed() bool {
	return slices.ContainsFunc(n.pods, func(w *walk) bool { return w.inconsistent })
}

// unselected says whether finished pods are listed, because no selector was sent or the server
// ignores it. Its streams would have them, too, and not say when one runs again.
func (n *count) unselected() bool {
	return n.source == SourceListUnfiltered || n.tally.passed && n.search.selector != ""
}

// openStreams opens the streams at the resourceVersion of a walk's first page. They
// replace those of an earlier first page of the walk.
func (f *session) openStreams(run *count, w *walk) {
	if !wellFormed(w.version) {
		f.end(&unwatchableError{errOpaque})
		return
	}
	pods := f.w.eventForm(run)
	f.live.askAs(pods)
	for _, r := range w.listing.roles() {
		s := newStream(r, w.listing, pods, f.live.names.ledger, w.version)
		s.told = run.told[r.key(w.listing)]
		f.open(f.replace(s))
	}
}

// roles returns the roles of the streams that follow a listing. A listing of one
// node's pods has no stream of pods without a node.
func (l listing) roles() []role {
	switch {
	case l.name == Nodes:
		return []role{nodeStream}
	case l.fields != "":
		return []role{boundStream}
	default:
		return []role{boundStream, unboundStream}
	}
}

// replace puts the stream in place of one with the same role and path.
func (f *session) replace(s *stream) *stream {
	f.live.mu.Lock()
	defer f.live.mu.Unlock()
	for i, other := range f.live.streams {
		if other.role == s.role && other.listing.path == s.listing.path {
			f.cancel[other](errReplaced)
			other.replaced = true
			s.told = other.toldUntil() // after s.position if events came while the page did
			f.live.within[other.listing.path] -= other.sum
			other.delta.drop()
			other.recording.end()
			f.live.streams[i] = s
			return s
		}
	}
	f.live.streams = append(f.live.streams, s)
	return s
}

// rebase completes the start with the result of the count, once all streams are open.
func (f *session) rebase(run *count) error {
	if err := f.allOpen(); err != nil {
		if f.live.start == run {
			f.w.suspended = run // complete
		} else {
			run.release()
		}
		return err
	}
	f.live.start = nil
	defer run.release()
	if err := f.live.rebase(run, f.figures(run)); err != nil {
		return wrongSum(err)
	}
	return nil
}

// figures returns those of a count whose walks each show one resourceVersion: the
// streams bring all of them to the same moment.
func (f *session) figures(run *count) Snapshot {
	figures := f.w.figures(run)
	figures.Mode, figures.Consistent = ModeWatch, true
	return figures
}

// streamed starts with the initial events of the streams, for a server that cannot
// keep one resourceVersion for as long as the pages take.
func (f *session) streamed() error {
	run := f.w.take(f.w.observer)
	run.search.first = f.w.forms.at // a stream is no trial of another form
	run.search.use(run.search.first)
	if err := f.w.walk(f.ctx, run.nodes, run); err != nil {
		f.w.suspended = run
		return err
	}
	if run.nodes.inconsistent && !run.denied() {
		run.release()
		return &restartError{EndExpired, errInconsistent}
	}
	run.observer.Started(len(run.known.nodes))
	walks := run.pods
	switch {
	case run.denied():
	case f.w.expired.has(nodeStream.key(run.nodes.listing), run.nodes.version):
		walks = append([]*walk{run.nodes}, walks...)
	default:
		f.openStreams(run, run.nodes)
	}
	for _, w := range walks {
		for _, r := range w.listing.roles() {
			s := newStream(r, w.listing, f.w.eventForm(run), f.live.names.ledger, "")
			s.starting = true
			if err := f.initial(f.replace(s)); err != nil {
				return err
			}
		}
	}
	if err := f.lookUp(run); err != nil {
		return err
	}
	run.tally = newTally(run.ledger)
	run.elapsed = time.Since(run.started)
	run.source = run.search.source
	return f.rebase(run)
}

// initial opens a stream, and waits until all its initial events have arrived. It
// takes a place like a page, and leaves it to others when they take long.
func (f *session) initial(s *stream) error {
	if gate := f.w.cfg.Gate; gate != nil {
		place, err := gate.Enter(f.ctx, true, func() { f.end(&restartError{EndSilent, errSlowAnswer}) })
		if err != nil {
			return context.Cause(f.ctx)
		}
		defer time.AfterFunc(slowAnswer, place.Yield).Stop()
		defer func() { place.Leave(f.ctx.Err() != nil) }()
		s.came = place.Came
	}
	f.open(s)
	select {
	case <-s.started:
		return nil
	case <-f.ctx.Done():
		return context.Cause(f.ctx)
	}
}

// openWait is how long a start with complete pages waits for the next stream to be opened:
// they are opened one after the other. A cluster that returns pages but no streams is
// counted in list mode.
const openWait = time.Minute

var errNotOpened = errors.New("pages can be read, but streams of events cannot be opened")

// allOpen waits until every stream has been open, be it with earlier credentials.
func (f *session) allOpen() error {
	began, timer := time.Now(), time.NewTimer(max(1, openWait-f.live.waited))
	defer timer.Stop()
	defer func() { f.live.waited += time.Since(began) }()
	for _, s := range f.live.streams { // only this goroutine changes them
		for !s.wasOpen() {
			select {
			case <-s.opened:
			case <-f.progress:
				began, f.live.waited = time.Now(), 0
				timer.Reset(openWait)
			case <-f.ctx.Done():
				return context.Cause(f.ctx)
			case <-timer.C:
				return &unwatchableError{errNotOpened}
			}
		}
	}
	return nil
}
