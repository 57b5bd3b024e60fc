package podcount

import (
	"slices"
	"strings"
)

// unknownNames returns the names of nodes that do not exist and have pods.
func (n *count) unknownNames() []string {
	var names []string
	for _, name := range n.tally.list[1:] { // the first is that of pods without a node
		if _, exists := n.known.nodes[name]; !exists {
			names = append(names, name)
		}
	}
	return names
}

// snapshot makes the Snapshot of a complete count.
func (c *Counter) snapshot(n *count) *Snapshot {
	if n.denied() {
		for _, name := range n.unknownNames() {
			n.known.nodes[name] = Node{Name: name}
		}
	}
	c.account.keep(n.ledger)
	snapshot := c.figures(n)
	snapshot.Nodes = n.sortedNodes(len(c.cfg.Namespaces) > 0)
	for _, node := range snapshot.Nodes {
		if node.odd {
			snapshot.OddAllocatable++
		}
	}
	if c.cfg.Nodes.some() {
		snapshot.Nodes, snapshot.Selected = c.cfg.Nodes.of(snapshot.Nodes), true
		return &snapshot
	}
	snapshot.UnscheduledPods = n.tally.unscheduled()
	for _, name := range n.unknownNames() {
		snapshot.UnknownNodePods += n.tally.total[n.tally.index[name]]
	}
	return &snapshot
}

// figures returns everything of a complete count except its nodes and numbers of
// pods.
func (c *Counter) figures(n *count) Snapshot {
	last := n.pods[len(n.pods)-1]
	return Snapshot{
		Mode:            ModeList,
		Pages:           last.firstPage + last.page - 1,
		Bytes:           n.bytes,
		Duration:        n.elapsed,
		ResourceVersion: last.version,
		Source:          n.source,
		SourceRefused:   c.forms.why,
		NodesForbidden:  n.denied(),
		Consistent:      n.consistent(),
		Started:         n.started,
		Time:            last.tokenAt,
	}
}

// sortedNodes returns the nodes by name. It leaves out their allocatable pods when
// only some of their pods were counted: the share would be wrong.
func (n *count) sortedNodes(partial bool) []Node {
	nodes := make([]Node, 0, len(n.known.nodes))
	for name, node := range n.known.nodes {
		if i, counted := n.tally.index[name]; counted {
			node.ActivePods = n.tally.total[i]
		}
		if partial {
			node.AllocatablePods, node.HasAllocatable = 0, false
		}
		nodes = append(nodes, node)
	}
	slices.SortFunc(nodes, func(a, b Node) int { return strings.Compare(a.Name, b.Name) })
	return nodes
}

// consistent says whether all pages show the pods at one resourceVersion.
func (n *count) consistent() bool {
	return !n.mixed() && !slices.ContainsFunc(n.pods, func(w *walk) bool { return w.version != n.pods[0].version })
}
