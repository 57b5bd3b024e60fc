package podcount

import (
	"errors"
	"slices"
	"time"
)

const (
	// emptiedWait is how soon a namespace that has lost its last pod is looked up: its
	// pods go first when it is deleted.
	emptiedWait = 10 * time.Second
	// lookupPause is the shortest time between two look-ups for that reason. Jobs may
	// empty one every few seconds.
	lookupPause = time.Minute
)

// isEmpty says whether the pods of a listing's namespace are all gone. It is false for a
// listing of all namespaces. l.mu must be held.
func (l *live) isEmpty(of listing) bool { return of.namespace != "" && l.within[of.path] == 0 }

// noteEmpty signals that the namespace of a stream may have lost its last pod. l.mu must
// be held.
func (l *live) noteEmpty(s *stream) {
	if !l.based || !l.isEmpty(s.listing) {
		return
	}
	select {
	case l.emptied <- struct{}{}:
	default:
	}
}

// withoutPods returns the walks whose namespaces have no pods at the moment.
func (l *live) withoutPods(walks []*walk) []*walk {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(walks), func(w *walk) bool { return !l.isEmpty(w.listing) })
}

// lookUp makes sure that the namespaces without pods exist. No event says that one of
// them has been deleted.
func (f *session) lookUp(run *count) error {
	for _, w := range f.live.withoutPods(run.pods) {
		if err := f.w.exists(f.ctx, w, run); err != nil {
			return err
		}
	}
	return nil
}

// lookUpEmptied does so between two lists of the nodes.
func (f *session) lookUpEmptied() error {
	run := f.w.take(f.w.observer)
	defer run.release()
	return f.lookUp(run)
}

// noNamespace says whether err is that a namespace does not exist.
func noNamespace(err error) bool {
	failure, failed := errors.AsType[*PageError](err)
	return failed && failure.missing()
}
