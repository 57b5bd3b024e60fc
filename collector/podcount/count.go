package podcount

import (
	"context"
	"slices"
	"time"

	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/apimachinery/pkg/util/sets"
)

// count is one count under way, or suspended with its progress.
type count struct {
	observer Observer
	search   *search
	source   Source
	nodes    *walk
	pods     []*walk
	next     int     // index of the first of pods that is not complete
	renewed  []*walk // further walks over nodes, for pods on nodes that are not known
	known    *nodeSet
	exist    sets.Set[string] // namespaces without pods that do
	tally    *tally
	ledger   *ledger
	began    func(*walk) // called after each first page; may be nil
	told     positions   // by the streams of the start that was suspended
	bytes    int64
	refusals int // of credentials
	sight
	again   bool // its pods have been begun afresh, as they were torn
	started time.Time
	elapsed time.Duration // of earlier tries
}

// Count counts the cluster once, and publishes one complete Snapshot at its end. Its
// error is a *PageError when a page used up its attempts, or the context's own. Then
// nothing is published, but the complete pages are kept, and the next Count goes on
// from them while their continue token is young.
func (c *Counter) Count(ctx context.Context, observer Observer, publish func(*Snapshot)) error {
	if err := c.enter(ctx); err != nil {
		return err
	}
	defer c.leave()
	run := c.take(observer)
	if err := c.askFor(ctx, run, c.run); err != nil {
		return err
	}
	publish(c.snapshot(run))
	return nil
}

// take begins a count, or goes on with the suspended one if the server can be expected
// to know its token still. That one is no longer suspended then: should the count panic,
// its progress may be the cause.
func (c *Counter) take(observer Observer) *count {
	now, run := time.Now(), c.suspended
	if run == nil || Age(run.since(), now) > tokenLife {
		c.nodes.begin(now)
		c.pods.begin(now)
		run = &count{started: now, search: c.forms.begin(now), ledger: c.account.open(), exist: sets.New[string]()}
		run.known, run.tally = newNodeSet(run.ledger), newTally(run.ledger)
		run.known.labels = c.cfg.Nodes.labels()
		run.nodes = newWalk(run.ledger, c.cfg.Nodes.listing(), c.nodes, run.known)
		run.pods = c.podWalks(run)
		if c.forms.looking(run.search) { // a refusal is not taken for one of the size
			c.pods.size = c.pods.known
		}
	}
	c.suspended = nil
	return run.goOn(observer)
}

// goOn has an observer see what comes of the count from now on, with credentials that may
// differ from those so far.
func (n *count) goOn(observer Observer) *count {
	n.observer, n.refusals = observer, 0
	return n
}

// askFor runs walks, which ask for the pages of a count. If that fails, the count is
// suspended.
func (c *Counter) askFor(ctx context.Context, run *count, walks func(context.Context, *count) error) error {
	start := time.Now()
	err := walks(ctx, run)
	// Counts are minutes apart, and many load balancers drop an idle connection
	// without a sign: the next count would begin with a failure.
	utilnet.CloseIdleConnectionsFor(c.client.Transport)
	run.elapsed += time.Since(start)
	if err != nil {
		if s := run.search; s.at != s.first { // it has found no form
			s.empty = false // the next count is to find that again
			run.afresh(s.first)
		}
		c.suspended = run
	}
	return err
}

// since is the time from which the count ages: that of its token and of its complete
// pages.
func (n *count) since() time.Time {
	walks := slices.Concat([]*walk{n.nodes}, n.pods, n.renewed)
	return slices.MaxFunc(walks, func(a, b *walk) int { return a.tokenAt.Compare(b.tokenAt) }).tokenAt
}

func (c *Counter) run(ctx context.Context, run *count) error {
	if err := c.pages(ctx, run); err != nil || run.denied() || c.cfg.Nodes.some() && !run.stale() {
		return err
	}
	return c.renew(ctx, run)
}

// stale says whether the list of nodes is too old for the pods.
func (n *count) stale() bool { return Age(n.nodes.began, n.pods[len(n.pods)-1].began) > nodesLife }

// pages walks over the nodes, and then over the pods.
func (c *Counter) pages(ctx context.Context, run *count) error {
	if err := c.walk(ctx, run.nodes, run); err != nil {
		return err
	}
	run.observer.Started(len(run.known.nodes))
	for run.next < len(run.pods) {
		if err := c.countNext(ctx, run); err != nil {
			return err
		}
	}
	return nil
}

// denied says whether the nodes may not be listed. To refuse a look-up does not mean that.
func (n *count) denied() bool {
	return n.nodes.dispensed || slices.ContainsFunc(n.renewed, func(w *walk) bool { return w.dispensed && !w.lookup() })
}

// sight is what the pages of pods since the latest failure show. After one, the server may be
// behind another proxy, so pages that have come before it say nothing of those after it.
type sight struct {
	came bool // there were any, of rows without objects, which a proxy may hide
	seen bool // there were pods
	torn bool // before a failure, there were only pages without pods
}

// failed is what is left after a failure, unless that says nothing of what is hidden.
func (s sight) failed(harmless bool) sight {
	if harmless {
		return s
	}
	return sight{torn: s.torn || s.came && !s.seen}
}

// noteSource notes how the pods are listed, as a page of them shows. If a count has no pods
// at all, or none up to a failure or after one, another form may have some. If there are some
// after all, the same form is tried again before that, once: rows may be hidden no more.
func (c *Counter) noteSource(run *count, w *walk, doc document) {
	run.came, run.seen = run.search.include == "None", run.seen || doc.rows > 0
	end := w.token == "" && w == run.pods[len(run.pods)-1]
	torn := run.torn && run.seen
	if torn && !run.again {
		run.again = true
		run.afresh(run.search.at)
		return
	}
	if torn || end && !run.seen {
		if other, doubtful := c.forms.doubts(run.search); doubtful {
			run.afresh(other)
			return
		}
	}
	if !run.search.ended && (run.seen || end) {
		c.forms.found(run.search, run.seen, time.Now())
		run.source = run.search.source
	}
	if doc.listed == "items" && run.search.include != "" {
		run.source = SourceList // in answer to a request for a Table
	}
}

// maxLookups is how many nodes are looked up by name at most. For more, listing all
// nodes is less work.
const maxLookups = 10

// maxGone is how many nodes that do not exist are remembered at most.
const maxGone = 1000

// nodesLife is how much older than the pods the list of nodes may be. A suspended
// count may start its pods afresh when its list of nodes is minutes old.
const nodesLife = time.Minute

// renew lists the nodes again when their list is old. Otherwise it asks for those that have
// pods and are not known, as a node that joined during the count would be missing; not for
// those that an earlier count did not find.
func (c *Counter) renew(ctx context.Context, run *count) error {
	if run.renewed == nil {
		run.renewed = c.lookups(run)
	}
	for i := 0; i < len(run.renewed); i++ {
		w := run.renewed[i]
		if err := c.walk(ctx, w, run); err != nil || run.denied() { // the list is another Counter's
			return err
		}
		if w.dispensed {
			run.renewed, i = c.allNodes(run), -1
		}
	}
	c.gone = nil
	if names := run.unknownNames(); len(names) <= maxGone {
		c.gone = sets.New(names...)
	}
	return nil
}

func (c *Counter) lookups(run *count) []*walk {
	names := slices.DeleteFunc(run.unknownNames(), c.gone.Has)
	if run.stale() || len(names) > maxLookups {
		return c.allNodes(run)
	}
	var walks []*walk
	for _, name := range names {
		w := newWalk(run.ledger, nodeListing("metadata.name="+name), c.nodes, run.known)
		w.subject = lookups
		walks = append(walks, w)
	}
	return walks
}

func (c *Counter) allNodes(run *count) []*walk {
	run.known.restart()
	return []*walk{newWalk(run.ledger, c.cfg.Nodes.listing(), c.nodes, run.known)}
}
