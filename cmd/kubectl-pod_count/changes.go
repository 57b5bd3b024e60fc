package main

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
)

// changes writes a line for each node that changes, or with --summary for each
// cluster, below a line for each that there is.
type changes struct {
	fleet  *fleet
	widths []int                         // of the columns so far; nil before the first line
	last   map[string]*podcount.Snapshot // by the name of the cluster
	told   map[string]string             // what was said of it last
	asked  bool                          // what is wrong with the questions has been told
}

func newChanges(f *fleet) *changes {
	return &changes{fleet: f, last: make(map[string]*podcount.Snapshot), told: make(map[string]string)}
}

// show writes what is new in a picture.
func (c *changes) show(p picture) error {
	if !p.counting && !c.asked {
		c.asked = true
		for _, err := range p.problems {
			c.fleet.tellProblem(err)
		}
	}
	for _, s := range p.sights {
		c.tell(s)
		before := c.last[s.name]
		if s.snapshot == nil || s.snapshot == before {
			continue
		}
		c.last[s.name] = s.snapshot
		t := c.nodes(before, s)
		if c.fleet.opts.summary {
			t = c.sums(before, s)
		}
		if err := c.write(t, p.now); err != nil {
			return err
		}
	}
	return nil
}

// end has nothing to put right.
func (c *changes) end() error { return nil }

// tell says once what a cluster is like, and when that changes.
func (c *changes) tell(s *sight) {
	kind := fmt.Sprint(s.condition(), s.reason())
	before, again := c.told[s.name]
	if s.condition() == isCounting || kind == before {
		return
	}
	c.told[s.name] = kind
	switch {
	case s.condition() == isFailing:
		c.fleet.tellFailure(s.result)
	case again || s.condition() == isListed:
		c.fleet.tell("note: %s: %s", s.name, s.text())
	}
	if !again && s.snapshot != nil {
		for _, note := range c.fleet.opts.notes(s.result) {
			c.fleet.tell("note: %s: %s", s.name, note)
		}
	}
}

// write adds the time, and keeps the columns where they are.
func (c *changes) write(t *table, now time.Time) error {
	if len(t.lines) == 0 {
		return nil
	}
	t.head = append([]cell{left("TIME")}, t.head...)
	for i, line := range t.lines {
		t.lines[i] = append([]cell{left(now.UTC().Format(time.RFC3339))}, line...)
	}
	t.goesOn, t.least = c.widths != nil, c.widths
	c.widths = t.widths()
	return t.write(c.fleet.around.stdout, c.fleet.around.out)
}

// nodeChange is a node, and by how much it changed.
type nodeChange struct {
	row
	gone   bool
	change string // empty where there was nothing before
}

// nodes are those that changed since a snapshot, or all after none.
func (c *changes) nodes(before *podcount.Snapshot, s *sight) *table {
	o, several := c.fleet.opts, len(c.fleet.results) > 1
	t := o.nodesTable(nil, several, screen{})
	t.head = append(t.head, left("CHANGE"))
	for _, one := range o.changesOf(before, s) {
		line := o.nodesTable([]row{one.row}, several, screen{}).lines[0]
		if one.gone {
			for i := len(line) - 1; line[i].right; i-- { // all numbers
				line[i] = right(unknown)
			}
		}
		t.add(append(line, left(one.change))...)
	}
	return t
}

func (o *options) changesOf(before *podcount.Snapshot, s *sight) (all []nodeChange) {
	was := make(map[string]podcount.Node)
	if before != nil {
		for _, node := range before.Nodes {
			was[node.Name] = node
		}
	}
	hidden := s.snapshot.NodesForbidden // nodes without pods exist, and are not there
	for _, node := range s.snapshot.Nodes {
		old, there := was[node.Name]
		delete(was, node.Name)
		one := nodeChange{row: row{s.name, node}}
		shown := o.shows(one.row) || there && o.shows(row{s.name, old})
		switch {
		case there && old == node, !shown:
			continue
		case there || hidden && before != nil:
			one.change = fmt.Sprintf("%+d", node.ActivePods-old.ActivePods)
		case before != nil:
			one.change = "new"
		}
		all = append(all, one)
	}
	for _, old := range was {
		one := nodeChange{row: row{s.name, old}, gone: !hidden, change: "gone"}
		if !o.shows(one.row) {
			continue
		}
		if hidden {
			one.ActivePods, one.change = 0, fmt.Sprintf("%+d", -old.ActivePods)
		}
		all = append(all, one)
	}
	var rows []row
	for _, one := range all {
		rows = append(rows, one.row)
	}
	order := o.order(rows)
	slices.SortFunc(all, func(a, b nodeChange) int { return cmp.Or(cmp.Compare(btoi(a.gone), btoi(b.gone)), order(a.row, b.row)) })
	return all
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// sums is the line of a cluster whose sums changed since a snapshot.
func (c *changes) sums(before *podcount.Snapshot, s *sight) *table {
	o := c.fleet.opts
	t := o.totalsTable([]*result{s.result})
	t.head = append(t.head, left("CHANGE"))
	change := ""
	if before != nil {
		old := (&options{}).totalsTable([]*result{{name: s.name, snapshot: before}})
		if slices.Equal(old.lines[0], t.lines[0][:len(old.head)]) {
			return &table{}
		}
		change = fmt.Sprintf("%+d", s.snapshot.ActivePods()-before.ActivePods())
	}
	t.lines[0] = append(t.lines[0], left(change))
	return t
}
