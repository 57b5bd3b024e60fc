package podcount

import (
	"context"
	"slices"
	"strings"
	"time"

	utilnet "k8s.io/apimachinery/pkg/util/net"
)

// count is one count under way, or set aside with its progress.
type count struct {
	observer Observer
	nodes    *walk
	pods     *walk
	renewed  []*walk // nodes again, when pods name nodes that are not known
	known    *nodeSet
	tally    *tally
	bytes    int64
	elapsed  time.Duration // of earlier tries
}

// Count counts the cluster once and returns a complete Snapshot. An error is a
// *PageError when a page used up its attempts, or the context's own; then no
// part of the count is given out, but its complete pages are kept, and the next
// Count goes on from them while their continue token is young.
func (c *Counter) Count(ctx context.Context, observer Observer) (*Snapshot, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	start := time.Now()
	run := c.begin(start)
	run.observer = observer
	err := c.run(ctx, run)
	// Counts are minutes apart, and many a load balancer drops an idle
	// connection silently: the next count would begin with a failure.
	utilnet.CloseIdleConnectionsFor(c.client.Transport)
	run.elapsed += time.Since(start)
	if err != nil {
		c.aside = run
		return nil, err
	}
	c.aside = nil
	return run.snapshot(), nil
}

// begin takes up the count that was set aside if the server can be expected to
// know its token still.
func (c *Counter) begin(now time.Time) *count {
	if aside := c.aside; aside != nil && now.Sub(aside.since()) <= c.cfg.TokenLife {
		return aside
	}
	run := &count{}
	run.nodes = newWalk(nodeListing(), c.nodes, run.openNodes)
	run.pods = newWalk(podListing(), c.pods, run.openPods)
	return run
}

// since is the time from which the count ages: its token, and what its complete
// pages say.
func (n *count) since() time.Time {
	var latest time.Time
	for _, w := range append([]*walk{n.nodes, n.pods}, n.renewed...) {
		if w.tokenAt.After(latest) {
			latest = w.tokenAt
		}
	}
	return latest
}

func (n *count) openNodes() (target, content) {
	n.known = newNodeSet()
	return n.known, content{item: nodeItem(n.known)}
}

// moreNodes adds to the nodes that are known.
func (n *count) moreNodes() (target, content) {
	return n.known, content{item: nodeItem(n.known)}
}

func (n *count) openPods() (target, content) {
	n.tally = newTally()
	rows := &table{count: n.tally}
	return n.tally, content{columns: rows.definitions, row: rows.row, item: podItem(n.tally)}
}

func (c *Counter) run(ctx context.Context, run *count) error {
	if err := c.walk(ctx, run.nodes, run); err != nil {
		return err
	}
	run.observer.Started(len(run.known.nodes))
	if err := c.walk(ctx, run.pods, run); err != nil {
		return err
	}
	return c.renew(ctx, run)
}

// maxLookups is up to how many nodes are asked for by name; for more, listing all
// of them is less work.
const maxLookups = 10

// renew asks again for the nodes that pods are on and that are not known: one
// that joined while the pods were counted would be missing. Nodes that an
// earlier count looked for in vain are not looked for again.
func (c *Counter) renew(ctx context.Context, run *count) error {
	if run.renewed == nil {
		run.renewed = c.lookups(run)
	}
	for _, w := range run.renewed {
		if err := c.walk(ctx, w, run); err != nil {
			return err
		}
	}
	c.gone = make(map[string]bool)
	for _, name := range run.unknownNames() {
		c.gone[name] = true
	}
	return nil
}

func (c *Counter) lookups(run *count) []*walk {
	names := slices.DeleteFunc(run.unknownNames(), func(name string) bool { return c.gone[name] })
	if len(names) > maxLookups {
		return []*walk{newWalk(nodeListing(), c.nodes, run.openNodes)}
	}
	var walks []*walk
	for _, name := range names {
		one := nodeListing()
		one.selector = "metadata.name=" + name
		walks = append(walks, newWalk(one, c.nodes, run.moreNodes))
	}
	return walks
}

// unknownNames are the nodes that do not exist, and hold pods.
func (n *count) unknownNames() []string {
	var names []string
	for i, name := range n.tally.names {
		if _, exists := n.known.nodes[name]; !exists && n.tally.total[i] > 0 {
			names = append(names, name)
		}
	}
	return names
}

func (n *count) unknownPods() int {
	sum := 0
	for _, name := range n.unknownNames() {
		sum += n.tally.total[n.tally.index[name]]
	}
	return sum
}

func (n *count) snapshot() *Snapshot {
	nodes := make([]Node, 0, len(n.known.nodes))
	for name, node := range n.known.nodes {
		if i, counted := n.tally.index[name]; counted {
			node.ActivePods = n.tally.total[i]
		}
		nodes = append(nodes, node)
	}
	slices.SortFunc(nodes, func(a, b Node) int { return strings.Compare(a.Name, b.Name) })
	return &Snapshot{
		Nodes:           nodes,
		UnscheduledPods: n.tally.unscheduled,
		UnknownNodePods: n.unknownPods(),
		Pages:           n.pods.page - 1,
		Bytes:           n.bytes,
		Duration:        n.elapsed,
		ResourceVersion: n.pods.version,
		Consistent:      !n.pods.inconsistent,
		Time:            time.Now(),
	}
}
