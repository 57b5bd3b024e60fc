package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/kube-node-manager/pod_count_exporter/internal/kubesim"
)

const (
	// mostInformed is the most pods that informers are given: they keep each one, and
	// a million would not fit.
	mostInformed = 100_000
	// binds is how many pods are bound, one after the other, to see how soon each is
	// served.
	binds = 200
	// bindPause is up to how long there is between two of them.
	bindPause = 300 * time.Millisecond
	// bindPoll is how often the metrics are asked for meanwhile.
	bindPoll = 10 * time.Millisecond
	// startLimit is how long a start may take.
	startLimit = 5 * time.Minute
)

// follow has the exporter follow clusters of several sizes, each beside informers
// that do, and measures memory and the time from a binding to its number.
func follow(ctx context.Context, cfg config, stdout io.Writer) error {
	fmt.Fprintf(stdout, "watch mode on %d nodes; %d bindings one after the other; %d cores, shared with the simulated cluster\n\n", cfg.nodes, binds, runtime.NumCPU())
	table := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "pods\tours, peak RSS\tinformer\tof metadata\tfrom bind to /metrics: median\tp99\tlongest\t")
	var rows []followed
	for _, pods := range cfg.pods {
		row, err := followOne(ctx, cfg, pods)
		if err != nil {
			return err
		}
		rows = append(rows, row)
		fmt.Fprintf(table, "%d\t%s\t%s\t%s\t%s\t%s\t%s\t\n", pods, mebibytes(row.ours), orNone(row.informer), orNone(row.metadata),
			milliseconds(quantile(row.took, 0.5)), milliseconds(quantile(row.took, 0.99)), milliseconds(quantile(row.took, 1)))
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	return writeAims(stdout, followAims(rows))
}

const (
	// maxFlat is the most memory of any size of cluster, by the least: no pod is kept.
	maxFlat = 1.10
	// maxBindP99 is the 99th percentile of the seconds from a binding to its number.
	maxBindP99 = 1
)

func followAims(rows []followed) []aim {
	var all []aim
	var least, most int64
	for _, row := range rows {
		if least == 0 || row.ours < least {
			least = row.ours
		}
		most = max(most, row.ours)
		all = append(all, aim{fmt.Sprintf("from bind to /metrics at %d pods, p99", row.pods), quantile(row.took, 0.99).Seconds(), maxBindP99, " s"})
	}
	if len(rows) > 1 {
		all = append(all, aim{"greatest peak RSS / least", ratio(most, least), maxFlat, ""})
	}
	return all
}

func orNone(bytes int64) string {
	if bytes == 0 {
		return "not run"
	}
	return mebibytes(bytes)
}

// followed is what one size of cluster gave.
type followed struct {
	pods                     int
	ours, informer, metadata int64 // peak RSS; 0 when it was not run
	took                     []time.Duration
}

func followOne(ctx context.Context, cfg config, pods int) (row followed, err error) {
	err = onSims(ctx, func(s *sims, dir string) error {
		err := s.add("one", kubesim.Config{Nodes: cfg.nodes, Pods: pods, ImagesPerNode: cfg.images, Seed: cfg.seed})
		if err != nil {
			return err
		}
		kubeconfig, err := s.kubeconfig(dir, 1)
		if err != nil {
			return err
		}
		if row, err = followBy(ctx, cfg, dir, kubeconfig, s.clusters[0]); err != nil {
			return err
		}
		if row.pods = pods; pods > mostInformed {
			return nil
		}
		if row.informer, err = informedMemory(ctx, "informer", kubeconfig); err != nil {
			return err
		}
		row.metadata, err = informedMemory(ctx, "informer-metadata", kubeconfig)
		return err
	})
	return row, err
}

func followBy(ctx context.Context, cfg config, dir, kubeconfig string, c sim) (row followed, err error) {
	e, err := startExporter(ctx, cfg.exporter, filepath.Join(dir, "exporter.log"), "--kubeconfig="+kubeconfig, "--collector.mode=watch")
	if err != nil {
		return row, err
	}
	defer e.stop()
	if err := e.until(ctx, startLimit, `pod_count_mode_info{cluster="one",mode="watch"} 1`); err != nil {
		return row, err
	}
	random := rand.New(rand.NewPCG(cfg.seed, 1))
	names := c.server.NodeNames()
	for range binds {
		node := names[random.IntN(len(names))]
		c.truth.Pods[node]++
		began := time.Now()
		c.server.CreatePod(node)
		line := `node_active_pods{cluster="one",node="` + node + `"} ` + strconv.Itoa(c.truth.Pods[node])
		if err := e.until(ctx, time.Minute, line); err != nil {
			return row, err
		}
		row.took = append(row.took, time.Since(began))
		if err := settle(time.Duration(random.Int64N(int64(bindPause))))(ctx); err != nil {
			return row, err
		}
	}
	row.ours, err = peakRSS(e.pid())
	return row, err
}

// until asks for the metrics until they have the line.
func (e *exporter) until(ctx context.Context, limit time.Duration, line string) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		body, err := e.scrape(ctx)
		switch {
		case ctx.Err() != nil:
			return fmt.Errorf("waiting for %s: %w", line, context.Cause(ctx))
		case err != nil:
			return err
		case strings.Contains(string(body), line+"\n"):
			return nil
		}
		if err := settle(bindPoll)(ctx); err != nil {
			return fmt.Errorf("waiting for %s: %w", line, err)
		}
	}
}

// informedMemory is the peak of a process that keeps a cluster in an informer.
func informedMemory(ctx context.Context, name, kubeconfig string) (int64, error) {
	w, err := startWorker(ctx, name, kubeconfig)
	if err != nil {
		return 0, err
	}
	defer w.stop()
	if _, err := w.count(ctx, nil); err != nil {
		return 0, err
	}
	return peakRSS(w.pid())
}
