package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// stopTimeout is what a process has between SIGTERM and SIGKILL. The control
// plane closes etcd and an API server within it.
const stopTimeout = 25 * time.Second

// process is a child process.
type process struct {
	cmd   *exec.Cmd
	stdin io.Closer // nil if it reads none
}

// command prepares a child that ends with ctx, and whose messages go to stderr.
func command(ctx context.Context, stderr io.Writer, path string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Stderr = stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = stopTimeout
	return cmd
}

func start(cmd *exec.Cmd) (*process, error) {
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", cmd.Path, err)
	}
	return &process{cmd: cmd}, nil
}

func (p *process) pid() int { return p.cmd.Process.Pid }

// stop ends the process and waits until it has gone. How it went is of no
// interest: what it had to give has been taken.
func (p *process) stop() {
	if p.stdin != nil {
		_ = p.stdin.Close()
	}
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	kill := time.AfterFunc(stopTimeout, func() { _ = p.cmd.Process.Kill() })
	defer kill.Stop()
	_ = p.cmd.Wait()
}

// cpuTime is the user and system time of a process with all its threads, the
// ended ones too, in nanoseconds and not in the 10 ms ticks of /proc.
func cpuTime(pid int) (time.Duration, error) {
	var t unix.Timespec
	if err := unix.ClockGettime(cpuClock(pid), &t); err != nil {
		return 0, fmt.Errorf("cpu time of process %d: %w", pid, err)
	}
	return time.Duration(t.Nano()), nil
}

// cpuClock is the kernel's number for a process's CPU clock, as
// clock_getcpuclockid(3) makes it: the inverted pid above three bits of which
// 2 (CPUCLOCK_SCHED) is the precise clock.
func cpuClock(pid int) int32 { return ^int32(pid)<<3 | 2 }

// peakRSS is the most memory in bytes that the process ever had resident.
func peakRSS(pid int) (int64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, fmt.Errorf("peak memory of process %d: %w", pid, err)
	}
	return parsePeak(string(status))
}

// parsePeak reads "VmHWM:  12345 kB" from the text of /proc/PID/status.
func parsePeak(status string) (int64, error) {
	for line := range strings.Lines(status) {
		value, found := strings.CutPrefix(line, "VmHWM:")
		if !found {
			continue
		}
		number, unit, _ := strings.Cut(strings.TrimSpace(value), " ")
		kb, err := strconv.ParseInt(number, 10, 64)
		if err != nil || unit != "kB" {
			return 0, fmt.Errorf("VmHWM: %q is not a number of kB", strings.TrimSpace(value))
		}
		return kb << 10, nil
	}
	return 0, errors.New("VmHWM: no such line")
}
