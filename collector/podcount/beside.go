package podcount

import "time"

// beside is a paged count beside the streams, whose events are recorded meanwhile. When
// the credentials change, whoever follows the cluster from then on goes on with it: they
// may change more often than a count takes.
type beside struct {
	run      *count
	audit    bool      // and not only a list of the nodes
	furthest string    // of the streams' positions at its beginning
	read     time.Time // when its pages were complete
}

// goBeside begins a count beside the streams, or goes on with the one that a change of
// credentials has cut short. After a pause in which the streams were closed for longer than
// an audit waits for them, it is too old.
func (f *session) goBeside(audit bool) *beside {
	if b := f.live.beside; b != nil && b.audit == audit && (b.read.IsZero() || time.Since(b.read) < 2*passWait) {
		b.run.goOn(f.w.observer)
		return b
	}
	f.live.leaveBeside()
	roles := []role{nodeStream}
	if audit {
		roles = append(roles, boundStream, unboundStream)
	}
	f.live.record(roles...)
	f.live.beside = &beside{run: f.w.take(f.w.observer), audit: audit, furthest: f.live.furthest()}
	return f.live.beside
}

// endBeside ends the count unless the session has ended, and with it what was under way.
func (f *session) endBeside() {
	if f.ctx.Err() == nil {
		f.live.leaveBeside()
	}
}

// leaveBeside gives back what the count beside the streams takes.
func (l *live) leaveBeside() {
	if b := l.beside; b != nil {
		b.run.release()
	}
	l.beside = nil
	l.stopRecording(boundStream, unboundStream, nodeStream)
}

// read asks for the pages of an audit that are missing, and waits until the streams have
// passed them.
func (f *session) read(b *beside) error {
	if b.read.IsZero() {
		err := f.w.askFor(f.ctx, b.run, f.w.pages)
		f.w.suspended = nil // no start goes on with it: its streams would begin too early
		if err != nil {
			return err
		}
		b.read = time.Now()
		f.live.noteNodes(nil, !b.run.denied()) // now, as the streams may take minutes
	}
	switch {
	case b.run.unselected():
		return &unwatchableError{errUnselected}
	case b.run.mixed():
		return errUnsure
	}
	return f.awaitPassed(b)
}
