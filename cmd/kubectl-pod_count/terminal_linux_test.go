package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/kube-node-manager/pod_count_exporter/internal/kubesim"
)

// pseudoTerminal is a terminal of a size, whose other side is read into a buffer.
func pseudoTerminal(t *testing.T, width, height uint16) (*os.File, *buffer) {
	t.Helper()
	_, terminal, shown := keyboard(t, width, height)
	return terminal, shown
}

// keyboard is a pseudoTerminal with the side on which keys are pressed.
func keyboard(t *testing.T, width, height uint16) (master, terminal *os.File, shown *buffer) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("no pseudo terminal: %v", err)
	}
	number, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	must(t, err)
	must(t, unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0))
	terminal, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	must(t, err)
	resize(t, terminal, width, height)
	shown = &buffer{}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		chunk := make([]byte, 4096)
		for {
			n, err := master.Read(chunk)
			if err != nil {
				return // the terminal is closed
			}
			_, _ = shown.Write(chunk[:n])
		}
	}()
	t.Cleanup(func() {
		_ = terminal.Close()
		<-ended
		_ = master.Close()
	})
	return master, terminal, shown
}

func resize(t *testing.T, terminal *os.File, width, height uint16) {
	t.Helper()
	must(t, unix.IoctlSetWinsize(int(terminal.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Col: width, Row: height}))
}

// TestWatchOnATerminal runs on a real one, whose size changes.
func TestWatchOnATerminal(t *testing.T) {
	d := newDesk(t)
	sim := d.add("production", func(c *kubesim.Config) { c.Nodes = 50 })
	terminal, shown := pseudoTerminal(t, 100, 20)
	colours := func(name string) string { return map[string]string{"NO_COLOR": "1"}[name] }
	d.out = screenOf(terminal, colours)
	if !d.out.terminal || d.out.colours || d.out.width != 100 || d.out.height != 20 {
		t.Fatalf("the screen is %+v", d.out)
	}
	ctx, interrupt := context.WithCancel(t.Context())
	code := make(chan int, 1)
	go func() { code <- d.runOn(ctx, terminal, "--watch") }()
	// 20 lines: the footer, two of the totals, two empty ones, the head, and what is left.
	shown.await("… 37 more nodes")
	sim.CreatePod(sim.NodeNames()[0])
	shown.await(" 61 ")
	resize(t, terminal, 60, 30)
	shown.await("… 27 more nodes")
	interrupt()
	d.want(<-code, exitInterrupted)
	shown.await(leaveScreen)
	if strings.Contains(shown.String(), "\x1b[3") || strings.Contains(shown.String(), "\x1b[1m") {
		t.Errorf("colours in spite of NO_COLOR: %q", shown.String())
	}
}
