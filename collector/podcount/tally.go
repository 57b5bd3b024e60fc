package podcount

// tally counts pods per node name. The page under way is kept apart until commit, so
// a page that fails half-way leaves no trace.
type tally struct {
	names       *names
	index       map[string]int // name to position in the slices below
	list        []string
	total       []int
	page        []int
	old         int // number of names from complete pages
	unscheduled int
	pageWithout int
}

func newTally(l *ledger) *tally {
	return &tally{names: &names{ledger: l}, index: make(map[string]int)}
}

// add counts one active pod of the page under way. An empty name means that it is not
// bound. A known name allocates nothing.
func (t *tally) add(node []byte, echoed func(string) bool) error {
	if len(node) == 0 {
		t.pageWithout++
		return nil
	}
	i, known := t.index[string(node)]
	if !known {
		name := string(node)
		if err := t.names.take(name, echoed); err != nil {
			return err
		}
		i = t.enter(name)
	}
	t.page[i]++
	return nil
}

func (t *tally) enter(name string) int {
	at := len(t.list)
	t.index[name] = at
	t.list = append(t.list, name)
	t.total = append(t.total, 0)
	t.page = append(t.page, 0)
	return at
}

// commit makes the page part of the count and returns the number of its pods.
func (t *tally) commit() int {
	rows := t.pageWithout
	for i, n := range t.page {
		t.total[i] += n
		rows += n
	}
	t.unscheduled += t.pageWithout
	t.old = len(t.list)
	t.discard()
	return rows
}

// discard forgets the page, and the names that were new on it.
func (t *tally) discard() {
	for _, name := range t.list[t.old:] {
		delete(t.index, name)
		t.names.giveBack(name)
	}
	clear(t.list[t.old:])
	t.list, t.total, t.page = t.list[:t.old], t.total[:t.old], t.page[:t.old]
	clear(t.page)
	t.pageWithout = 0
}

// drop gives back the memory of all names.
func (t *tally) drop() { t.names.drop() }

// absorb adds the complete tally of another namespace, and drops it. If its names are too
// many, it adds none of its pods.
func (t *tally) absorb(other *tally) error {
	other.drop()
	for _, name := range other.list {
		if _, known := t.index[name]; !known {
			if err := t.names.take(name, nil); err != nil {
				return err
			}
			t.enter(name)
		}
	}
	for i, name := range other.list {
		t.total[t.index[name]] += other.total[i]
	}
	t.unscheduled += other.unscheduled
	t.old = len(t.list)
	return nil
}

// nodeSet collects nodes with the same commit and discard.
type nodeSet struct {
	names     *names
	nodes     map[string]Node
	page      []Node
	odd       int // nodes whose allocatable pods are not a number of pods
	oddOnPage int // those of the page under way
}

func newNodeSet(l *ledger) *nodeSet {
	return &nodeSet{names: &names{ledger: l}, nodes: make(map[string]Node)}
}

func (s *nodeSet) add(node Node, echoed func(string) bool) error {
	if node.Name == "" {
		return errNodeName
	}
	if err := s.names.take(node.Name, echoed); err != nil {
		return err
	}
	s.page = append(s.page, node)
	return nil
}

func (s *nodeSet) commit() int {
	rows := len(s.page)
	for _, node := range s.page {
		if _, twice := s.nodes[node.Name]; twice {
			s.names.giveBack(node.Name)
		}
		s.nodes[node.Name] = node
	}
	s.odd += s.oddOnPage
	s.page, s.oddOnPage = s.page[:0], 0
	return rows
}

func (s *nodeSet) discard() {
	for _, node := range s.page {
		s.names.giveBack(node.Name)
	}
	s.page, s.oddOnPage = s.page[:0], 0
}

func (s *nodeSet) drop() { s.names.drop() }
