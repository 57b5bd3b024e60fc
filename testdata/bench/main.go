// Command bench measures the exporter against other ways to count the active
// pods of each node, on a real control plane, each in a process of its own.
//
//	bench -controlplane bin/controlplane -exporter bin/pod_count_exporter
//	bench -controlplane bin/controlplane -exporter bin/pod_count_exporter -scenario nodes
//	bench -controlplane bin/controlplane -exporter bin/pod_count_exporter -scenario growth
//	bench -exporter bin/pod_count_exporter -scenario isolation
//	bench -exporter bin/pod_count_exporter -scenario fleet
//	bench -exporter bin/pod_count_exporter -scenario watch
//	bench -controlplane bin/controlplane -plugin bin/kubectl-pod_count -kubectl bin/kubectl -scenario plugin
//
// isolation, fleet and watch have simulated clusters, in this process. The other ways
// are this same program, started again as "bench worker NAME".
// A count that is not what the control plane was loaded with ends the run: a
// benchmark of a wrong count is worth nothing. README.md says what the columns
// mean.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdin, os.Stdout)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
		os.Exit(0) // the flags have been printed
	case err != nil:
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdin io.Reader, stdout io.Writer) error {
	if len(args) > 0 && args[0] == "worker" {
		return work(ctx, args[1:], stdin, stdout)
	}
	cfg, err := parseFlags(args)
	if err != nil {
		return err
	}
	switch cfg.scenario {
	case scenarioNodes:
		return nodesSide(ctx, cfg, stdout)
	case scenarioIsolation:
		return isolation(ctx, cfg, stdout)
	case scenarioGrowth:
		return growth(ctx, cfg, stdout)
	case scenarioFleet:
		return fleet(ctx, cfg, stdout)
	case scenarioPlugin:
		return commandLines(ctx, cfg, stdout)
	case scenarioWatch:
		return follow(ctx, cfg, stdout)
	case scenarioHour:
		return hour(ctx, cfg, stdout)
	default:
		return bench(ctx, cfg, stdout)
	}
}
