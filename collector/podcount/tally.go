package podcount

import (
	"slices"

	"k8s.io/apimachinery/pkg/labels"
)

// tally counts pods per node name. The page under way is kept apart until commit, so
// a page that fails half-way leaves no trace. Neither does a walk that starts afresh.
// Pods that are not bound have a place like those of a node without a name, the first.
type tally struct {
	*names
	index  map[string]int // name to position in the slices below
	list   []string
	total  []int
	page   []int
	old    int   // number of names from complete pages
	before []int // total of the complete walks
	passed bool  // over a finished pod, which a selector leaves out

	columns columns // of a Table
}

func newTally(l *ledger) *tally {
	return &tally{
		names: &names{ledger: l}, index: map[string]int{"": 0},
		list: []string{""}, total: []int{0}, page: []int{0}, before: []int{0}, old: 1,
	}
}

// add counts one active pod of the page under way. A known name allocates nothing.
func (t *tally) add(node []byte, echoed func(string) bool) error {
	i, known := t.index[string(node)]
	if !known {
		name := string(node)
		if err := t.take(name, echoed); err != nil {
			return err
		}
		i = len(t.list)
		t.index[name] = i
		t.list, t.total, t.page = append(t.list, name), append(t.total, 0), append(t.page, 0)
	}
	t.page[i]++
	return nil
}

// unscheduled returns the pods that are not bound.
func (t *tally) unscheduled() int { return t.total[0] }

// commit makes the page part of the count and returns the number of its pods.
func (t *tally) commit() (rows int) {
	for i, n := range t.page {
		t.total[i] += n
		rows += n
	}
	t.old = len(t.list)
	t.discard()
	return rows
}

// discard forgets the page, and the names that were new on it.
func (t *tally) discard() {
	for _, name := range t.list[t.old:] {
		delete(t.index, name)
		t.giveBack(name)
	}
	clear(t.list[t.old:])
	t.list, t.total, t.page = t.list[:t.old], t.total[:t.old], t.page[:t.old]
	clear(t.page)
}

// complete ends a walk: the next one that starts afresh leaves its pods alone.
func (t *tally) complete() { t.before = slices.Clone(t.total) }

// restart forgets the walk under way.
func (t *tally) restart() {
	t.old = len(t.before)
	t.discard()
	copy(t.total, t.before)
}

// forget forgets all walks.
func (t *tally) forget() {
	t.before, t.passed = []int{0}, false
	t.restart()
}

// nodeSet collects the nodes of one walk in the same way.
type nodeSet struct {
	*names
	labels labels.Selector // of those that count; nil: all
	nodes  map[string]Node
	page   []Node
}

func newNodeSet(l *ledger) *nodeSet {
	return &nodeSet{names: &names{ledger: l}, nodes: make(map[string]Node)}
}

func (s *nodeSet) add(node Node, echoed func(string) bool) error {
	if node.Name == "" {
		return errNodeName
	}
	if err := s.take(node.Name, echoed); err != nil {
		return err
	}
	s.page = append(s.page, node)
	return nil
}

func (s *nodeSet) commit() int {
	rows := len(s.page)
	for _, node := range s.page {
		if _, twice := s.nodes[node.Name]; twice {
			s.giveBack(node.Name)
		}
		s.nodes[node.Name] = node
	}
	s.page = s.page[:0]
	return rows
}

func (s *nodeSet) discard() {
	for _, node := range s.page {
		s.giveBack(node.Name)
	}
	s.page = s.page[:0]
}

func (s *nodeSet) restart() {
	s.drop()
	s.nodes, s.page = make(map[string]Node), nil
}
