package podcount

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/validation"
)

// Selection says which nodes to count. The zero value is all of them.
type Selection struct {
	// Names are exact. One is all that the server is asked for, its pods included;
	// of several, it is asked for all nodes and pods.
	Names []string
	// Labels is a selector as kubectl takes it, which the server applies to the
	// nodes. It knows no such thing for their pods, so those are all counted.
	Labels string
}

// some says whether it is not all.
func (s Selection) some() bool { return len(s.Names) > 0 || s.Labels != "" }

// check names the field and the value that cannot be.
func (s Selection) check() error {
	for i, name := range s.Names {
		if faults := validation.IsDNS1123Subdomain(name); len(faults) > 0 {
			return fmt.Errorf("Names: %q: %s", name, strings.Join(faults, "; "))
		}
		if slices.Contains(s.Names[:i], name) {
			return fmt.Errorf("Names: %q is given twice", name)
		}
	}
	if _, err := labels.Parse(s.Labels); err != nil {
		return fmt.Errorf("Labels: %q: %w", s.Labels, err)
	}
	return nil
}

// only is the one name there is, or empty. It holds nothing that a selector
// would take for a sign of its own.
func (s Selection) only() string {
	if len(s.Names) != 1 {
		return ""
	}
	return s.Names[0]
}

func (s Selection) listing() listing {
	selector := ""
	if name := s.only(); name != "" {
		selector = "metadata.name=" + name
	}
	nodes := nodeListing(selector)
	nodes.labels = s.Labels
	return nodes
}

// podFields selects the pods of one node.
func (s Selection) podFields() string {
	if name := s.only(); name != "" {
		return "spec.nodeName=" + name
	}
	return ""
}

// of leaves out the nodes of other names.
func (s Selection) of(nodes []Node) []Node {
	if len(s.Names) == 0 {
		return nodes
	}
	return slices.DeleteFunc(nodes, func(node Node) bool { return !slices.Contains(s.Names, node.Name) })
}
