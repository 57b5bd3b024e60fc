package main

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"
)

// row is a contender's line in the table: medians over its processes.
type row struct {
	name string
	sample
	transfer
}

// summarize makes a row for each contender, in their order.
func summarize(contenders []contender, samples map[string][]sample, sent map[string]transfer) []row {
	rows := make([]row, len(contenders))
	for i, c := range contenders {
		all := samples[c.name]
		rows[i] = row{name: c.name, transfer: sent[c.name], sample: sample{
			wall:   medianOf(all, func(s sample) time.Duration { return s.wall }),
			took:   medianOf(all, func(s sample) time.Duration { return s.took }),
			own:    medianOf(all, func(s sample) time.Duration { return s.own }),
			server: medianOf(all, func(s sample) time.Duration { return s.server }),
			first:  medianOf(all, func(s sample) time.Duration { return s.first }),
			rss:    medianOf(all, func(s sample) int64 { return s.rss }),
		}}
	}
	return rows
}

func medianOf[S any, T ~int64](samples []S, field func(S) T) T {
	values := make([]T, len(samples))
	for i, s := range samples {
		values[i] = field(s)
	}
	return median(values)
}

// median is the middle value, or the mean of the two in the middle; 0 of none.
func median[T ~int64](values []T) T {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	low, high := sorted[(len(sorted)-1)/2], sorted[len(sorted)/2]
	return (low + high) / 2
}

func writeTable(w io.Writer, rows []row) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "contender\twall\tbytes\town CPU\tAPI server CPU\tpeak RSS\tCPU from start\t")
	for _, r := range rows {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t\n", r.name, milliseconds(r.wall), megabytes(r.total()),
			milliseconds(r.own), milliseconds(r.server), mebibytes(r.rss), milliseconds(r.first))
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	for _, r := range rows {
		if r.took > 0 {
			fmt.Fprintf(w, "\n%s: the count without the scrape around it took %s\n", r.name, milliseconds(r.took))
		}
	}
	return nil
}

// writeRatios prints every figure of the table as a multiple of the exporter's.
func writeRatios(w io.Writer, rows []row) error {
	base, err := find(rows, ours)
	if err != nil {
		return err
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "\ntimes ours\twall\tbytes\town CPU\tAPI server CPU\tpeak RSS\tCPU from start\t")
	for _, r := range rows {
		fmt.Fprintf(t, "%s\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f\t\n", r.name, ratio(r.wall, base.wall), ratio(r.total(), base.total()),
			ratio(r.own, base.own), ratio(r.server, base.server), ratio(r.rss, base.rss), ratio(r.first, base.first))
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	return nil
}

// find fails only if a contender was left out.
func find(rows []row, name string) (row, error) {
	i := slices.IndexFunc(rows, func(r row) bool { return r.name == name })
	if i < 0 {
		return row{}, fmt.Errorf("no measurement of %s", name)
	}
	return rows[i], nil
}

// ratio is 0 when there is nothing to compare with.
func ratio[T ~int64](a, b T) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}

func milliseconds(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d)/1e6) }

func megabytes(n int64) string { return fmt.Sprintf("%.3f MB", float64(n)/1e6) }

func mebibytes(n int64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }
