package cluster

import (
	"bytes"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
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
// a request is under way, which is when client-go runs the plugin.
type stderr struct {
	read, write *os.File
	flushed     chan string // receives the last line at each mark

	clients int                // guarded by the Plugins
	forget  func(*stderr) bool // removes one client, and says whether it was the last

	mu      sync.Mutex
	readers int  // requests under way
	unused  bool // the last client is gone

	flushing, last atomic.Bool // flushing: a mark is under way; last: no request reads after it
	broken         sync.Once
}

// mark is written after what has been printed. A plugin may print it, too.
const mark = 0

func newStderr(forget func(*stderr) bool) (*stderr, error) {
	read, write, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("a pipe for the credential plugin: %w", err)
	}
	return &stderr{read: read, write: write, flushed: make(chan string), forget: forget}, nil
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
	if s.unused && s.readers == 0 {
		_ = s.write.Close() // nobody reads what this could lose
		_ = s.read.Close()
	}
}

func (s *stderr) begin() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.readers++; s.readers == 1 {
		s.last.Store(false)
		go s.follow()
	}
}

// end returns the last line that was printed since the last end. The mark comes after
// everything that the plugin has written, so end waits only until that is read.
func (s *stderr) end() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.readers--
	defer s.close()
	s.last.Store(s.readers == 0)
	s.flushing.Store(true)
	if _, err := s.write.Write([]byte{mark}); err != nil {
		return "" // the pipe is broken, which follow notices by itself
	}
	return <-s.flushed
}

// follow reads until the mark of the last request.
func (s *stderr) follow() {
	var line lastLine
	for buffer := make([]byte, 4<<10); ; {
		n, err := s.read.Read(buffer)
		for rest := buffer[:n]; len(rest) > 0; {
			text, after, marked := bytes.Cut(rest, []byte{mark})
			line.write(text)
			rest = after
			if !marked || !s.flushing.CompareAndSwap(true, false) {
				continue
			}
			last := s.last.Load()
			s.flushed <- line.take()
			if last {
				return
			}
		}
		if err != nil {
			s.broken.Do(func() { close(s.flushed) }) // which ends every later wait
			return
		}
	}
}
