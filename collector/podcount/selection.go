package podcount

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/validation"
)

// Selection says which nodes to count. The zero value is all of them.
type Selection struct {
	// Names are exact. For a single name the server is asked for that node and its
	// pods only, for several names for all nodes and pods.
	Names []string
	// Labels is a selector as kubectl takes it. The server applies it to the nodes.
	// It cannot select their pods that way, so all pods are counted.
	Labels string
}

// some says whether nodes are selected.
func (s Selection) some() bool { return len(s.Names) > 0 || s.Labels != "" }

// check returns an error that names the field and the invalid value.
func (s Selection) check() error {
	if err := checkNames(s.Names, validation.IsDNS1123Subdomain); err != nil {
		return fmt.Errorf("Names: %w", err)
	}
	if _, err := labels.Parse(s.Labels); err != nil {
		return fmt.Errorf("Labels: %q: %w", s.Labels, err)
	}
	return nil
}

// selector selects by a field with the node's name, if there is exactly one node. A valid
// name has no character with a meaning in a selector.
func (s Selection) selector(field string) string {
	if len(s.Names) != 1 {
		return ""
	}
	return field + "=" + s.Names[0]
}

// labels is nil where all labels are selected.
func (s Selection) labels() labels.Selector {
	selector, err := labels.Parse(s.Labels)
	if err != nil || selector.Empty() { // it has been checked
		return nil
	}
	return selector
}

func (s Selection) listing() listing {
	nodes := nodeListing(s.selector("metadata.name"))
	nodes.labels = s.Labels
	return nodes
}

// of returns the nodes whose names are selected.
func (s Selection) of(nodes []Node) []Node {
	if len(s.Names) == 0 {
		return nodes
	}
	return slices.DeleteFunc(nodes, func(node Node) bool { return !slices.Contains(s.Names, node.Name) })
}
