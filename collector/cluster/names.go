package cluster

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"
)

// NameSources are the values of Options.NameFrom.
func NameSources() []string { return []string{"context", "cluster", "file", "file/context"} }

// nameOf is the value of the label "cluster" for a context of a file; the context's
// own name if the kubeconfig lacks the other.
func (o Options) nameOf(path, context, cluster string) string {
	switch {
	case o.Name != "":
		return o.Name
	case o.NameFrom == "cluster" && cluster != "":
		return cluster
	case o.NameFrom == "file" && path != "":
		return stem(path)
	case o.NameFrom == "file/context" && path != "":
		return stem(path) + "/" + context
	}
	return context
}

// stem is a file's name without the extensions that kubeconfigs have.
func stem(path string) string {
	name := filepath.Base(path)
	for _, extension := range strings.Fields(".yaml .yml .json .conf .config .kubeconfig") {
		if short := strings.TrimSuffix(name, extension); short != "" {
			name = short
		}
	}
	return name
}

// settleNames gives each name to one cluster, as two would have the same series:
// the one that has had it, so that a newcomer hurts nobody. When there is no such
// one, nobody can tell which is meant, and none is counted.
func (l *Loader) settleNames(loaded *Loaded, all []Cluster) {
	groups := make(map[string][]Cluster)
	var order []string
	for _, c := range all {
		if name := c.Name; !utf8.ValidString(name) {
			c.Name = strings.ToValidUTF8(name, "\uFFFD")
			c.Fault = fmt.Errorf("%s: the cluster's name %q is not valid UTF-8", c.Source, name)
		}
		if len(groups[c.Name]) == 0 {
			order = append(order, c.Name)
		}
		if slices.ContainsFunc(groups[c.Name], func(other Cluster) bool { return other.Source == c.Source }) {
			continue // a file or a context that was given twice is one cluster
		}
		groups[c.Name] = append(groups[c.Name], c)
	}
	owners := make(map[string]string)
	for _, name := range order {
		owner, others := l.settle(groups[name])
		loaded.Clusters = append(loaded.Clusters, owner)
		loaded.Nameless = append(loaded.Nameless, others...)
		if owner.Fault == nil || l.owners[name] == owner.Source {
			owners[name] = owner.Source
		}
	}
	l.owners = owners
}

// settle tells the cluster that has the name from the others that want it.
func (l *Loader) settle(group []Cluster) (owner Cluster, others []Cluster) {
	if len(group) == 1 {
		return group[0], nil
	}
	at := max(0, slices.IndexFunc(group, func(c Cluster) bool { return c.Source == l.owners[c.Name] }))
	owner, others = group[at], slices.Delete(slices.Clone(group), at, at+1)
	clash := l.clash(owner, others[0], len(group))
	if owner.Source != l.owners[owner.Name] {
		owner.Fault = clash
	}
	for i := range others {
		others[i].Fault = l.clash(owner, others[i], len(group))
	}
	return owner, others
}

func (l *Loader) clash(one, other Cluster, all int) error {
	if l.opts.Name != "" {
		return fmt.Errorf("--kubernetes.cluster-name=%q names one cluster, but there are %d: %s and %s", one.Name, all, one.Source, other.Source)
	}
	advice := ""
	if l.opts.NameFrom == "" || l.opts.NameFrom == NameSources()[0] {
		advice = " (--kubernetes.cluster-name-from=file/context can tell them apart)"
	}
	return fmt.Errorf("two clusters are named %q: %s and %s%s", one.Name, one.Source, other.Source, advice)
}
