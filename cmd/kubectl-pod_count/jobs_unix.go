//go:build unix

package main

import (
	"os"
	"os/signal"
	"syscall"
)

// shellJobs is the job control of shells: Ctrl-Z, and fg.
func shellJobs() jobControl {
	return jobControl{
		notify: func(suspends chan<- os.Signal) { signal.Notify(suspends, syscall.SIGTSTP) },
		stop:   func() { _ = syscall.Kill(os.Getpid(), syscall.SIGSTOP) }, // which this process may always do
	}
}
