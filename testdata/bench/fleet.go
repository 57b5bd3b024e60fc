package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"time"

	"github.com/kube-node-manager/pod_count_exporter/internal/kubesim"
)

// How the exporter of a fleet is scraped: as Prometheus does by default.
const (
	fleetScrape  = time.Minute
	fleetTimeout = 10 * time.Second
)

// fleet has one exporter with its default settings count very many clusters.
func fleet(ctx context.Context, cfg config, stdout io.Writer) error {
	return onSims(ctx, func(s *sims, dir string) error {
		for i := range cfg.clusters {
			err := s.add(fmt.Sprintf("cluster-%04d", i), kubesim.Config{
				Nodes: cfg.nodes, Pods: cfg.pods[0], Finished: cfg.pods[0] / 20, ImagesPerNode: cfg.images, Seed: cfg.seed + uint64(i),
			})
			if err != nil {
				return err
			}
		}
		kubeconfig, err := s.kubeconfig(dir, cfg.clusters)
		if err != nil {
			return err
		}
		began := time.Now()
		e, err := startExporter(ctx, cfg.exporter, filepath.Join(dir, "exporter.log"), "--kubeconfig="+kubeconfig, "--kubernetes.all-contexts")
		if err != nil {
			return err
		}
		defer e.stop()
		f := &fleetRun{patrol: &patrol{exporter: e, well: s.clusters, timeout: fleetTimeout}, listening: time.Since(began)}
		if err := f.measure(ctx, began, cfg.duration); err != nil {
			return err
		}
		fmt.Fprintf(stdout, "%d clusters of %d nodes and %d pods in one exporter with its default flags, a scrape each %s for %s; %d cores, shared with the simulated clusters\n\n",
			cfg.clusters, cfg.nodes, cfg.pods[0], fleetScrape, cfg.duration, runtime.NumCPU())
		return f.write(stdout)
	})
}

// fleetRun is what is measured of it.
type fleetRun struct {
	*patrol
	listening time.Duration // from the start until it listens
	round     time.Duration // from the start until every cluster was counted
	roundCPU  time.Duration
	perMinute time.Duration // CPU time, scrapes included, after the first round
	rss       int64         // peak
}

func (f *fleetRun) measure(ctx context.Context, began time.Time, total time.Duration) error {
	pid := f.exporter.pid()
	for f.complete == 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := f.scrape(ctx); err != nil {
			return err
		}
	}
	f.round = time.Since(began)
	var err error
	if f.roundCPU, err = cpuTime(pid); err != nil {
		return err
	}
	f.forget()
	from := time.Now()
	if err := every(ctx, fleetScrape, total, f.scrape); err != nil {
		return err
	}
	spent, err := cpuTime(pid)
	if err != nil {
		return err
	}
	f.perMinute = time.Duration(float64(spent-f.roundCPU) / time.Since(from).Minutes())
	f.rss, err = peakRSS(pid)
	return err
}

func (f *fleetRun) write(w io.Writer) error {
	_, err := fmt.Fprintf(w, `until it listens        %s
first count of all      %.1f s, %.1f s of CPU, scrapes included
CPU per minute          %.2f s, scrapes included
peak RSS                %s
scrape                  %d series, %s, compressed %s
scrape time             median %s, longest %s
scrapes complete        %d of %d, within %s
age of snapshots        greatest %.0f s
`,
		milliseconds(f.listening), f.round.Seconds(), f.roundCPU.Seconds(), f.perMinute.Seconds(), mebibytes(f.rss),
		f.last.series, megabytes(int64(f.last.bytes)), megabytes(int64(f.last.compressed)),
		milliseconds(quantile(f.took, 0.5)), milliseconds(quantile(f.took, 1)),
		f.complete, f.scrapes, f.timeout, quantile(f.ages, 1).Seconds())
	if err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	return nil
}
