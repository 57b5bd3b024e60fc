package cluster

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"
)

// withStderr runs build while os.Stderr is file. client-go hands the os.Stderr
// that it finds to every run of a credential plugin, for as long as the process
// lives, and there is no other way to set it.
func withStderr(file *os.File, build func() error) error {
	stderr := os.Stderr
	os.Stderr = file
	defer func() { os.Stderr = stderr }()
	return build()
}

// withoutStderr runs build while os.Stderr is discarded: what plugins print there (a
// login link, a dump of the answer) must not reach the log.
func withoutStderr(nowhere func() (*os.File, error), build func() error) error {
	null, err := nowhere()
	if err != nil {
		return fmt.Errorf("silencing the credential plugin: %w", err)
	}
	return withStderr(null, build)
}

// nowhere returns one file for all plugins, since client-go keeps each plugin's for
// as long as the process lives.
func (l *Loader) nowhere() (null *os.File, err error) {
	if l.null == nil {
		l.null, err = os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	}
	return l.null, err
}

// stderr is the standard error of one credential plugin: a pipe that is read while
// a request is under way, which is when client-go runs the plugin. A plugin may leave
// processes behind that print without end, and fill the pipe: it is read until the last
// request has written its mark, and no lock is held meanwhile.
type stderr struct {
	read, write *os.File

	clients int                // guarded by the Plugins
	forget  func(*stderr) bool // removes one client, and says whether it was the last

	mu        sync.Mutex
	running   int           // requests whose plugin may print
	ending    int           // requests that have yet to get their line
	waiting   []chan string // of those that end, in the order in which they began to
	following bool          // follow reads the pipe
	broken    bool          // the pipe cannot be read any more
	unused    bool          // the last client is gone
}

// mark is written by each request that ends, after what its plugin has printed. Another
// process may print it, too: a request may then get a line too early.
const mark = "\x00"

func newStderr(forget func(*stderr) bool) (*stderr, error) {
	read, write, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("a pipe for the credential plugin: %w", err)
	}
	return &stderr{read: read, write: write, forget: forget}, nil
}

// release gives up a client. The pipe is closed after the last client and the last
// request.
func (s *stderr) release() {
	if s == nil || !s.forget(s) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unused = true
	s.close()
}

// close closes the pipe if nothing uses it. s.mu must be held.
func (s *stderr) close() {
	if s.unused && s.idle() {
		_ = s.write.Close() // nobody reads what this could lose
		_ = s.read.Close()
	}
}

// idle says whether no request is under way. s.mu must be held.
func (s *stderr) idle() bool { return s.running+s.ending == 0 }

func (s *stderr) begin() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.idle() {
		_ = s.read.SetReadDeadline(time.Time{})
	}
	s.running++
	if !s.following {
		s.following = true
		go s.follow()
	}
}

// end returns the last line that was printed since the last end. The mark comes after
// everything that the plugin has written, so end waits only until that is read.
func (s *stderr) end() (line string) {
	if last := s.await(); last != nil {
		if _, err := s.write.WriteString(mark); err == nil {
			line = <-last
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ending--; s.idle() {
		_ = s.read.SetReadDeadline(time.Unix(1, 0)) // ends follow; where it cannot, the next byte does
		s.close()
	}
	return line
}

// await returns where the line for the next mark comes from, nil if the pipe is broken.
func (s *stderr) await() <-chan string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running--
	s.ending++
	if s.broken {
		return nil
	}
	last := make(chan string, 1)
	s.waiting = append(s.waiting, last)
	return last
}

// follow reads while there are requests.
func (s *stderr) follow() {
	var line lastLine
	for buffer := make([]byte, 4<<10); ; {
		n, err := s.read.Read(buffer)
		line.write(bytes.ReplaceAll(buffer[:n], []byte(mark), nil))
		if s.serve(&line, bytes.Count(buffer[:n], []byte(mark)), err) {
			return
		}
	}
}

// serve passes the line to the first that waits, for each mark. It says whether nothing
// more is to be read.
func (s *stderr) serve(line *lastLine, marks int, err error) (over bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken = err != nil && !errors.Is(err, os.ErrDeadlineExceeded)
	if s.broken {
		marks = len(s.waiting)
	}
	for range min(marks, len(s.waiting)) {
		s.waiting[0] <- line.take(s.running == 0)
		s.waiting = s.waiting[1:]
	}
	s.following = !s.idle() && !s.broken
	return !s.following
}
