package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"text/tabwriter"
	"time"
)

const (
	// abreast is how many exporters of one mode run at the same time: what the API
	// server does for one is less than what its own work varies by.
	abreast = 8
	// cacheTTL is the exporter's default, and auditEvery that of watch mode.
	cacheTTL, auditEvery = 5 * time.Minute, 30 * time.Minute
	// replaced is the part of the pods that an hour replaces.
	replaced = 0.1
	// scrapeEvery is a usual scrape interval.
	scrapeEvery = 30 * time.Second
)

// mode is a way to run the exporter for an hour of a cluster's life.
type mode struct {
	name  string
	count int // exporters
	flags []string
}

// hourModes are nobody, for what the API server does anyway, and both modes. squeeze is
// by how much the hour is shorter than an hour.
func hourModes(squeeze float64) []mode {
	short := func(d time.Duration) string { return time.Duration(float64(d) / squeeze).String() }
	return []mode{
		{"nobody", 0, nil},
		{"list", abreast, []string{"--collector.cache-ttl=" + short(cacheTTL)}},
		{"watch", abreast, []string{"--collector.cache-ttl=" + short(cacheTTL), "--collector.mode=watch", "--watch.audit-interval=" + short(auditEvery)}},
	}
}

// spent is what an hour cost.
type spent struct {
	server  time.Duration // CPU of API server and etcd
	own     time.Duration // CPU of one exporter
	bytes   int64         // of the API server's answers to one
	rss     int64         // most memory of one
	changes int           // pods that were replaced
}

// hour has exporters of each mode, in turn, follow the same cluster through an hour of
// its life, in which a tenth of its pods are replaced. All but streams' own ends and
// bookmarks, which are few, is as much sooner as the hour is shorter.
func hour(ctx context.Context, cfg config, stdout io.Writer) error {
	for _, pods := range cfg.pods {
		err := onControlplane(ctx, cfg, pods, func(plane *controlplane, dir string) error {
			return hourOn(ctx, cfg, plane, dir, stdout)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func hourOn(ctx context.Context, cfg config, plane *controlplane, dir string, stdout io.Writer) error {
	modes := hourModes(time.Hour.Seconds() / cfg.duration.Seconds())
	all := map[string][]spent{}
	for range cfg.runs {
		for _, m := range modes {
			if err := settle(cfg.settle)(ctx); err != nil {
				return err
			}
			s, err := m.live(ctx, cfg, plane, dir)
			if err != nil {
				return fmt.Errorf("%s: %w", m.name, err)
			}
			all[m.name] = append(all[m.name], s)
		}
	}
	fmt.Fprintf(stdout, "%d nodes, %d active pods, seed %d; %d cores; an hour in %s, in which %d pods are replaced; %d exporters abreast; medians of %d\n\n",
		len(plane.truth.Nodes), plane.truth.active(), cfg.seed, runtime.NumCPU(), cfg.duration, all["nobody"][0].changes, abreast, cfg.runs)
	if err := writeHours(stdout, modes, all); err != nil {
		return err
	}
	return writeMissing(stdout, cfg.duration)
}

// live is one such hour.
func (m mode) live(ctx context.Context, cfg config, plane *controlplane, dir string) (s spent, err error) {
	var exporters []*exporter
	for i := range m.count {
		flags := append([]string{"--kubeconfig=" + plane.kubeconfig(), "--kubernetes.cluster-name=one"}, m.flags...)
		e, err := startExporter(ctx, cfg.exporter, filepath.Join(dir, fmt.Sprint("exporter-", i, ".log")), flags...)
		if err != nil {
			return s, err
		}
		defer e.stop()
		if err := e.until(ctx, startLimit, `pod_count_mode_info{cluster="one",mode="`+m.name+`"} 1`); err != nil {
			return s, err
		}
		exporters = append(exporters, e)
	}
	r, err := newReplacer(ctx, plane.kubeconfig())
	if err != nil {
		return s, err
	}
	before, err := m.meter(ctx, plane, exporters)
	if err != nil {
		return s, err
	}
	if s.changes, err = m.pass(ctx, cfg, r, exporters); err != nil {
		return s, err
	}
	after, err := m.meter(ctx, plane, exporters)
	if err != nil {
		return s, err
	}
	s.server, s.rss = after.server-before.server, after.rss
	if m.count > 0 {
		s.own, s.bytes = (after.own-before.own)/time.Duration(m.count), (after.bytes-before.bytes)/int64(m.count)
	}
	return s, nil
}

// pass replaces pods and scrapes until the hour is over.
func (m mode) pass(ctx context.Context, cfg config, r *replacer, exporters []*exporter) (changes int, err error) {
	ctx, cancel := context.WithTimeout(ctx, cfg.duration)
	defer cancel()
	scraped := make(chan error, 1)
	go func() {
		every := time.NewTicker(time.Duration(float64(scrapeEvery) * cfg.duration.Hours()))
		defer every.Stop()
		for {
			select {
			case <-ctx.Done():
				scraped <- nil
				return
			case <-every.C:
			}
			for _, e := range exporters {
				if _, err := e.scrape(ctx); err != nil && ctx.Err() == nil {
					scraped <- err
					return
				}
			}
		}
	}()
	changes, err = r.replace(ctx, replaced, cfg.duration)
	return changes, errors.Join(err, <-scraped)
}

// meter reads all meters. Memory and bytes are those of all exporters.
func (m mode) meter(ctx context.Context, plane *controlplane, exporters []*exporter) (s spent, err error) {
	if s.server, err = cpuTime(plane.pid()); err != nil {
		return s, err
	}
	for _, e := range exporters {
		own, err := cpuTime(e.pid())
		if err != nil {
			return s, err
		}
		rss, err := peakRSS(e.pid())
		if err != nil {
			return s, err
		}
		bytes, err := e.received(ctx)
		if err != nil {
			return s, err
		}
		s.own, s.rss, s.bytes = s.own+own, max(s.rss, rss), s.bytes+bytes
	}
	return s, nil
}

// writeHours prints what one exporter cost. The server's part is what its CPU differs by
// from an hour without exporters.
func writeHours(w io.Writer, modes []mode, all map[string][]spent) error {
	server := func(m mode) time.Duration {
		return medianOf(all[m.name], func(s spent) time.Duration { return s.server })
	}
	base := server(modes[0])
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "mode\tAPI server CPU for it\tbeside the changes\tbytes\town CPU\tpeak RSS\t")
	for _, m := range modes[1:] {
		own := (server(m) - base) / time.Duration(m.count)
		fmt.Fprintf(t, "%s\t%s\t%.2f %%\t%s\t%s\t%s\t\n", m.name, milliseconds(own), 100*ratio(own, base),
			megabytes(medianOf(all[m.name], func(s spent) int64 { return s.bytes })),
			milliseconds(medianOf(all[m.name], func(s spent) time.Duration { return s.own })),
			mebibytes(medianOf(all[m.name], func(s spent) int64 { return s.rss })))
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	_, err := fmt.Fprintf(w, "\nthe changes themselves: %s of the API server's CPU\n", milliseconds(base))
	return err
}

const (
	// bookmarkEvery is how often kube-apiserver sends a bookmark, and reopenedEvery how
	// often the exporter opens a stream anew, in the middle of its five to ten minutes.
	bookmarkEvery, reopenedEvery = time.Minute, 450 * time.Second
)

// writeMissing says what the figures are not: those of an hour by the clock. They are the
// sums over the shorter time, with nothing multiplied.
func writeMissing(w io.Writer, passed time.Duration) error {
	if passed >= time.Hour {
		return nil
	}
	_, err := fmt.Fprintf(w, "\nsums over %s, in which pods, counts, audits and scrapes are as many as in an hour; nothing is multiplied."+
		"\nBy the clock an hour would have more: %d bookmarks and %d ends of each stream, not %d and %d,"+
		"\nand what exporters and API server take when nothing happens. Changes are %.0f times as dense, so watch mode shows more of them at once.\n",
		passed, time.Hour/bookmarkEvery, time.Hour/reopenedEvery, passed/bookmarkEvery, passed/reopenedEvery, time.Hour.Seconds()/passed.Seconds())
	return err
}
