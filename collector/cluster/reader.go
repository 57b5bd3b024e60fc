package cluster

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// readLimit is how long to wait for a file.
const readLimit = 2 * time.Second

// readAtOnce is how many files of a directory are read at the same time. When that
// many hang, the others in the directory are not read.
const readAtOnce = 4

// reader reads files. A file that does not answer (on a file system whose server is
// gone, or a pipe without a writer) holds up no other: its reading is left behind.
// There are at most readAtOnce of those for each directory, and one for each path
// that was named.
type reader struct {
	readPath func(path string, pipe func(mode fs.FileMode, opened bool)) found // does not return while the file hangs
	limit    time.Duration

	mu    sync.Mutex
	busy  map[string]map[string]bool // paths that are being read, by directory
	apart map[string]bool            // paths that were named; each is a queue of its own
	named map[string]*named          // their readings
}

func newReader() *reader {
	return &reader{readPath: readPath, limit: readLimit, busy: make(map[string]map[string]bool), apart: make(map[string]bool), named: make(map[string]*named)}
}

// read returns what is at one path. Only a regular file has data.
func (r *reader) read(path string) (f found) {
	r.readEach([]string{path}, func(_ string, now found) { f = now })
	return f
}

// readEach calls took once for each path, in no particular order. Each file is handed
// over before the next is read in its place, so that few are in memory; directories
// are read at the same time. Readings that hang are waited for together: until none
// of them has returned anything for the limit, and once more if others waited for room.
func (r *reader) readEach(paths []string, took func(path string, f found)) {
	answers, done, room := make(chan answer), make(chan struct{}), newRoom()
	defer close(done)
	defer room.end()
	waiting := make(map[string]bool)
	for dir, queue := range r.queues(paths) {
		next := make(chan string, len(queue))
		places := r.free(dir, queue)
		for _, path := range queue {
			if places == 0 || r.reads(dir, path) {
				took(path, found{err: r.why(dir, path)})
				continue
			}
			waiting[path] = true
			next <- path
		}
		close(next)
		for range places {
			go r.readInTurn(dir, next, room, answers, done)
		}
	}
	for len(waiting) > 0 {
		a, came := receive(answers, r.limit)
		if !came && room.lift() {
			continue
		}
		if !came {
			break
		}
		delete(waiting, a.path)
		took(a.path, a.found)
		room.leave(a.size)
	}
	for path := range waiting {
		took(path, found{err: r.why(r.queue(path), path)})
	}
}

// answer is what was found at one path.
type answer struct {
	path string
	size int64 // in the room
	found
}

// errBeside is the error of a file that is not read because too many others in its
// directory hang.
var errBeside = fmt.Errorf("not read, as %d other files there are %w", readAtOnce, errHangs)

// why returns why a path was not read.
func (r *reader) why(dir, path string) error {
	if r.reads(dir, path) {
		return errSilent
	}
	return errBeside
}

// reads says whether a path is being read.
func (r *reader) reads(dir, path string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.busy[dir][path]
}

// queues groups paths, each once, by the queue in which they are read.
func (r *reader) queues(paths []string) map[string][]string {
	queues := make(map[string][]string)
	for _, path := range slices.Compact(slices.Sorted(slices.Values(paths))) {
		name := r.queue(path)
		queues[name] = append(queues[name], path)
	}
	return queues
}

// queue returns the directory of a file. A path that was named, such as a mount
// point, is a queue of its own.
func (r *reader) queue(path string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.apart[path] {
		return path + string(filepath.Separator) // no directory ends with it
	}
	return filepath.Dir(path)
}

// free returns how many more files of a queue can be read at the same time, given
// those that hang.
func (r *reader) free(dir string, queue []string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.busy[dir] == nil {
		r.busy[dir] = make(map[string]bool)
	}
	return min(len(queue), readAtOnce-len(r.busy[dir]))
}

// readInTurn reads the paths from next, until done is closed.
func (r *reader) readInTurn(dir string, next <-chan string, room *room, answers chan<- answer, done <-chan struct{}) {
	for path := range next {
		r.mark(dir, path, true)
		size := room.enter(path)
		f := r.readPath(path, nil)
		r.mark(dir, path, false)
		select {
		case answers <- answer{path, size, f}:
		case <-done:
			return
		}
	}
}

// mark notes whether a path is being read.
func (r *reader) mark(dir, path string, busy bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if busy {
		r.busy[dir][path] = true
	} else {
		delete(r.busy[dir], path)
	}
}

// within returns what f, which reads path by itself, returns. If that takes too long,
// f is left behind, and path counts as being read until it returns.
func within[T any](r *reader, path string, f func() T) (value T, err error) {
	dir := r.queue(path)
	if r.free(dir, []string{path}) == 0 || r.reads(dir, path) {
		return value, r.why(dir, path)
	}
	answers := make(chan T, 1)
	r.mark(dir, path, true)
	go func() {
		value := f()
		r.mark(dir, path, false)
		answers <- value
	}()
	value, came := receive(answers, r.limit)
	if !came {
		return value, errSilent
	}
	return value, nil
}

// limitSlices divides the limit: what has arrived is checked after each slice, so
// that nothing counts as hanging because this process got no time to run.
const limitSlices = 20

// receive prefers a value that is already there to the end of the limit.
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
