package cluster

import (
	"fmt"
	"slices"
	"strings"
)

// owner says who has a name: the context of a file, and its server.
type owner struct{ source, server string }

// is says whether a cluster is the one that has had the name.
func (o owner) is(c Cluster) bool { return o.source == c.Source }

// moved says whether a cluster is the owner in another file: it has the same server.
func (o owner) moved(c Cluster) bool { return o.server != "" && o.server == c.Server && c.Fault == nil }

// settleNames gives each name to one cluster, since two would have the same series.
// The cluster that has had the name keeps it, even while it cannot be used, so that a
// new one cannot disturb it. If none has had it, the only usable one gets it. If
// several are usable, nobody can tell which is meant, and none is counted.
func (l *Loader) settleNames(loaded *Loaded, all []Cluster) {
	groups := make(map[string][]Cluster)
	var order []string
	for _, c := range all {
		if fault := nameFault(c.Name); fault != nil {
			c.Fault = fmt.Errorf("%s: %w", c.Source, fault)
			c.Name = strings.ToValidUTF8(shortened(c.Name), "\uFFFD")
		}
		if len(groups[c.Name]) == 0 {
			order = append(order, c.Name)
		}
		if slices.ContainsFunc(groups[c.Name], func(other Cluster) bool { return other.Source == c.Source }) {
			continue // a file or a context that was given twice is one cluster
		}
		groups[c.Name] = append(groups[c.Name], c)
	}
	owners := make(map[string]owner)
	for _, name := range order {
		has, others := l.settle(groups[name])
		loaded.Clusters = append(loaded.Clusters, has)
		loaded.Nameless = append(loaded.Nameless, others...)
		switch before := l.owners[name]; {
		case before.is(has) && (has.Fault != nil || has.Server == ""):
			owners[name] = before
		case has.Fault == nil:
			owners[name] = owner{has.Source, has.Server}
		}
	}
	l.owners = owners
}

// settle separates the cluster that gets the name from the others that want it. A
// cluster's own fault is reported rather than that its name is taken.
func (l *Loader) settle(group []Cluster) (owner Cluster, others []Cluster) {
	if len(group) == 1 {
		return group[0], nil
	}
	usable := func(c Cluster) bool { return c.Fault == nil }
	had := l.owners[group[0].Name]
	at := slices.IndexFunc(group, had.is)
	if at < 0 {
		at = slices.IndexFunc(group, had.moved)
	}
	owned := at >= 0
	if !owned {
		at = max(0, slices.IndexFunc(group, usable))
	}
	owner, others = group[at], slices.Delete(slices.Clone(group), at, at+1)
	rival := slices.IndexFunc(others, usable)
	if rival < 0 && l.opts.Name != "" {
		rival = 0 // --kubernetes.cluster-name was meant for one cluster
	}
	for i, other := range others {
		if usable(other) {
			others[i].Fault = l.clash(owner, other, len(group))
		}
	}
	if !owned && usable(owner) && rival >= 0 {
		owner.Fault = l.clash(owner, others[rival], len(group))
	}
	return owner, others
}

func (l *Loader) clash(one, other Cluster, all int) error {
	if l.opts.Name != "" {
		return fmt.Errorf("--kubernetes.cluster-name=%q names one cluster, but there are %d: leave it out, or name them by --kubernetes.cluster-name-from", one.Name, all)
	}
	advice := ""
	if l.opts.NameFrom == "" || l.opts.NameFrom == NameSources()[0] {
		advice = " (--kubernetes.cluster-name-from=file/context can tell them apart)"
	}
	return fmt.Errorf("two clusters are named %q: %s and %s%s", one.Name, one.Source, other.Source, advice)
}
