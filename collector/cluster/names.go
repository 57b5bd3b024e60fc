package cluster

import (
	"fmt"
	"path/filepath"
	"strings"
	"unicode/utf8"
)

// NameSources are the values of Options.NameFrom.
func NameSources() []string { return []string{"context", "cluster", "file", "file/context"} }

// nameOf is the value of the label "cluster" for a context of a file.
func (o Options) nameOf(path, context, cluster string) string {
	file := filepath.Base(path)
	for _, extension := range strings.Fields(".yaml .yml .json .conf .config .kubeconfig") {
		file = strings.TrimSuffix(file, extension)
	}
	switch {
	case o.Name != "":
		return o.Name
	case o.NameFrom == "cluster":
		return cluster
	case o.NameFrom == "file":
		return file
	case o.NameFrom == "file/context":
		return file + "/" + context
	}
	return context
}

// settleNames gives each name to one cluster, as two would have the same series:
// the one that has had it, so that a newcomer hurts nobody. When there is no such
// one, nobody can tell which is meant, and none is counted.
func (l *Loader) settleNames(loaded *Loaded) {
	groups := make(map[string][]Cluster)
	var order []string
	for _, c := range loaded.Clusters {
		name := c.Name
		if !utf8.ValidString(name) {
			c.Name = strings.ToValidUTF8(name, "\uFFFD")
			c.Fault = fmt.Errorf("%s: the cluster's name %q is not valid UTF-8", c.Source, name)
		}
		if len(groups[c.Name]) == 0 {
			order = append(order, c.Name)
		}
		groups[c.Name] = append(groups[c.Name], c)
	}
	owners := make(map[string]string)
	loaded.Clusters = nil
	for _, name := range order {
		c := l.settle(loaded, name, groups[name])
		loaded.Clusters = append(loaded.Clusters, c)
		if c.Fault == nil || l.owners[name] == c.Source {
			owners[name] = c.Source
		}
	}
	l.owners = owners
}

func (l *Loader) settle(loaded *Loaded, name string, group []Cluster) Cluster {
	owner := -1
	for i, c := range group {
		if c.Source == l.owners[name] {
			owner = i
		}
	}
	switch {
	case len(group) == 1:
		return group[0]
	case owner < 0:
		c := group[0]
		c.Fault = l.clash(name, group[0], group[1], len(group))
		loaded.Nameless += len(group) - 1
		return c
	}
	for i, c := range group {
		if i != owner {
			loaded.Problems = append(loaded.Problems, l.clash(name, group[owner], c, len(group)))
			loaded.Nameless++
		}
	}
	return group[owner]
}

func (l *Loader) clash(name string, one, other Cluster, all int) error {
	if l.opts.Name != "" {
		return fmt.Errorf("--kubernetes.cluster-name=%q names one cluster, but there are %d: %s and %s", name, all, one.Source, other.Source)
	}
	return fmt.Errorf("two clusters are named %q: %s and %s (--kubernetes.cluster-name-from=file/context may tell them apart)", name, one.Source, other.Source)
}
