package collector

import (
	"context"
)

// Member is a cluster to count.
type Member struct {
	Name string // the value of the label "cluster"; unique
	// Server tells one API server from another: all that decides where a request
	// ends up. A snapshot outlives a change of credentials, but not one of this: it
	// may be of another cluster.
	Server  string
	Counter Counter
}

// cluster is a Member with everything that is kept and served of it.
type cluster struct {
	name    string
	member  Member
	metrics *clusterMetrics
	cache   *cache
	cancel  context.CancelFunc // ends its counts
}

func (c *Collector) newCluster(m Member) *cluster {
	ctx, cancel := context.WithCancel(c.ctx)
	own := c.metrics.forCluster(m.Name)
	book := newJournal(c.logger, m.Name, own)
	return &cluster{
		name: m.Name, member: m, metrics: own, cancel: cancel,
		cache: &cache{
			ctx: ctx, opts: c.opts, counter: m.Counter, running: &c.counts,
			journal: book, progress: progress{next: book},
		},
	}
}

// Set makes members the clusters that there are. One whose Counter is the same
// as before goes on as it was; one with another Counter for the same server
// keeps its snapshot and its outcome, and a running count goes on with the new
// Counter; the counts of the others end, and what is not a member any more loses
// its series. Nothing is asked of a new one before Warm or the first scrape.
func (c *Collector) Set(members ...Member) {
	c.mu.Lock()
	defer c.mu.Unlock()
	next := make(map[string]*cluster, len(members))
	for _, m := range members {
		next[m.Name] = c.successor(c.clusters[m.Name], m)
	}
	for name, old := range c.clusters {
		if next[name] == old {
			continue
		}
		old.cancel()
		if next[name] == nil {
			c.metrics.forget(name)
		}
	}
	c.clusters = next
}

func (c *Collector) successor(old *cluster, m Member) *cluster {
	switch {
	case old == nil:
		return c.newCluster(m)
	case old.member.Counter == m.Counter:
	case old.member.Server == m.Server:
		old.cache.replace(m.Counter)
	default:
		return c.newCluster(m)
	}
	old.member = m
	return old
}
