package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// runOutside starts the first process of the namespaces, waits for its end, and
// takes away the two things that are outside of them: folder and cgroups.
func runOutside(ctx context.Context, cfg config) (err error) {
	if cfg.dir == "" {
		if cfg.dir, err = os.MkdirTemp("", "onenode"); err != nil {
			return fmt.Errorf("making a folder: %w", err)
		}
	} else if err := os.Mkdir(cfg.dir, 0o700); err != nil {
		return fmt.Errorf("--dir must be a new folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(cfg.dir)) }()
	if err := check(ctx, cfg); err != nil {
		return err
	}
	cfg.cgroup = "pod-count-node-" + filepath.Base(cfg.dir)
	if err := makeCgroups(cfg.cgroup); err != nil {
		return &lackError{lacks: []string{err.Error()}}
	}
	defer func() { err = errors.Join(err, removeCgroups(cfg.cgroup)) }()
	return runNamespaces(ctx, cfg)
}

// cloneFlags are the namespaces of a node.
const cloneFlags = unix.CLONE_NEWPID | unix.CLONE_NEWNS | unix.CLONE_NEWNET | unix.CLONE_NEWIPC | unix.CLONE_NEWUTS

// runNamespaces returns when the last process in the namespaces has ended: the
// kernel kills the others when the first one ends, and lets it go last.
func runNamespaces(ctx context.Context, cfg config) error {
	// The kernel kills the child when the thread that started it ends.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("finding this program: %w", err)
	}
	cmd := exec.CommandContext(ctx, self, cfg.args(modeInit)...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: cloneFlags,
		Pdeathsig:  unix.SIGKILL,
		Setpgid:    true, // Ctrl-C reaches this process only, which passes it on
	}
	cmd.Cancel = func() error { return cmd.Process.Signal(unix.SIGTERM) }
	cmd.WaitDelay = 30 * time.Second
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting in new namespaces: %w", err)
	}
	if len(cfg.command) == 0 {
		fmt.Printf("inside: nsenter -t %d -n env KUBECONFIG=%s %s get pods -A\n",
			cmd.Process.Pid, cfg.path(fileAdmin), filepath.Join(cfg.bin, "kubectl"))
	}
	err = cmd.Wait()
	if len(cfg.command) == 0 && ctx.Err() != nil {
		return nil // asked to end
	}
	return err
}

// runInit is process 1 of its namespace: it passes signals on and reaps what
// others leave behind, which a program that waits for its own children must not.
func runInit(args []string) error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("finding this program: %w", err)
	}
	if err := setUpMounts(); err != nil {
		return err
	}
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, unix.SIGINT, unix.SIGTERM)
	child, err := os.StartProcess(self, append([]string{self, modeInside}, args...), &os.ProcAttr{
		Files: []*os.File{os.Stdin, os.Stdout, os.Stderr},
	})
	if err != nil {
		return fmt.Errorf("starting inside the namespaces: %w", err)
	}
	go func() {
		for s := range signals {
			_ = child.Signal(s) // it may have ended by itself
		}
	}()
	for {
		var status unix.WaitStatus
		pid, err := unix.Wait4(-1, &status, 0, nil)
		switch {
		case errors.Is(err, unix.EINTR):
		case err != nil:
			return fmt.Errorf("waiting inside the namespaces: %w", err)
		case pid == child.Pid && status.Exited():
			os.Exit(status.ExitStatus()) //nolint:forbidigo // the first process of a namespace has its child's code
		case pid == child.Pid:
			return fmt.Errorf("the process inside was killed by %s", status.Signal())
		}
	}
}
