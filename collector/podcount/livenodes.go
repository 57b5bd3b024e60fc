package podcount

func (l *live) foldNode(name string, sign int) error {
	_, there := l.nodes[name]
	switch {
	case sign > 0 && !there:
		if err := l.known.take(name, nil); err != nil {
			return err
		}
		l.nodes[name], l.order = Node{Name: name}, nil
		l.listSoon()
	case sign < 0 && there:
		delete(l.nodes, name)
		l.known.giveBack(name)
		l.order = nil
	}
	return nil
}

// relisted applies a new list of the nodes.
func (l *live) relisted(run *count) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.figures.NodesForbidden && !run.denied():
		return &restartError{EndForbidden, errPermitted}
	case !l.figures.NodesForbidden && run.denied():
		return &restartError{EndForbidden, errDenied}
	}
	return l.setNodes(run)
}

// setNodes replaces the nodes by a list of them, and applies the events after the
// list's resourceVersion. If those are not known, the list only says how many pods
// the nodes can hold.
func (l *live) setNodes(run *count) error {
	for _, s := range l.streams {
		if s.role != nodeStream {
			continue
		}
		if s.recording.older(run.nodes.version) {
			return &restartError{EndDrift, errOlder}
		}
		if run.nodes.inconsistent || !s.recording.covers(run.nodes.version) {
			for name := range l.nodes {
				l.nodes[name] = l.node(run, name)
			}
			return nil
		}
		if err := l.replaceNodes(run); err != nil {
			return err
		}
		s.listed = run.nodes.version
		for _, e := range s.recording.after(run.nodes.version) {
			if err := l.foldNode(e.node, e.sign); err != nil {
				return err
			}
		}
	}
	return nil
}

// replaceNodes keeps the room of the names that stay: another cluster could take it.
func (l *live) replaceNodes(run *count) error {
	l.order = nil
	for name := range l.nodes {
		if _, still := run.known.nodes[name]; !still {
			delete(l.nodes, name)
			l.known.giveBack(name)
		}
	}
	for name := range run.known.nodes {
		if _, there := l.nodes[name]; !there {
			if err := l.known.take(name, nil); err != nil {
				return err
			}
		}
		l.nodes[name] = l.node(run, name)
	}
	return nil
}

// node returns a node as it was listed, without its allocatable pods if only some of
// its pods are counted.
func (l *live) node(run *count, name string) Node {
	node := run.known.nodes[name]
	if l.partial {
		node.AllocatablePods, node.HasAllocatable = 0, false
	}
	node.Name = name
	return node
}
