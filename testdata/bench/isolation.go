package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/kube-node-manager/pod_count_exporter/internal/kubesim"
)

// How the clusters of the scenario isolation are bad.
const (
	blackHoles  = 5 // that take requests and never answer
	slugs       = 5 // whose pages take slugLatency
	badClusters = blackHoles + slugs

	slugLatency = 10 * time.Second
	// goodLatency is that of the others, for an API server some way off.
	goodLatency = 20 * time.Millisecond
)

// How an exporter is scraped there. A short TTL makes many counts.
const (
	isolationTTL     = 20 * time.Second
	isolationScrape  = 5 * time.Second
	isolationTimeout = 4 * time.Second
	isolationWarmUp  = 30 * time.Second
)

// isolation runs two exporters on the same simulated clusters at the same time:
// one has only the good ones, the other the bad ones besides.
func isolation(ctx context.Context, cfg config, stdout io.Writer) error {
	return onSims(ctx, func(s *sims, dir string) error {
		good, err := addMixed(s, cfg)
		if err != nil {
			return err
		}
		alone, err := startPatrol(ctx, s, cfg, dir, good, good)
		if err != nil {
			return err
		}
		defer alone.exporter.stop()
		among, err := startPatrol(ctx, s, cfg, dir, good, cfg.clusters)
		if err != nil {
			return err
		}
		defer among.exporter.stop()
		if err := errors.Join(both(ctx, isolationWarmUp, alone, among)...); err != nil {
			return err
		}
		alone.forget()
		among.forget()
		if err := errors.Join(both(ctx, cfg.duration, alone, among)...); err != nil {
			return err
		}
		fmt.Fprintf(stdout, "%d clusters of %d nodes and %d pods, %d more that never answer and %d with pages of %s; TTL %s, a scrape each %s for %s; %d cores\n\n",
			good, cfg.nodes, cfg.pods[0], blackHoles, slugs, slugLatency, isolationTTL, isolationScrape, cfg.duration, runtime.NumCPU())
		return writeIsolation(stdout, alone, among)
	})
}

// onSims runs do with simulated clusters to add to, and a folder.
func onSims(ctx context.Context, do func(s *sims, dir string) error) (err error) {
	dir, err := os.MkdirTemp("", "bench-")
	if err != nil {
		return fmt.Errorf("making a folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	s, err := startSims(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	return do(s, dir)
}

// addMixed adds the good clusters first, and says how many they are.
func addMixed(s *sims, cfg config) (good int, err error) {
	good = cfg.clusters - badClusters
	for i := range cfg.clusters {
		c := kubesim.Config{Nodes: cfg.nodes, Pods: cfg.pods[0], ImagesPerNode: cfg.images, Seed: cfg.seed + uint64(i)}
		c.Latency = func(int, int) time.Duration { return goodLatency }
		name := fmt.Sprintf("good-%03d", i)
		switch {
		case i >= good+blackHoles:
			name = fmt.Sprintf("slow-%03d", i)
			c.Latency = func(int, int) time.Duration { return slugLatency }
		case i >= good:
			name = fmt.Sprintf("hole-%03d", i)
			c.Intercept = func(http.Handler) http.Handler {
				return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
			}
		}
		if err := s.add(name, c); err != nil {
			return 0, err
		}
	}
	return good, nil
}

// startPatrol starts an exporter on the first n clusters, of which the first
// good ones are to be looked at.
func startPatrol(ctx context.Context, s *sims, cfg config, dir string, good, n int) (*patrol, error) {
	kubeconfig, err := s.kubeconfig(dir, n)
	if err != nil {
		return nil, err
	}
	e, err := startExporter(ctx, cfg.exporter, filepath.Join(dir, fmt.Sprintf("exporter-%d.log", n)),
		"--kubeconfig="+kubeconfig, "--kubernetes.all-contexts", "--collector.cache-ttl="+isolationTTL.String())
	if err != nil {
		return nil, err
	}
	return &patrol{exporter: e, well: s.clusters[:good], timeout: isolationTimeout}, nil
}

// both scrapes the exporters side by side.
func both(ctx context.Context, total time.Duration, patrols ...*patrol) []error {
	errs := make([]error, len(patrols))
	var done sync.WaitGroup
	for i, p := range patrols {
		done.Go(func() { errs[i] = every(ctx, isolationScrape, total, p.scrape) })
	}
	done.Wait()
	return errs
}

func writeIsolation(w io.Writer, alone, among *patrol) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "good clusters\talone\tamong bad ones\tratio\t")
	for _, line := range []struct {
		name  string
		value func(*patrol) time.Duration
	}{
		{"age of snapshots, median", func(p *patrol) time.Duration { return quantile(p.ages, 0.5) }},
		{"age of snapshots, 95 %", func(p *patrol) time.Duration { return quantile(p.ages, 0.95) }},
		{"age of snapshots, greatest", func(p *patrol) time.Duration { return quantile(p.ages, 1) }},
		{"scrape, median", func(p *patrol) time.Duration { return quantile(p.took, 0.5) }},
		{"scrape, longest", func(p *patrol) time.Duration { return quantile(p.took, 1) }},
	} {
		a, b := line.value(alone), line.value(among)
		fmt.Fprintf(t, "%s\t%.2f s\t%.2f s\t%.2f\t\n", line.name, a.Seconds(), b.Seconds(), ratio(b, a))
	}
	fmt.Fprintf(t, "scrapes complete and in time\t%d of %d\t%d of %d\t\t\n", alone.complete, alone.scrapes, among.complete, among.scrapes)
	if err := t.Flush(); err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	return nil
}

// quantile is the value that a share q of the values does not exceed; 0 of none.
func quantile(values []time.Duration, q float64) time.Duration {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}
