package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"
)

// nodesSide compares the two sides of one count of the exporter: the bytes of
// its node pages, which grow with the nodes and their images, and those of its
// pod pages.
func nodesSide(ctx context.Context, cfg config, stdout io.Writer) error {
	var rows []sides
	for _, pods := range cfg.pods {
		err := onControlplane(ctx, cfg, pods, func(plane *controlplane, dir string) error {
			r := &runner{contenders: contenders(cfg.exporter, dir)[:1], kubeconfig: plane.kubeconfig(), truth: plane.truth}
			sent, err := r.transfers(ctx, dir)
			rows = append(rows, sides{active: plane.truth.active(), transfer: sent[ours]})
			return err
		})
		if err != nil {
			return err
		}
	}
	fmt.Fprintf(stdout, "%d nodes with %d images each, seed %d\n\n", cfg.nodes, cfg.images, cfg.seed)
	return writeSides(stdout, rows)
}

// sides is one line of the table.
type sides struct {
	active int // pods
	transfer
}

func writeSides(w io.Writer, rows []sides) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "active pods\tnode side\tpod side\tnodes / pods\t")
	for _, r := range rows {
		fmt.Fprintf(t, "%d\t%s\t%s\t%.3f\t\n", r.active, megabytes(r.nodes), megabytes(r.pods), ratio(r.nodes, r.pods))
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	return nil
}
