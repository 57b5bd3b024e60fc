package podcount

import "errors"

const (
	// maxNodeName is the longest name an object can have (RFC 1123 subdomain).
	maxNodeName = 253
	// maxNodeNames is far above any cluster (Kubernetes supports 5,000 nodes),
	// and keeps a server that makes names up from filling memory.
	maxNodeNames = 200_000
)

var (
	errLongName  = errors.New("a node name is longer than 253 bytes")
	errManyNames = errors.New("the answer names more nodes than any cluster has")
)

// tally counts pods per node name. What the page under way adds is kept apart
// until commit, so a page that fails half-way leaves no trace.
type tally struct {
	index       map[string]int // name to position in the slices below
	names       []string
	total       []int
	page        []int
	unscheduled int
	pageWithout int
}

func newTally() *tally { return &tally{index: make(map[string]int)} }

// add counts one active pod of the page under way. An empty name means that it
// is not bound. A known name allocates nothing.
func (t *tally) add(node []byte) error {
	if len(node) == 0 {
		t.pageWithout++
		return nil
	}
	i, known := t.index[string(node)]
	if !known {
		switch {
		case len(node) > maxNodeName:
			return errLongName
		case len(t.names) == maxNodeNames:
			return errManyNames
		}
		i = len(t.names)
		name := string(node)
		t.index[name] = i
		t.names = append(t.names, name)
		t.total = append(t.total, 0)
		t.page = append(t.page, 0)
	}
	t.page[i]++
	return nil
}

// commit makes the page part of the count and returns its pods.
func (t *tally) commit() int {
	rows := t.pageWithout
	for i, n := range t.page {
		t.total[i] += n
		rows += n
	}
	t.unscheduled += t.pageWithout
	t.discard()
	return rows
}

// discard forgets the page.
func (t *tally) discard() {
	clear(t.page)
	t.pageWithout = 0
}

// merge adds up tallies of complete walks.
func merge(tallies []*tally) *tally {
	if len(tallies) == 1 {
		return tallies[0]
	}
	sum := newTally()
	for _, t := range tallies {
		sum.unscheduled += t.unscheduled
		for i, name := range t.names {
			at, known := sum.index[name]
			if !known {
				at = len(sum.names)
				sum.index[name] = at
				sum.names = append(sum.names, name)
				sum.total = append(sum.total, 0)
			}
			sum.total[at] += t.total[i]
		}
	}
	return sum
}

// nodeSet gathers nodes in the same two steps.
type nodeSet struct {
	nodes map[string]Node
	page  []Node
}

func newNodeSet() *nodeSet { return &nodeSet{nodes: make(map[string]Node)} }

func (s *nodeSet) add(node Node) error {
	switch {
	case node.Name == "":
		return errNodeName
	case len(node.Name) > maxNodeName:
		return errLongName
	case len(s.nodes)+len(s.page) == maxNodeNames:
		return errManyNames
	}
	s.page = append(s.page, node)
	return nil
}

func (s *nodeSet) commit() int {
	rows := len(s.page)
	for _, node := range s.page {
		s.nodes[node.Name] = node
	}
	s.discard()
	return rows
}

func (s *nodeSet) discard() { s.page = s.page[:0] }
