package main

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// aim is a bound that the exporter is meant to keep.
type aim struct {
	what  string
	value float64 // measured, in the unit of bound
	bound float64 // the most it may be
	unit  string
}

func (a aim) met() bool { return a.value <= a.bound }

// maxRSS is the aim for the whole exporter, in MiB.
const maxRSS = 32

// aims compares the rows with what the exporter is meant to reach. A contender
// that was left out has no aims.
func aims(rows []row) []aim {
	us, err := find(rows, ours)
	if err != nil {
		return nil
	}
	var all []aim
	for _, name := range []string{guide, guidePlain} {
		if other, err := find(rows, name); err == nil {
			all = append(all,
				aim{"bytes / " + name, ratio(us.total(), other.total()), 1.0 / 40, ""},
				aim{"API server CPU / " + name, ratio(us.server, other.server), 1.0 / 6, ""},
				aim{"own CPU / " + name, ratio(us.own, other.own), 1.0 / 10, ""})
		}
	}
	if lowest, err := find(rows, floor); err == nil {
		all = append(all, aim{"wall / " + floor, ratio(us.wall, lowest.wall), 1.15, ""})
	}
	return append(all, aim{"peak RSS", float64(us.rss) / (1 << 20), maxRSS, " MiB"})
}

// writeAims prints them. One that is missed is news, not a failure.
func writeAims(w io.Writer, all []aim) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "\naim\tat most\tmeasured\t")
	for _, a := range all {
		verdict := "met"
		if !a.met() {
			verdict = "MISSED"
		}
		fmt.Fprintf(t, "%s\t%.3f%s\t%.3f%s\t%s\n", a.what, a.bound, a.unit, a.value, a.unit, verdict)
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	return nil
}
