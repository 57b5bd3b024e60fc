package podcount

import (
	"errors"
	"sync"
)

// errStillExpired says that a list begins where no stream can.
var errStillExpired = errors.New("the server lists a resourceVersion from which it sends no events")

// key distinguishes a watch from others of the cluster.
func (r role) key(l listing) string { return l.path + "?" + r.selector(l) }

// expired holds the latest resourceVersion at which the server has refused each watch, by
// role.key. It is never asked for again, even if the server lists it again: a streamed
// start needs none.
type expired struct {
	mu       sync.Mutex
	versions map[string]string
}

// noteExpired notes a stream's position. A streamed start has none, and that of a stream
// that has been replaced is older than what has taken its place.
func (w *Watcher) noteExpired(l *live, s *stream) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !s.starting && !s.replaced {
		w.expired.note(s.role.key(s.listing), s.position)
	}
}

func (e *expired) note(key, version string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.versions == nil {
		e.versions = make(map[string]string)
	}
	e.versions[key] = version
}

// has says whether it is the one that was noted.
func (e *expired) has(key, version string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return version != "" && e.versions[key] == version
}
