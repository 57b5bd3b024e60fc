// Command kubectl-pod_count is the kubectl plugin that shows how many active pods
// each node of one or more clusters holds: "kubectl pod-count".
package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"k8s.io/klog/v2"

	"github.com/kube-node-manager/pod_count_exporter/collector/cluster"
)

const (
	// command is what users type, and program the file that kubectl looks for.
	command = "kubectl pod-count"
	program = "kubectl-pod_count"
)

// Exit codes.
const (
	exitOK          = 0
	exitFailed      = 1 // a count failed, or a node that was named does not exist
	exitUsage       = 2 // the command line does not make sense
	exitInterrupted = 130
)

// surroundings are what the program finds around it. Tests replace them.
type surroundings struct {
	stdout, stderr io.Writer
	out, err       screen // what the two lead to
	env            cluster.Env
	cacheDir       func() (string, error)
	now            func() time.Time
	jobs           jobControl
}

// jobControl is how the user of a terminal suspends the program. The zero value is
// that nobody does.
type jobControl struct {
	notify func(suspends chan<- os.Signal) // has the wish sent there, and does not suspend
	stop   func()                          // returns when the program goes on
}

func main() {
	silenceLibraries()
	env := cluster.Env{}
	os.Exit(run(context.Background(), os.Args[1:], surroundings{
		stdout: os.Stdout, stderr: os.Stderr,
		out: screenOf(os.Stdout, env.Lookup), err: screenOf(os.Stderr, env.Lookup),
		env: env, cacheDir: os.UserCacheDir, now: time.Now,
		jobs: shellJobs(),
	}))
}

// silenceLibraries keeps what client-go and net/http log on their own off the
// terminal: it may quote credentials, and would tear the progress bar.
func silenceLibraries() {
	klog.SetSlogLogger(slog.New(slog.DiscardHandler))
	log.SetOutput(io.Discard)
}

// run is the whole program. It returns the exit code.
func run(ctx context.Context, args []string, around surroundings) int {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	// From the first signal on, a second one kills.
	context.AfterFunc(ctx, stop)

	if len(args) > 0 && args[0] == completeCommand {
		return complete(ctx, args[1:], around)
	}
	var usage bytes.Buffer // kingpin panics where it cannot write
	opts, done, err := parseFlags(args, &usage)
	if done {
		if _, err = usage.WriteTo(around.stdout); err != nil {
			fmt.Fprintf(around.stderr, "error: writing to standard output: %s\n", printable(err.Error()))
			return exitFailed
		}
		return exitOK
	}
	if err == nil {
		err = opts.validate()
	}
	if err != nil {
		fmt.Fprintf(around.stderr, "error: %s\nSee '%s --help'.\n", printable(err.Error()), command)
		return exitUsage
	}
	if opts.watch {
		return opts.watchAndShow(ctx, around)
	}
	return opts.countAndShow(ctx, around)
}

// countAndShow prints what was counted, and what failed.
func (o *options) countAndShow(ctx context.Context, around surroundings) int {
	f := newFleet(ctx, o, around)
	f.count(ctx)
	code := f.report()
	if err := o.write(around.stdout, around.out, f.results); err != nil {
		fmt.Fprintf(around.stderr, "error: %s\n", printable(err.Error()))
		return exitFailed
	}
	return code
}
