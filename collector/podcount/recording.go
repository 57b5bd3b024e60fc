package podcount

// maxRecordedBytes limits what the events take that are recorded for one audit, with
// entryBytes for each beside its text. At hundreds a second they cover minutes.
const (
	maxRecordedBytes = 8 << 20
	entryBytes       = 128
)

// recording holds the events of one stream while a paged count runs beside it, so
// that the stream's numbers at the count's own resourceVersion can be worked out. It takes
// of the ledger what names leave.
type recording struct {
	ledger  *ledger
	on      bool
	from    string // the stream's position at its beginning
	entries []entry
	bytes   int64
	short   bool // there were more events than it holds, so it holds none
}

// entry is the change of a node by an event, and its resourceVersion.
type entry struct {
	version string
	node    string // empty: no node
	sign    int
}

func (r *recording) begin(position string) {
	r.forget()
	r.on, r.short, r.from = true, false, position
}

func (r *recording) end() {
	r.forget()
	r.on = false
}

func (r *recording) forget() {
	if r.bytes > 0 {
		r.ledger.giveBack(r.bytes)
	}
	r.entries, r.bytes = nil, 0
}

// lose gives up what is recorded.
func (r *recording) lose() {
	r.short = true
	r.forget()
}

func (r *recording) add(version, node string, sign int) {
	bytes := int64(entryBytes + len(version) + len(node))
	switch {
	case !r.on || r.short:
	case r.bytes+bytes > maxRecordedBytes || !r.ledger.takeSpare(bytes):
		r.lose()
	default:
		r.entries = append(r.entries, entry{version, node, sign})
		r.bytes += bytes
	}
}

// covers says whether all events after a resourceVersion were recorded.
func (r *recording) covers(version string) bool {
	return r.on && !r.short && wellFormed(version) && !newer(r.from, version)
}

// older says whether a resourceVersion is before the recording, which began before the
// list was asked for. A list shows the latest state, and the streams had come further:
// the server was restored from a backup, or another one has taken its place.
func (r *recording) older(version string) bool {
	return r.on && wellFormed(version) && newer(r.from, version)
}

// after returns the entries after a resourceVersion.
func (r *recording) after(version string) []entry {
	for i, e := range r.entries {
		if newer(e.version, version) {
			return r.entries[i:]
		}
	}
	return nil
}

// delta is the changes by a stream's events while the start is still being listed. A
// node's number may be negative: its pods may be on a page to come.
type delta struct {
	names       *names
	pods        map[string]int
	unscheduled int
}

func newDelta(l *ledger) *delta {
	return &delta{names: &names{ledger: l}, pods: make(map[string]int)}
}

// add adds a pod to a node, or removes one. An empty name stands for no node.
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

// drop forgets everything. Its stream may still be ending.
func (d *delta) drop() {
	d.names.drop()
	clear(d.pods)
	d.unscheduled = 0
}
