package cluster

import (
	"testing"
	"time"
)

// Nobody reads what is printed between two requests, so that a process that prints
// without end takes no time.
func TestStderrIsReadDuringRequestsOnly(t *testing.T) {
	s, err := newStderr(func(*stderr) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.release)
	reads := func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.following
	}
	for range 3 {
		s.begin()
		s.begin()
		if s.end(); !reads() {
			t.Error("nobody reads during a request")
		}
		if _, err := s.write.WriteString("a line\n"); err != nil {
			t.Fatal(err)
		}
		if line := s.end(); line != "a line" {
			t.Errorf("heard %q", line)
		}
		for giveUp := time.Now().Add(10 * time.Second); reads(); time.Sleep(time.Millisecond) {
			if time.Now().After(giveUp) {
				t.Fatal("somebody still reads")
			}
		}
	}
}
