package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"text/tabwriter"
	"time"
)

// levels are how many bad neighbours the good clusters have, one after the other.
func levels() []int { return []int{20, 60, 200} }

// How an exporter is scraped there. A short TTL makes many counts.
const (
	isolationTTL     = time.Minute
	isolationScrape  = 5 * time.Second
	isolationTimeout = 4 * time.Second
)

// What the good clusters may lose to bad ones.
const (
	maxOlder = 1.1 // greatest age of a snapshot, in TTLs or in those without neighbours
	maxFirst = 5   // seconds until all have been counted
)

// isolation runs two exporters on the same simulated clusters at the same time: one
// has only the good ones, the other bad ones besides, more at each level.
func isolation(ctx context.Context, cfg config, stdout io.Writer) error {
	return onSims(ctx, func(s *sims, dir string) error {
		if err := addGood(s, cfg); err != nil {
			return err
		}
		most := slices.Max(levels())
		if err := addNeighbours(s, cfg, most); err != nil {
			return err
		}
		var all []isolated
		for _, bad := range levels() {
			level, err := measureLevel(ctx, s, cfg, dir, bad)
			if err != nil {
				return fmt.Errorf("%d neighbours: %w", bad, err)
			}
			all = append(all, level)
		}
		fmt.Fprintf(stdout, "%d clusters of %d nodes and %d pods; neighbours: a third never answers, a third takes %s for a page, a third has pages without end; TTL %s, a scrape each %s for %s; %d cores, shared with the simulated clusters\n\n",
			cfg.clusters, cfg.nodes, cfg.pods[0], slowPage, isolationTTL, isolationScrape, cfg.duration, runtime.NumCPU())
		return errors.Join(writeIsolation(stdout, all), writeAims(stdout, isolationAims(all)))
	})
}

// isolated is one level: what two exporters showed of the same good clusters.
type isolated struct {
	bad          int
	alone, among *patrol
}

// measureLevel starts both exporters at once, so that the first counts of good and
// bad clusters begin together.
func measureLevel(ctx context.Context, s *sims, cfg config, dir string, bad int) (isolated, error) {
	alone, err := startPatrol(ctx, s, cfg, dir, cfg.clusters)
	if err != nil {
		return isolated{}, err
	}
	defer alone.exporter.stop()
	among, err := startPatrol(ctx, s, cfg, dir, cfg.clusters+bad)
	if err != nil {
		return isolated{}, err
	}
	defer among.exporter.stop()
	return isolated{bad, alone, among}, errors.Join(both(ctx, cfg.duration, alone, among)...)
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

// startPatrol starts an exporter on the first n clusters.
func startPatrol(ctx context.Context, s *sims, cfg config, dir string, n int) (*patrol, error) {
	kubeconfig, err := s.kubeconfig(dir, n)
	if err != nil {
		return nil, err
	}
	e, err := startExporter(ctx, cfg.exporter, filepath.Join(dir, fmt.Sprintf("exporter-%d.log", n)),
		"--kubeconfig="+kubeconfig, "--kubernetes.all-contexts", "--collector.cache-ttl="+isolationTTL.String())
	if err != nil {
		return nil, err
	}
	return &patrol{exporter: e, well: s.clusters[:cfg.clusters], timeout: isolationTimeout, started: time.Now()}, nil
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

// isolationAims compares each level with the greatest age of all exporters that were
// alone, or with the TTL: scrapes come 5 s apart, so alone that age is 55 s or 60 s, by
// chance.
func isolationAims(all []isolated) []aim {
	alone := isolationTTL
	for _, level := range all {
		alone = max(alone, quantile(level.alone.ages, 1))
	}
	var aims []aim
	for _, level := range all {
		aims = append(aims,
			aim{fmt.Sprintf("greatest age beside %d / alone", level.bad), ratio(quantile(level.among.ages, 1), alone), maxOlder, ""},
			aim{fmt.Sprintf("first count of all beside %d", level.bad), level.among.first().Seconds(), maxFirst, " s"})
	}
	return aims
}

func writeIsolation(w io.Writer, all []isolated) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "neighbours\tfirst count of all\tage, median\tage, greatest\tscrape, median\tscrape, longest\tscrapes complete and in time\t")
	for _, level := range all {
		writePatrol(t, "0", level.alone)
		writePatrol(t, strconv.Itoa(level.bad), level.among)
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	return nil
}

func writePatrol(w io.Writer, name string, p *patrol) {
	fmt.Fprintf(w, "%s\t%.2f s\t%.1f s\t%.1f s\t%.2f s\t%.2f s\t%d of %d\t\n", name, p.first().Seconds(),
		quantile(p.ages, 0.5).Seconds(), quantile(p.ages, 1).Seconds(), quantile(p.took, 0.5).Seconds(), quantile(p.took, 1).Seconds(),
		p.complete, p.scrapes)
}

// quantile is the value that a share q of the values does not exceed; 0 of none.
func quantile(values []time.Duration, q float64) time.Duration {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}
