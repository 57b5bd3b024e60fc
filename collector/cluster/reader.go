package cluster

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// readLimit is how long a file is waited for.
const readLimit = 2 * time.Second

// reader reads files. One that does not answer (on a file system whose server is
// gone, or a pipe that nobody writes to) holds up no other, except those beside it:
// its reading is left behind, one for each directory and each path that was named.
type reader struct {
	look  func(path string, pipe func(mode fs.FileMode, opened bool)) found // does not return while the file hangs
	limit time.Duration

	mu     sync.Mutex
	silent map[string]bool   // queues with a file that is being read
	apart  map[string]bool   // paths that were named, whose parents tell nothing of them
	named  map[string]*named // readings of those
}

func newReader() *reader {
	return &reader{look: look, limit: readLimit, silent: make(map[string]bool), apart: make(map[string]bool), named: make(map[string]*named)}
}

// read says what one path leads to. Only a regular file has data.
func (r *reader) read(path string) (f found) {
	r.readEach([]string{path}, func(_ string, now found) { f = now })
	return f
}

// readEach calls took once for each path, in no particular order, with what it leads
// to. Files of one directory are read one after the other, and each is handed over
// before the next is read, so that few are in memory; directories are read at the
// same time. However many hang, they are waited for together: until nothing has come
// from any of them for the limit.
func (r *reader) readEach(paths []string, took func(path string, f found)) {
	answers, done := make(chan answer), make(chan struct{})
	defer close(done)
	queues := r.queues(paths)
	for dir, queue := range queues {
		if r.occupy(dir) {
			go r.readInTurn(dir, queue, answers, done)
			continue
		}
		leave(queue, errBeside, took)
		delete(queues, dir)
	}
	for len(queues) > 0 {
		a, came := receive(answers, r.limit)
		if !came {
			break
		}
		dir := r.queue(a.path)
		if queues[dir] = queues[dir][1:]; len(queues[dir]) == 0 {
			r.vacate(dir)
			delete(queues, dir)
		}
		took(a.path, a.found)
	}
	for _, queue := range queues {
		leave(queue[:1], errHangs, took)
		leave(queue[1:], errBeside, took)
	}
}

// answer is what one path leads to.
type answer struct {
	path string
	found
}

// errBeside is the error of a file that is not read for another one's sake.
var errBeside = fmt.Errorf("not read, as another file there is %w", errHangs)

func leave(paths []string, err error, took func(path string, f found)) {
	for _, path := range paths {
		took(path, found{err: err})
	}
}

// queues sorts paths, each once, by what they hang with.
func (r *reader) queues(paths []string) map[string][]string {
	queues := make(map[string][]string)
	for _, path := range slices.Compact(slices.Sorted(slices.Values(paths))) {
		name := r.queue(path)
		queues[name] = append(queues[name], path)
	}
	return queues
}

// queue is the directory of a file. A path that was named, such as the place of a
// mount, hangs by itself.
func (r *reader) queue(path string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.apart[path] {
		return path + string(filepath.Separator) // which no directory has at its end
	}
	return filepath.Dir(path)
}

// readInTurn reads a queue until done. The directory is vacated here only when one of
// its files has kept the others waiting.
func (r *reader) readInTurn(dir string, queue []string, answers chan<- answer, done <-chan struct{}) {
	for _, path := range queue {
		f := r.look(path, nil)
		select {
		case answers <- answer{path, f}:
		case <-done:
			r.vacate(dir)
			return
		}
	}
}

// occupy is false while a file of the directory is being read.
func (r *reader) occupy(dir string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.silent[dir] {
		return false
	}
	r.silent[dir] = true
	return true
}

func (r *reader) vacate(dir string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.silent, dir)
}

// limitSlices make sure that a process which got no time to run meanwhile takes
// nothing for hanging: at the end of each, what has come is looked at.
const limitSlices = 20

// receive prefers what is there already to the end of the limit.
func receive[T any](from <-chan T, limit time.Duration) (value T, came bool) {
	ticker := time.NewTicker(limit / limitSlices)
	defer ticker.Stop()
	for range limitSlices {
		select {
		case value = <-from:
			return value, true
		case <-ticker.C:
		}
	}
	select {
	case value = <-from:
		return value, true
	default:
		return value, false
	}
}
