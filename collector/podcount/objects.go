package podcount

import (
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/kube-node-manager/pod_count_exporter/collector/redact"
)

// content reads pods, whether they come as rows or as objects.
func (t *tally) content() content {
	return content{kind: "PodList", columns: t.definitions, row: t.row, item: t.item}
}

// item reads one object of a PodList, for servers that do not answer with a Table.
// It checks the phase itself: such a server may ignore the field selector as well.
func (t *tally) item(d *decoder) error {
	d.node = d.node[:0]
	finished := false
	err := d.object(func(key []byte) (err error) {
		switch string(key) {
		case "spec":
			err = d.member("nodeName", func(name []byte) { d.node = append(d.node, name...) })
		case "status":
			err = d.member("phase", func(phase []byte) { finished = hasFinished(string(phase)) })
		}
		return err
	})
	return t.pod(d, finished, err)
}

// pod counts the pod that has been read, with the error of that, unless it has finished.
func (t *tally) pod(d *decoder, finished bool, err error) error {
	t.passed = t.passed || finished
	if err != nil || finished {
		return err
	}
	return t.add(d.node, d.echoed)
}

func (s *nodeSet) content() content { return content{kind: "NodeList", item: s.item} }

// item reads the name and the allocatable pods of one object of a NodeList, unless its
// labels are not selected.
func (s *nodeSet) item(d *decoder) error {
	var node Node
	selected := s.labels == nil
	err := d.object(func(key []byte) (err error) {
		switch string(key) {
		case "metadata":
			node.Name, selected, err = s.metadata(d)
		case "status":
			err = d.part("allocatable", func() error { return node.allocatable(d) })
		}
		return err
	})
	if err != nil || !selected {
		return err
	}
	return s.add(node, d.echoed)
}

// metadata reads a node's name, and says whether its labels are selected: a server may
// ignore that selector as well.
func (s *nodeSet) metadata(d *decoder) (name string, selected bool, err error) {
	var set labels.Set // made only where labels are selected: there are as many nodes as calls
	err = d.nullable(func(key []byte) error {
		isName, isLabels := string(key) == "name", string(key) == "labels" // which looking ahead would overwrite
		switch {
		case isName && d.json.PeekKind() == jsontext.KindNull:
		case isName:
			return d.take("name", func(text []byte) { name = string(text) })
		case isLabels && s.labels != nil:
			set, err = s.wanted(d)
			return err
		}
		return nil
	})
	return name, s.labels == nil || s.labels.Matches(set), err
}

// wanted reads those of a node's labels that are selected by.
func (s *nodeSet) wanted(d *decoder) (labels.Set, error) {
	set := make(labels.Set)
	selected, _ := s.labels.Requirements()
	return set, d.entries(func(key []byte) string {
		if i := slices.IndexFunc(selected, func(r labels.Requirement) bool { return r.Key() == string(key) }); i >= 0 {
			return selected[i].Key()
		}
		return ""
	}, func(label string) error {
		return d.take("label", func(text []byte) { set[label] = string(text) })
	})
}

// allocatable reads how many pods a node takes. It may have any number of other resources.
func (n *Node) allocatable(d *decoder) error {
	return d.entries(func(key []byte) string {
		if string(key) == "pods" {
			return "pods"
		}
		return ""
	}, func(string) error {
		text, err := d.scalar()
		n.AllocatablePods, n.HasAllocatable = wholeQuantity(string(text))
		n.odd = len(text) > 0 && !n.HasAllocatable // one node's value must not hide the whole cluster
		return err
	})
}

// entries reads an object (or null) that is a map and may have any number of members. Those
// whose key find returns are passed to read, each once at most. The keys of all others are not
// kept.
func (d *decoder) entries(find func(key []byte) string, read func(key string) error) error {
	if d.json.PeekKind() == jsontext.KindNull {
		return d.skip()
	}
	var found []string
	return d.each(jsontext.KindBeginObject, jsontext.KindEndObject, func() error {
		key, err := d.text(maxTextBytes)
		if err != nil {
			return err
		}
		name := find(key)
		switch {
		case name == "":
			return d.skip()
		case slices.Contains(found, name):
			return fmt.Errorf("%w %s", errDuplicate, redact.Word(name))
		}
		found = append(found, name)
		return read(name)
	})
}

// wholeQuantity reads a quantity such as 110 or 1k. Long exponents are refused
// unparsed: resource.ParseQuantity multiplies them out, which can take hours.
func wholeQuantity(text string) (int64, bool) {
	const longest = len("9223372036854775807")
	exponent := strings.LastIndexAny(text, "eE")
	if len(text) > longest || exponent >= 0 && len(text)-exponent > len("e+99") {
		return 0, false
	}
	quantity, err := resource.ParseQuantity(text)
	value := quantity.Value()
	return value, err == nil && (value > 0 || quantity.IsZero()) // an overflow gives 0 too
}

// member reads an object (or null) and passes the text of one of its members, a name or a
// word, to take. A null says as much as a member that is missing.
func (d *decoder) member(name string, take func([]byte)) error {
	return d.part(name, func() error {
		if d.json.PeekKind() == jsontext.KindNull {
			return nil
		}
		return d.take(name, take)
	})
}

// take passes the text of a name or a word to do. what is its place, for errors.
func (d *decoder) take(what string, do func([]byte)) error {
	text, err := d.name()
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	do(text)
	return nil
}

// hasFinished says whether a pod in this phase holds no place on its node any more.
func hasFinished(phase string) bool { return phase == "Succeeded" || phase == "Failed" }
