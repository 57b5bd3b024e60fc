package podcount

import (
	"errors"
	"sync"
)

// errStillExpired says that a list begins where no stream can.
var errStillExpired = errors.New("the server lists a resourceVersion from which it sends no events")

// expired holds, by the path of a list, the latest resourceVersion from which the server
// would send no events. It is never asked for again, even if the server lists it again: a
// streamed start needs none.
type expired struct {
	mu       sync.Mutex
	versions map[string]string
}

// note notes a stream's position.
func (e *expired) note(path, version string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.versions == nil {
		e.versions = make(map[string]string)
	}
	e.versions[path] = version
}

// has says whether it is the one that was noted.
func (e *expired) has(path, version string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return version != "" && e.versions[path] == version
}
