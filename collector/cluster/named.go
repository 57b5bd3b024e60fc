package cluster

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync/atomic"
	"time"
)

// named is the reading of a path that was named in the options or a kubeconfig, and
// may be a pipe.
type named struct {
	done  chan struct{} // closed when found is set
	found found
	until time.Time // when to stop waiting for it

	mode    atomic.Uint32 // of a pipe; 0 until it is known to be one
	written atomic.Bool   // the pipe has or had a writer
}

// errHangs is the error of a path that is still being read.
var errHangs = errors.New("still being read")

// errSilent is that of a path of which nothing is known.
var errSilent = fmt.Errorf("%w: the file system does not answer", errHangs)

// hangs returns what is known of a path before it has been read.
func (n *named) hangs() found {
	f := found{mode: fs.FileMode(n.mode.Load())}
	switch {
	case f.mode == 0:
		f.err = errSilent
	case n.written.Load():
		f.err = fmt.Errorf("%w: a pipe whose writer has not closed it yet", errHangs)
	default:
		f.err = fmt.Errorf("%w: a pipe that nobody writes to", errHangs)
	}
	return f
}

// readNamed is read for a path that was named: a pipe is read to its end. If that
// takes too long, a later call gets the content.
func (r *reader) readNamed(path string) found {
	n := r.begin(path)
	if !n.await(context.Background(), n.until) {
		return n.hangs()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.named, path)
	return n.found
}

// begin starts to read a path for which readNamed will be called. Paths that hang are
// then waited for together.
func (r *reader) begin(path string) *named {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.apart[path] = true
	n := r.named[path]
	if n == nil {
		n = &named{done: make(chan struct{}), until: time.Now().Add(r.limit)}
		r.named[path] = n
		go func() {
			n.found = r.readPath(path, func(mode fs.FileMode, opened bool) {
				n.mode.Store(uint32(mode))
				n.written.Store(opened)
			})
			close(n.done)
		}()
	}
	return n
}

// underWay says whether a reading from before has yet to be fetched by readNamed.
func (r *reader) underWay(path string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.named[path] != nil
}

// awaitWriters begins to read paths, and returns when all have been read. A path
// without a writer is waited for as usual, one with a writer until the limit.
func (r *reader) awaitWriters(ctx context.Context, paths []string, limit time.Duration) {
	last := time.Now().Add(limit)
	var all []*named
	for _, path := range paths {
		all = append(all, r.begin(path))
	}
	for _, n := range all {
		if !n.await(ctx, n.until) && n.written.Load() {
			n.await(ctx, last)
		}
	}
}

// await says whether the reading ends in time. If both have ended, the reading
// counts.
func (n *named) await(ctx context.Context, until time.Time) bool {
	ctx, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	select {
	case <-n.done:
		return true
	case <-ctx.Done():
	}
	select {
	case <-n.done:
		return true
	default:
		return false
	}
}
