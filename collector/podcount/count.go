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
	pods     []*walk
	tallies  []*tally // of the walks over pods
	renewed  []*walk  // nodes again, when pods name nodes that are not known
	known    *nodeSet
	denied   bool   // the nodes may not be listed
	tally    *tally // of all walks over pods, once they are complete
	bytes    int64
	started  time.Time
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
	c.aside = nil // also when the count panics: its progress may be what it panicked over
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
	return run.snapshot(), nil
}

// begin takes up the count that was set aside if the server can be expected to
// know its token still.
func (c *Counter) begin(now time.Time) *count {
	if aside := c.aside; aside != nil && now.Sub(aside.since()) <= c.cfg.TokenLife {
		return aside
	}
	run := &count{started: now}
	run.nodes = newWalk(nodeListing(), c.nodes, run.openNodes)
	run.pods, run.tallies = c.podWalks()
	return run
}

// since is the time from which the count ages: its token, and what its complete
// pages say.
func (n *count) since() time.Time {
	var latest time.Time
	for _, w := range slices.Concat([]*walk{n.nodes}, n.pods, n.renewed) {
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

func (c *Counter) run(ctx context.Context, run *count) error {
	if err := c.listNodes(ctx, run); err != nil {
		return err
	}
	run.observer.Started(len(run.known.nodes))
	for i, w := range run.pods {
		if i > 0 {
			w.follow(run.pods[i-1])
		}
		if err := c.walk(ctx, w, run); err != nil {
			return err
		}
	}
	run.tally = merge(run.tallies)
	if run.denied {
		return nil
	}
	return c.withNodes(run, c.renew(ctx, run))
}

// listNodes walks over the nodes, unless the count does without.
func (c *Counter) listNodes(ctx context.Context, run *count) error {
	if run.denied = run.denied || c.nodesDenied(time.Now()); run.denied {
		return nil
	}
	return c.withNodes(run, c.walk(ctx, run.nodes, run))
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
	if n.denied {
		for _, name := range n.unknownNames() {
			n.known.nodes[name] = Node{Name: name}
		}
	}
	nodes := make([]Node, 0, len(n.known.nodes))
	for name, node := range n.known.nodes {
		if i, counted := n.tally.index[name]; counted {
			node.ActivePods = n.tally.total[i]
		}
		nodes = append(nodes, node)
	}
	slices.SortFunc(nodes, func(a, b Node) int { return strings.Compare(a.Name, b.Name) })
	last := n.pods[len(n.pods)-1]
	return &Snapshot{
		Nodes:           nodes,
		UnscheduledPods: n.tally.unscheduled,
		UnknownNodePods: n.unknownPods(),
		Pages:           last.firstPage + last.page - 1,
		Bytes:           n.bytes,
		Duration:        n.elapsed,
		ResourceVersion: last.version,
		NodesForbidden:  n.denied,
		Consistent:      n.consistent(),
		Started:         n.started,
		Time:            time.Now(),
	}
}

// consistent says whether all pages show the pods at one resourceVersion.
func (n *count) consistent() bool {
	for _, w := range n.pods {
		if w.inconsistent || w.version != n.pods[0].version {
			return false
		}
	}
	return true
}
