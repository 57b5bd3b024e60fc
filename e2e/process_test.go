//go:build e2e

package e2e

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// startLimit is for machines with other things to do; a start takes seconds.
const startLimit = 2 * time.Minute

// program finds a program that the Makefile has built.
func program(t *testing.T, env string) string {
	t.Helper()
	path := os.Getenv(env)
	if path == "" {
		t.Fatalf("%s does not name a binary: run make e2e", env)
	}
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("%s: %v: run make e2e", env, err)
	}
	return path
}

// process is a program that runs until the test ends. What it prints is kept,
// and shown if the test fails.
type process struct {
	cmd    *exec.Cmd
	output *transcript
	ended  chan struct{}
}

// start runs the program. It is asked to stop when the test ends, and killed
// when it takes too long about it.
func start(t *testing.T, path string, args ...string) *process {
	t.Helper()
	p := &process{output: newTranscript(), ended: make(chan struct{})}
	p.cmd = exec.CommandContext(t.Context(), path, args...)
	p.cmd.Stdout, p.cmd.Stderr = p.output, p.output
	p.cmd.Cancel = func() error { return p.cmd.Process.Signal(syscall.SIGTERM) }
	p.cmd.WaitDelay = 20 * time.Second
	p.cmd.Env = append(os.Environ(), "KUBECONFIG=", "HOME="+t.TempDir())
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.ended)
		_ = p.cmd.Wait() // how it ended is in ProcessState
	}()
	t.Cleanup(func() {
		<-p.ended
		if t.Failed() {
			p.show(t, path)
		}
	})
	return p
}

// shownBytes is how much of a program's output a failed test shows: more would hide why it
// failed where only the end of a log is kept.
const shownBytes = 2000

// show logs the end of the output, and says where all of it is.
func (p *process) show(t *testing.T, path string) {
	t.Helper()
	text, place := p.output.String(), "nothing is left out"
	if cut := len(text) - shownBytes; cut > 0 {
		file, err := os.CreateTemp("", filepath.Base(path)+"-*.log") //nolint:usetesting // it stays after the test
		if err == nil {
			_, err = file.WriteString(text)
			err = errors.Join(err, file.Close())
			place = "all of it is in " + file.Name()
		}
		if err != nil {
			place = err.Error()
		}
		text = "…" + text[cut:]
	}
	t.Logf("%s printed (%s):\n%s", path, place, text)
}

// await returns the first line that contains text.
func (p *process) await(t *testing.T, text string) string {
	t.Helper()
	timeout := time.After(startLimit)
	for {
		line, more := p.output.find(text)
		if line != "" {
			return line
		}
		select {
		case <-more:
		case <-p.ended:
			t.Fatalf("%s ended (%s) before it printed %q", p.cmd.Path, p.cmd.ProcessState, text)
		case <-timeout:
			t.Fatalf("%s has not printed %q in %s", p.cmd.Path, text, startLimit)
		}
	}
}

// kill ends the process as a crash would.
func (p *process) kill(t *testing.T) {
	t.Helper()
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-p.ended
}

// transcript keeps what a process prints while others read it.
type transcript struct {
	mu   sync.Mutex
	text bytes.Buffer
	more chan struct{} // closed and replaced at every write
}

func newTranscript() *transcript { return &transcript{more: make(chan struct{})} }

func (b *transcript) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	close(b.more)
	b.more = make(chan struct{})
	return b.text.Write(p)
}

func (b *transcript) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// find returns the first whole line with text in it, or else a channel that
// tells when to look again.
func (b *transcript) find(text string) (string, <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for line := range strings.Lines(b.text.String()) {
		if strings.Contains(line, text) && strings.HasSuffix(line, "\n") {
			return strings.TrimSpace(line), nil
		}
	}
	return "", b.more
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
