package main

import (
	"errors"
	"strings"
)

// validate finds values that cannot be, or not together. Its errors name the
// flags.
func (o *options) validate() error {
	o.pages.MaxPageSize = max(o.pages.MaxPageSize, o.pages.PageSize)
	if err := o.pages.Validate(); err != nil {
		return inFlags(err)
	}
	ofNamespaces, noNodes := len(o.pages.Namespaces) > 0, o.summary || o.output == asProm
	switch {
	case o.clusters.AllContexts && len(o.clusters.Contexts) > 0:
		return errors.New("--all-contexts and --context cannot be given together")
	case o.minPercent > 0 && ofNamespaces:
		return errors.New("--min-percent: how full a node is cannot be known with --namespace, which leaves out the other pods on it")
	case (o.sortBy == byPercent || o.sortBy == byFree) && ofNamespaces:
		return errors.New("--sort-by=" + o.sortBy + ": is not known with --namespace, which leaves out the other pods of a node")
	case o.minPercent > 0 && noNodes:
		return errors.New("--min-percent: chooses among nodes that are shown, and has no use with --summary or --output=prom")
	case o.sortBy != "" && noNodes:
		return errors.New("--sort-by: orders nodes that are shown, and has no use with --summary or --output=prom")
	case o.summary && o.output == asProm:
		return errors.New("--summary: is no form of --output=prom, whose metrics can be summed up")
	case o.watch && o.output != asTable && o.output != asWide:
		return errors.New("--watch: goes on without end, and has no use with --output=" + o.output + ", which is one whole document")
	case o.showFree && o.output != asTable:
		return errors.New("--show-free: adds a column to the table; all other formats have it anyway, or what it is made of")
	}
	return nil
}

// inFlags names flags in place of the fields that they set.
func inFlags(err error) error {
	return errors.New(strings.NewReplacer(
		"PageSize=", "--page-size=", "PageTimeout=", "--page-timeout=", "Namespaces:", "--namespace:",
		"Nodes.Names:", "node", "Nodes.Labels: ", "--selector=",
	).Replace(err.Error()))
}

// inOwnFlags puts this program's flags in the place of the exporter's, which the
// loader of kubeconfigs advises to use.
func inOwnFlags(text string) string {
	return strings.NewReplacer(
		"--kubernetes.context", "--context", "--kubernetes.all-contexts", "--all-contexts",
		" (--kubernetes.cluster-name-from=file/context can tell them apart)", "; give one file",
	).Replace(text)
}
