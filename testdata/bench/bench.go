package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"time"
)

// The contenders' names.
const (
	ours       = "ours"
	guide      = "guide"
	guidePlain = "guide-plain"
	protobuf   = "protobuf"
	floor      = "drain"
)

// bench measures all contenders on each size of cluster.
func bench(ctx context.Context, cfg config, stdout io.Writer) error {
	for _, pods := range cfg.pods {
		err := onControlplane(ctx, cfg, pods, func(plane *controlplane, dir string) error {
			return benchOne(ctx, cfg, plane, dir, stdout)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func benchOne(ctx context.Context, cfg config, plane *controlplane, dir string, stdout io.Writer) error {
	r := &runner{
		contenders: contenders(cfg.exporter, dir), kubeconfig: plane.kubeconfig(), serverPID: plane.pid(),
		truth: plane.truth, runs: cfg.runs, counts: cfg.counts,
		settle: settle(cfg.settle), cpu: cpuTime, rss: peakRSS,
	}
	sent, err := r.transfers(ctx, dir)
	if err != nil {
		return err
	}
	samples, err := r.all(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "%d nodes, %d active pods, seed %d; %d cores; medians of %d processes with %d counts each\n\n",
		len(plane.truth.Nodes), plane.truth.active(), cfg.seed, runtime.NumCPU(), cfg.runs, cfg.counts)
	rows := summarize(r.contenders, samples, sent)
	return errors.Join(writeTable(stdout, rows), writeRatios(stdout, rows), writeAims(stdout, aims(rows)))
}

// onControlplane runs do on a control plane of its own, which is gone after.
func onControlplane(ctx context.Context, cfg config, pods int, do func(plane *controlplane, dir string) error) (err error) {
	dir, err := os.MkdirTemp("", "bench-")
	if err != nil {
		return fmt.Errorf("making a folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	plane, err := startControlplane(ctx, cfg, dir, pods)
	if err != nil {
		return err
	}
	defer plane.stop()
	return do(plane, dir)
}

// contenders in the order of each round: the exporter and right after it drain,
// which asks for the pages that the exporter asked for.
func contenders(binary, dir string) []contender {
	all := []contender{counterOf(binary, dir)}
	for _, name := range []string{floor, guide, guidePlain, protobuf} {
		all = append(all, contender{name: name, drops: name == floor,
			start: func(ctx context.Context, kubeconfig string) (started, error) {
				w, err := startWorker(ctx, name, kubeconfig)
				if err != nil {
					return started{}, err
				}
				return started{counter: w, pid: w.pid(), stop: w.stop}, nil
			}})
	}
	return all
}

// counterOf is the exporter with these flags besides.
func counterOf(binary, dir string, flags ...string) contender {
	return contender{name: ours, start: func(ctx context.Context, kubeconfig string) (started, error) {
		e, err := startCounter(ctx, binary, kubeconfig, dir, flags...)
		if err != nil {
			return started{}, err
		}
		return started{counter: e, pid: e.pid(), stop: e.stop}, nil
	}}
}

// settle lets the API server come to rest, so that what one contender has left to
// it is not put down to the next.
func settle(d time.Duration) func(context.Context) error {
	return func(ctx context.Context) error {
		select {
		case <-time.After(d):
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
