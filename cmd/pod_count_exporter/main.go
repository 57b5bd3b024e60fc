// Command pod_count_exporter serves on /metrics how many active pods each node
// of one or more Kubernetes clusters holds.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"unicode"

	"github.com/kube-node-manager/pod_count_exporter/collector/cluster"
)

// program is the name in messages, metrics and the User-Agent.
const program = "pod_count_exporter"

// Exit codes.
const (
	exitOK     = 0
	exitFailed = 1 // a file, a cluster's configuration or a listener does not work
	exitUsage  = 2 // the command line does not make sense
)

func main() {
	os.Exit(run(context.Background(), os.Args[1:], cluster.Env{}, os.Stdout, os.Stderr))
}

// run is the whole program. It returns the exit code when ctx ends or a SIGINT or
// SIGTERM arrives, or at once when it cannot start; then stderr has one line that
// says why. Logs go to stderr.
func run(ctx context.Context, args []string, env cluster.Env, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	// After the first signal, a second one kills.
	context.AfterFunc(ctx, stop)

	var usage bytes.Buffer // kingpin panics where it cannot write
	f, done, err := parseFlags(args, &usage)
	if done {
		_, err = usage.WriteTo(stdout)
		return written(stderr, err)
	}
	if err == nil {
		err = f.validate(env.Lookup("POD_NAME"))
	}
	if err != nil {
		complain(stderr, f.besidesUnknown(f.besidesVariable(err)))
		return exitUsage
	}
	// Caught from here on: even before there is anything to reload, it must not kill.
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)
	app, err := newApp(ctx, f, env, stderr)
	if errors.Is(err, errStopped) {
		return exitOK
	}
	if err != nil {
		complain(stderr, f.besidesUnknown(f.besidesVariable(err)))
		return exitFailed
	}
	return app.serve(ctx, hangups)
}

// written returns the exit code of a program that only had to print something.
func written(stderr io.Writer, err error) int {
	if err == nil {
		return exitOK
	}
	complain(stderr, fmt.Errorf("writing to standard output: %w", err))
	return exitFailed
}

// complain prints err as one line, whatever it quotes.
func complain(w io.Writer, err error) {
	line := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, err.Error())
	// If standard error is gone, there is nowhere to report that.
	_, _ = fmt.Fprintf(w, "%s: error: %s\n", program, line)
}
