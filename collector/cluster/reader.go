package cluster

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"
)

const (
	// maxFile is more than any kubeconfig, certificate or token needs, and less than
	// hurts.
	maxFile = 16 << 20
	// readLimit is how long a file is waited for.
	readLimit = 2 * time.Second
)

// found is what a path leads to.
type found struct {
	mode    fs.FileMode   // of the file that links lead to
	data    []byte        // of a file
	entries []fs.DirEntry // of a directory, by name
	err     error         // without operation and path
}

func (f found) regular() bool { return f.err == nil && f.mode.IsRegular() }

// reader reads files. One that does not answer (on a file system whose server is
// gone, or a pipe that nobody writes to) holds up no other, except those beside it:
// its reading is left behind, one for each directory and each path that was named.
type reader struct {
	look  func(path string, pipes bool) found // does not return while the file hangs
	limit time.Duration

	mu     sync.Mutex
	silent map[string]bool    // directories with a file that is being read
	pipes  map[string]pending // what is being read once
}

// pending is a reading that has begun, and until when to wait for it.
type pending struct {
	answer chan found
	until  time.Time
}

func newReader() *reader {
	return &reader{look: look, limit: readLimit, silent: make(map[string]bool), pipes: make(map[string]pending)}
}

// read says what path leads to. Only a regular file has data.
func (r *reader) read(path string) found {
	dir := filepath.Dir(path)
	r.mu.Lock()
	hangs := r.silent[dir]
	r.silent[dir] = true
	r.mu.Unlock()
	if hangs {
		return found{err: fmt.Errorf("not read, as another file there is %w", errHangs)}
	}
	answer := make(chan found, 1)
	go func() {
		f := r.look(path, false)
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.silent, dir)
		answer <- f
	}()
	return r.await(answer, r.limit)
}

// readAny is read for a path that somebody has named: what is no regular file,
// such as a pipe, is read to its end. When that takes long, a later call gets it.
func (r *reader) readAny(path string) found {
	p := r.begin(path)
	f := r.await(p.answer, time.Until(p.until))
	if !errors.Is(f.err, errHangs) {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.pipes, path)
	}
	return f
}

// begin has a path read that readAny is about to be called for. Of many that hang,
// each costs the time of one then.
func (r *reader) begin(path string) pending {
	r.mu.Lock()
	defer r.mu.Unlock()
	p, begun := r.pipes[path]
	if !begun {
		p = pending{answer: make(chan found, 1), until: time.Now().Add(r.limit)}
		r.pipes[path] = p
		go func() { p.answer <- r.look(path, true) }()
	}
	return p
}

// errHangs is the error of a file that is still being read.
var errHangs = errors.New("still being read: nobody answers, or writes to it")

// await prefers an answer that is there already to the end of the limit.
func (r *reader) await(answer chan found, limit time.Duration) found {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case f := <-answer:
		return f
	case <-timer.C:
	}
	select {
	case f := <-answer:
		return f
	default:
		return found{err: errHangs}
	}
}

// look reads a file or lists a directory. It follows links. What is neither is read
// only with pipes.
func look(path string, pipes bool) found {
	info, err := os.Stat(path)
	if err != nil {
		return found{err: cause(err)}
	}
	f := found{mode: info.Mode()}
	switch {
	case info.IsDir():
		f.entries, err = os.ReadDir(path)
	case info.Size() > maxFile:
		err = errTooLarge()
	case info.Mode().IsRegular() || pipes:
		f.data, err = readAll(path)
	}
	f.err = cause(err)
	return f
}

func readAll(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // which loses nothing
	data, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err == nil && len(data) > maxFile {
		return nil, errTooLarge()
	}
	return data, err
}

func errTooLarge() error { return fmt.Errorf("larger than %d MiB", maxFile>>20) }

// cause strips operation and path, which the message has already, from the error
// of a file.
func cause(err error) error {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err
	}
	return err
}
