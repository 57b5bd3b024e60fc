package podcount

// maxRecorded bounds the events that are remembered for one audit. At hundreds a
// second they are those of minutes.
const maxRecorded = 100_000

// recording remembers the events of one stream while a paged count runs beside it,
// so that what the stream said can be told of the count's own resourceVersion.
type recording struct {
	on      bool
	from    string // the stream's position when it began
	entries []entry
	short   bool // there were more events than it holds
}

// entry is by how much an event changed a node, and when.
type entry struct {
	version string
	node    string // empty: no node
	sign    int
}

func (r *recording) begin(position string) { *r = recording{on: true, from: position} }

func (r *recording) end() { *r = recording{} }

func (r *recording) add(version, node string, sign int) {
	switch {
	case !r.on:
	case len(r.entries) == maxRecorded:
		r.short = true
	default:
		r.entries = append(r.entries, entry{version, node, sign})
	}
}

// covers says whether all events after a resourceVersion are there.
func (r *recording) covers(version string) bool { return r.on && !r.short && !newer(r.from, version) }

// after returns the entries after a resourceVersion.
func (r *recording) after(version string) []entry {
	for i, e := range r.entries {
		if newer(e.version, version) {
			return r.entries[i:]
		}
	}
	return nil
}

// delta is what the events of a stream change while the start is still being
// listed. A node's number may be negative: its pods are on a page to come.
type delta struct {
	names       *names
	pods        map[string]int
	unscheduled int
}

func newDelta(l *ledger) *delta {
	return &delta{names: &names{ledger: l}, pods: make(map[string]int)}
}

// add takes a pod to a node, or from it. An empty name is no node.
func (d *delta) add(node string, sign int) error {
	if node == "" {
		d.unscheduled += sign
		return nil
	}
	n, there := d.pods[node]
	if !there {
		if err := d.names.take(node, nil); err != nil {
			return err
		}
	}
	if n += sign; n != 0 {
		d.pods[node] = n
		return nil
	}
	delete(d.pods, node)
	d.names.giveBack(node)
	return nil
}

// drop forgets all. Its stream may still be ending.
func (d *delta) drop() {
	d.names.drop()
	clear(d.pods)
	d.unscheduled = 0
}
