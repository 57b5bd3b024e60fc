// Command kubesim serves a simulated Kubernetes API: the pods and nodes of a
// deterministic cluster, for demos and measurements without a control plane.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/kube-node-manager/pod_count_exporter/internal/kubesim"
)

// Exit codes of run.
const (
	exitOK      = 0
	exitFailure = 1 // something failed while running
	exitUsage   = 2 // flags that cannot be
)

// shutdownTime is how long requests under way may still take at the end.
const shutdownTime = 3 * time.Second

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run serves until ctx ends, and returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var usage bytes.Buffer // kingpin panics where it cannot write
	opts, err := parseFlags(args, &usage)
	if errors.Is(err, errHelp) {
		if _, err = usage.WriteTo(stdout); err != nil {
			fmt.Fprintf(stderr, "kubesim: error: writing to standard output: %s\n", oneLine(err))
			return exitFailure
		}
		return exitOK
	}
	var sim *kubesim.Server
	if err == nil {
		sim, err = kubesim.New(opts.cluster)
	}
	if err != nil {
		fmt.Fprintf(stderr, "kubesim: error: %s\n", oneLine(err))
		return exitUsage
	}
	if err := serve(ctx, opts, sim, stdout); err != nil {
		fmt.Fprintf(stderr, "kubesim: error: %s\n", oneLine(err))
		return exitFailure
	}
	return exitOK
}

// serve listens, says where, and answers until ctx ends.
func serve(ctx context.Context, opts options, sim *kubesim.Server, stdout io.Writer) error {
	listener, url, caPEM, err := listen(ctx, opts)
	if err != nil {
		return err
	}
	defer func() { _ = listener.Close() }() // Shutdown has closed it already
	if opts.kubeconfig != "" {
		if err := sim.WriteKubeconfig(opts.kubeconfig, url, caPEM); err != nil {
			return fmt.Errorf("--kubeconfig-out: %w", err)
		}
	}
	// Requests end with ctx: a watch would hold up the shutdown otherwise.
	server := &http.Server{
		Handler: sim, ReadHeaderTimeout: 10 * time.Second,
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	fmt.Fprintf(stdout, "kubesim: cluster %s with %d nodes and %d active pods on %s\n",
		opts.cluster.Cluster, opts.cluster.Nodes, opts.cluster.Pods, url)
	go maintain(ctx, sim, opts.churn)
	select {
	case err := <-failed:
		return fmt.Errorf("serve on --listen-address %s: %w", opts.listen, err)
	case <-ctx.Done():
	}
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTime)
	defer cancel()
	if err := server.Shutdown(closing); err != nil {
		return fmt.Errorf("shut down: %w", err)
	}
	return nil
}

// compactInterval is that of kube-apiserver; tokens live that long at least.
const compactInterval = 5 * time.Minute

// maintain changes the cluster at every interval, if there is one, and lets it
// forget what is past, until ctx ends.
func maintain(ctx context.Context, sim *kubesim.Server, interval time.Duration) {
	if interval <= 0 {
		return // nothing changes, so there is nothing to forget
	}
	churn, compact := time.NewTicker(interval), time.NewTicker(compactInterval)
	defer churn.Stop()
	defer compact.Stop()
	for n := uint64(0); ; {
		select {
		case <-ctx.Done():
			return
		case <-compact.C:
			sim.Compact()
		case <-churn.C:
			sim.Churn(n)
			n++
		}
	}
}
