package main

import (
	"fmt"
	"slices"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
)

// missingError is a node that was asked for by name and is not shown.
type missingError struct{ node, reason, advice string }

// Error names the node and says why.
func (e *missingError) Error() string { return fmt.Sprintf("node %q: %s", e.node, e.reason) }

// missing tells of the nodes that were asked for by name and are nowhere.
func (o *options) missing(results []*result) []error {
	var errs []error
	for _, name := range o.pages.Nodes.Names {
		counted, found, hidden := 0, false, false
		for _, r := range results {
			if r.snapshot == nil {
				continue
			}
			counted++
			hidden = hidden || r.snapshot.NodesForbidden
			found = found || slices.ContainsFunc(r.snapshot.Nodes, func(n podcount.Node) bool { return n.Name == name })
		}
		switch {
		case counted == 0 || found:
		case hidden:
			errs = append(errs, &missingError{name, "no active pod is on it; whether it exists is not known, as you may not list nodes", "kubectl auth can-i list nodes with the same --context, and ask for that right"})
		case o.pages.Nodes.Labels != "":
			errs = append(errs, &missingError{name, "not found among those of -l " + o.pages.Nodes.Labels, "kubectl get nodes --show-labels with the same --context, to see which labels it has"})
		default:
			errs = append(errs, &missingError{name, "not found", "kubectl get nodes with the same --context, to see their names"})
		}
	}
	return errs
}
