package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strconv"
	"text/tabwriter"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

// maxGrowth is the most that a count of a fresh exporter may cost, in those of the
// best fixed size.
const maxGrowth = 1.5

// growth measures the first count of exporters that have just started, and do not
// know the cluster, against counts in pages of one size: from the API server's
// cache, and from etcd as before Kubernetes 1.34.
func growth(ctx context.Context, cfg config, stdout io.Writer) error {
	for _, source := range []struct{ name, gates string }{{"cache", ""}, {"etcd", "ListFromCacheSnapshot=false"}} {
		cfg.gates = source.gates
		err := onControlplane(ctx, cfg, cfg.pods[0], func(plane *controlplane, dir string) error {
			g, err := measureGrowth(ctx, cfg, plane, dir)
			if err != nil {
				return err
			}
			fmt.Fprintf(stdout, "%d active pods from %s, seed %d; %d cores; %d fresh starts, and as many counts in pages of each fixed size\n\n",
				plane.truth.active(), source.name, cfg.seed, runtime.NumCPU(), cfg.runs)
			return errors.Join(g.write(stdout), writeAims(stdout, g.aims()))
		})
		if err != nil {
			return err
		}
		fmt.Fprintln(stdout)
	}
	return nil
}

// fixedPages are the counts in pages of one size.
type fixedPages struct {
	rows    int
	samples []sample
}

// grown are the samples of one source.
type grown struct {
	fresh []sample
	fixed []fixedPages
}

// measureGrowth takes turns, so that a machine that gets slower does so for all.
func measureGrowth(ctx context.Context, cfg config, plane *controlplane, dir string) (grown, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	churned := make(chan error, 1)
	go func() { churned <- churn(ctx, plane.kubeconfig()) }()
	r := &runner{
		kubeconfig: plane.kubeconfig(), serverPID: plane.pid(), truth: plane.truth, runs: cfg.runs, counts: 1,
		settle: settle(cfg.settle), cpu: cpuTime, rss: peakRSS,
	}
	var g grown
	for _, rows := range []int{500, 1000, 2000, 5000, 10_000} {
		g.fixed = append(g.fixed, fixedPages{rows: rows})
	}
	err := g.measure(ctx, r, cfg.exporter, dir)
	cancel()
	return g, errors.Join(err, <-churned)
}

func (g *grown) measure(ctx context.Context, r *runner, binary, dir string) error {
	one := func(flags ...string) (sample, error) {
		return r.one(ctx, counterOf(binary, dir, flags...), make([]tally, r.counts))
	}
	if _, err := one(); err != nil { // the API server is warm after it
		return err
	}
	for range r.runs {
		s, err := one()
		if err != nil {
			return err
		}
		g.fresh = append(g.fresh, s)
		for i := range g.fixed {
			f := &g.fixed[i]
			s, err := one("--collector.page-size="+strconv.Itoa(f.rows), "--collector.max-page-size="+strconv.Itoa(f.rows))
			if err != nil {
				return fmt.Errorf("pages of %d: %w", f.rows, err)
			}
			f.samples = append(f.samples, s)
		}
	}
	return nil
}

// churn changes a pod each second until ctx ends: the snapshots in the cache of an
// API server without any change go with etcd's compaction, and pages come from
// etcd then.
func churn(ctx context.Context, kubeconfig string) error {
	cfg, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return fmt.Errorf("churn: %w", err)
	}
	client, err := kubernetes.NewForConfig(cfg)
	if err != nil {
		return fmt.Errorf("churn: %w", err)
	}
	list, err := client.CoreV1().Pods(metav1.NamespaceAll).List(ctx, metav1.ListOptions{Limit: 1})
	if err != nil {
		return fmt.Errorf("churn: %w", err)
	}
	pod := list.Items[0]
	for i := 0; settle(time.Second)(ctx) == nil; i++ {
		label := fmt.Appendf(nil, `{"metadata":{"labels":{"churn":"%d"}}}`, i)
		_, err := client.CoreV1().Pods(pod.Namespace).Patch(ctx, pod.Name, types.MergePatchType, label, metav1.PatchOptions{})
		if err != nil && ctx.Err() == nil {
			return fmt.Errorf("churn: %w", err)
		}
	}
	return nil
}

func wallOf(s sample) time.Duration   { return s.took }
func serverOf(s sample) time.Duration { return s.server }

// worst is the greatest of the fresh starts, and of the fixed size with the least
// median. Both are of as many counts: what disturbs the server disturbs each of them
// as often.
func (g *grown) worst(field func(sample) time.Duration) (fresh, fixed time.Duration) {
	best := slices.MinFunc(g.fixed, func(a, b fixedPages) int {
		return cmp.Compare(medianOf(a.samples, field), medianOf(b.samples, field))
	})
	return quantile(durations(g.fresh, field), 1), quantile(durations(best.samples, field), 1)
}

func durations(samples []sample, field func(sample) time.Duration) []time.Duration {
	var all []time.Duration
	for _, s := range samples {
		all = append(all, field(s))
	}
	return all
}

func (g *grown) aims() []aim {
	fresh, fixed := g.worst(wallOf)
	freshCPU, fixedCPU := g.worst(serverOf)
	return []aim{
		{"worst count / worst of the best fixed size", ratio(fresh, fixed), maxGrowth, ""},
		{"worst API server CPU / worst of the best fixed size", ratio(freshCPU, fixedCPU), maxGrowth, ""},
	}
}

func (g *grown) write(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "rows per page\tcount\tworst\tAPI server CPU\tworst\tpages\tmost\t")
	for _, f := range g.fixed {
		writeGrown(t, strconv.Itoa(f.rows), f.samples)
	}
	writeGrown(t, "grown", g.fresh)
	if err := t.Flush(); err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	return nil
}

// writeGrown prints medians, each beside the worst.
func writeGrown(w io.Writer, name string, samples []sample) {
	fmt.Fprintf(w, "%s\t", name)
	for _, field := range []func(sample) time.Duration{wallOf, serverOf} {
		fmt.Fprintf(w, "%s\t%s\t", milliseconds(medianOf(samples, field)), milliseconds(quantile(durations(samples, field), 1)))
	}
	pages := pagesOf(samples)
	fmt.Fprintf(w, "%d\t%d\t\n", median(pages), slices.Max(pages))
}

func pagesOf(samples []sample) []int64 {
	var all []int64
	for _, s := range samples {
		all = append(all, int64(s.pages))
	}
	return all
}
