package kubesim

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// watchTimeout ends a watch without a timeout of its own; the real server picks a
// random time from half an hour to an hour.
const watchTimeout = 30 * time.Minute

// watcher is one running watch.
type watcher[T any] struct {
	server *Server
	res    *apiResource[T]
	query  query
	codec  codec[T]
	ctx    context.Context
	out    *eventWriter
	buf    []byte
	begun  bool // the first event, which has the column definitions, was sent
}

// serveWatch streams events until the client, the timeout or an ERROR event ends it.
func serveWatch[T any](s *Server, res *apiResource[T], q query, enc codec[T], w http.ResponseWriter, r *http.Request) {
	timeout := watchTimeout
	if q.watchSeconds > 0 {
		timeout = time.Duration(q.watchSeconds) * time.Second
	}
	ctx, cancel := context.WithTimeout(r.Context(), timeout)
	defer cancel()
	watch := &watcher[T]{server: s, res: res, query: q, codec: enc, ctx: ctx, out: newEventWriter(w, r, q)}
	if !watch.flush() {
		return
	}
	if version, ok := watch.initial(); ok {
		watch.follow(version)
	}
}

// initial sends the initial events, and returns the version from which the live
// events go on.
func (w *watcher[T]) initial() (int64, bool) {
	asked, _ := strconv.ParseInt(w.query.version, 10, 64) // checked by parseQuery
	w.server.mu.RLock()
	newest, oldest := w.server.version, w.server.compacted
	w.server.mu.RUnlock()
	switch {
	case asked > newest && !w.query.initialEvents: // kube-apiserver does not say that it is not there yet
		return asked, w.flush() && w.reach(asked)
	case asked > newest:
		return 0, w.fail(tooLarge(asked, newest))
	case w.query.initialEventsSet && !w.query.initialEvents && asked == 0:
		return newest, true
	case asked > 0 && !w.query.initialEvents && asked < oldest:
		return 0, w.fail(tooOld(asked, oldest))
	case asked > 0 && !w.query.initialEvents:
		return asked, true
	}
	for it := range w.res.walk(w.server, w.query.prefix, w.query.prefix, newest) {
		if selects(&w.query, w.res, &it.value) && !w.send("ADDED", &it.value, *w.res.version(&it.value)) {
			return 0, false
		}
	}
	if w.query.initialEvents && w.query.bookmarks {
		return newest, w.bookmark(newest, true)
	}
	return newest, w.flush()
}

// reach waits for a version, and says whether it came before the watch's end.
func (w *watcher[T]) reach(version int64) bool {
	for {
		w.server.mu.RLock()
		newest, changed := w.server.version, w.server.changed
		w.server.mu.RUnlock()
		if newest >= version {
			return true
		}
		select {
		case <-w.ctx.Done():
			return false
		case <-changed:
		}
	}
}

// follow sends the changes after a version, and bookmarks between them.
func (w *watcher[T]) follow(version int64) {
	ticker := time.NewTicker(w.server.cfg.BookmarkInterval)
	defer ticker.Stop()
	for {
		changes, newest, changed, lost := w.changes(version)
		if lost {
			w.fail(tooOld(version, newest))
			return
		}
		for _, c := range changes {
			if !w.change(c) {
				return
			}
		}
		if len(changes) > 0 && !w.flush() {
			return
		}
		version = newest
		select {
		case <-w.ctx.Done():
			return
		case <-changed:
		case <-ticker.C:
			if w.query.bookmarks && !w.bookmark(version, false) {
				return
			}
		}
	}
}

// changes returns the changes after a version, the version that they lead to, a
// channel that is closed by the next change, and whether some have been forgotten.
func (w *watcher[T]) changes(version int64) (out []change[T], newest int64, changed <-chan struct{}, lost bool) {
	s := w.server
	s.mu.RLock()
	defer s.mu.RUnlock()
	log := w.res.history.log
	out = append(out, log[w.res.history.since(version):]...)
	return out, s.version, s.changed, version+1 < s.retained
}

// change sends the event that a change means for the selector: objects that begin to
// match are ADDED, those that no longer match are DELETED with their old state.
func (w *watcher[T]) change(c change[T]) bool {
	was, is := w.fits(c.key, c.old), w.fits(c.key, c.new)
	switch {
	case is && !was:
		return w.send("ADDED", c.new, c.version)
	case is:
		return w.send("MODIFIED", c.new, c.version)
	case was:
		return w.send("DELETED", c.old, c.version)
	}
	return true
}

func (w *watcher[T]) fits(key string, v *T) bool {
	return v != nil && strings.HasPrefix(key, w.query.prefix) && selects(&w.query, w.res, v)
}

// send writes an event about an object at a version.
func (w *watcher[T]) send(kind string, v *T, version int64) bool {
	object := *v
	*w.res.version(&object) = version
	return w.event(kind, func(b []byte) []byte { return w.codec.event(b, &object, version, !w.begun) })
}

func (w *watcher[T]) bookmark(version int64, initialEnd bool) bool {
	ok := w.event("BOOKMARK", func(b []byte) []byte { return w.codec.bookmark(b, version, initialEnd, !w.begun) })
	return ok && w.flush()
}

// fail ends the watch with an ERROR event. It returns false, which its callers return
// too.
func (w *watcher[T]) fail(status *apiStatus) bool {
	if w.event("ERROR", func(b []byte) []byte { return appendJSON(b, status) }) {
		w.flush()
	}
	return false
}

func (w *watcher[T]) event(kind string, object func(b []byte) []byte) bool {
	b := append(append(w.buf[:0], `{"type":"`...), kind...)
	b = append(object(append(b, `","object":`...)), "}\n"...)
	w.buf, w.begun = b, true
	_, err := w.out.Write(b)
	return err == nil && w.ctx.Err() == nil
}

func (w *watcher[T]) flush() bool {
	return w.out.flush()
}
