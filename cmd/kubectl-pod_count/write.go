package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/kube-node-manager/pod_count_exporter/collector"
	"github.com/kube-node-manager/pod_count_exporter/collector/store"
)

// write writes the results in the format of --output.
func (o *options) write(w io.Writer, to screen, results []*result) error {
	if o.output == asTable || o.output == asWide {
		return o.writeTables(w, to, results)
	}
	var text bytes.Buffer
	if err := o.encode(&text, results); err != nil {
		return fmt.Errorf("writing --output=%s: %w", o.output, err)
	}
	if !to.terminal {
		_, err := text.WriteTo(w)
		return err
	}
	// JSON and YAML print some characters as they are, and the format of the metrics
	// nearly all.
	for line := range strings.Lines(text.String()) {
		if _, err := fmt.Fprintln(w, printable(strings.TrimSuffix(line, "\n"))); err != nil {
			return err
		}
	}
	return nil
}

// encode writes what programs read.
func (o *options) encode(w io.Writer, results []*result) error {
	switch o.output {
	case asJSON:
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		encoder.SetEscapeHTML(false)
		return encoder.Encode(o.document(results))
	case asYAML:
		text, err := yaml.Marshal(o.document(results))
		if err == nil {
			_, err = w.Write(text)
		}
		return err
	default:
		var views []store.View
		for _, r := range results {
			views = append(views, r.view())
		}
		return collector.WriteText(w, views)
	}
}

// writeTables writes what people read; nothing when there is no node.
func (o *options) writeTables(w io.Writer, to screen, results []*result) error {
	if nodesOf(results) == 0 && !slices.ContainsFunc(results, unscheduledOnly) {
		return nil
	}
	rows := o.rows(results)
	if !o.summary && len(rows) > 0 {
		if err := o.nodesTable(rows, len(results) > 1, to).write(w, to); err != nil {
			return err
		}
		fmt.Fprintln(w)
	}
	if o.minPercent > 0 {
		fmt.Fprintf(w, "%s\n\n", o.howMany(rows, results))
	}
	totals := o.totalsTable(results)
	write := totals.write
	if to.terminal && !totals.squeeze(to.width, clusterColumn) {
		write = o.totalsTable(results).writeUpright // whose names have more room
	}
	if err := write(w, to); err != nil || !o.summary {
		return err
	}
	return writeFullness(w, to, rows)
}

// howMany says how many of the nodes are shown.
func (o *options) howMany(rows []row, results []*result) string {
	return fmt.Sprintf("%d of %s %s %d%% full or more.", len(rows), plural(nodesOf(results), "node"), isOrAre(len(rows)), o.minPercent)
}

func isOrAre(nodes int) string {
	if nodes == 1 {
		return "is"
	}
	return "are"
}

// unscheduledOnly says of a cluster without nodes that there is something to tell.
func unscheduledOnly(r *result) bool {
	return r.snapshot != nil && r.snapshot.UnscheduledPods+r.snapshot.UnknownNodePods > 0
}

func nodesOf(results []*result) (sum int) {
	for _, r := range results {
		if r.snapshot != nil {
			sum += len(r.snapshot.Nodes)
		}
	}
	return sum
}

// The columns that a bar takes, if there are as many left.
const (
	maxBar = 40
	minBar = 8
)

// nodesTable has a line for each node. On a terminal names are cut to what the other
// columns leave; in a pipe they are whole. The bar comes last, and takes the columns
// that are left.
func (o *options) nodesTable(rows []row, several bool, to screen) *table {
	free := o.showFree || o.output == asWide
	t := &table{}
	if several {
		t.head = append(t.head, left("CLUSTER"))
	}
	t.head = append(t.head, left("NODE"), right("ACTIVE"), right("ALLOCATABLE"))
	if free {
		t.head = append(t.head, right("FREE"))
	}
	t.head = append(t.head, right("USED"))
	for _, r := range rows {
		var line []cell
		if several {
			line = append(line, left(r.cluster))
		}
		line = append(line, left(r.Name), right(fmt.Sprint(r.ActivePods)), number(known(r.AllocatablePods, r.HasAllocatable)))
		if free {
			line = append(line, number(known(r.free())))
		}
		t.add(append(line, percentCell(known(r.percent())))...)
	}
	switch {
	case to.terminal && several:
		t.squeeze(to.width, clusterColumn, clusterColumn+1)
	case to.terminal:
		t.squeeze(to.width, 0)
	}
	addBars(t, rows, to.width)
	return t
}

// known is nil for what is not.
func known[T any](n T, known bool) *T {
	if !known {
		return nil
	}
	return &n
}

func addBars(t *table, rows []row, width int) {
	room := min(maxBar, width-t.width()-len(t.gap()))
	if room < minBar || !slices.ContainsFunc(rows, func(r row) bool { _, known := r.full(); return known }) {
		return
	}
	t.head = append(t.head, left(""))
	for i, r := range rows {
		share, _ := r.full() // 0 when it is not known: no bar
		percent, _ := r.percent()
		c := left(bar(min(1, share), room))
		c.colour = colourOf(percent)
		t.lines[i] = append(t.lines[i], c)
	}
}
