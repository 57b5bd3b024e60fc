package podcount

import (
	"reflect"
	"testing"
)

// done is what a fakeAPI has done to its clients.
type done struct {
	Streams      int // that began while there was trouble
	Streamed     int // starts of streams with all that there is
	Cuts         int // in the middle of an event
	Ends         int // between two events
	Duplicates   int // events that were sent twice
	Bookmarks    int
	GoneStatus   int // 410 as the status of a watch
	GoneEvents   int // 410 as an ERROR event
	GoneTokens   int // 410 for a page
	LateColumns  int // streams without columns in their first event
	OtherColumns int // streams whose columns changed on the way
	Raw          int // streams of objects in place of rows
	Delays       int // of the headers
	Refusals     int // of connections
	Unavailable  int // 503
	Throttled    int // 429
}

func (w *fakeAPI) did(what func(*done)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	what(&w.done)
}

// coverage is what happened in all histories.
type coverage struct {
	Updates       int // snapshots of what events changed
	Counts        int // snapshots of a count or a start
	Nodes         int // numbers of nodes that were compared on the way
	Zeros         int // of these, nodes that were shown without pods
	Restarts      int
	Ended         int // streams
	Fallbacks     int
	Audits        int // that could compare
	AuditsWithout int // that could not
	Removed       int // clusters that went on the way
	Churns        int // histories whose pods that were bound and left were compared
	done
}

// least is what a thousand histories must have: about half of what they have had, and a
// third of what is rare.
func least() coverage {
	return coverage{
		Updates: 90_000, Counts: 4000, Nodes: 280_000, Zeros: 32_000, Restarts: 220, Ended: 5000, Fallbacks: 16,
		Audits: 3100, AuditsWithout: 20, Removed: 120, Churns: 23,
		done: done{
			Streams: 3000, Streamed: 37, Cuts: 550, Ends: 550, Duplicates: 17_000, Bookmarks: 98_000,
			GoneStatus: 120, GoneEvents: 20, GoneTokens: 970, LateColumns: 1500, OtherColumns: 210, Raw: 770,
			Delays: 3000, Refusals: 380, Unavailable: 410, Throttled: 400,
		},
	}
}

func (c *coverage) add(d *done) {
	into, from := reflect.ValueOf(&c.done).Elem(), reflect.ValueOf(*d)
	for i := range from.NumField() {
		into.Field(i).SetInt(into.Field(i).Int() + from.Field(i).Int())
	}
}

// check fails where the histories had too little of something for the comparisons to
// show anything about it. A few histories need not have everything.
func (c *coverage) check(t *testing.T, histories uint64) {
	t.Helper()
	if histories < 1000 {
		return
	}
	floors := reflect.ValueOf(least())
	for _, field := range reflect.VisibleFields(floors.Type()) {
		if field.Anonymous {
			continue
		}
		floor := floors.FieldByIndex(field.Index).Int() * int64(histories) / 1000
		if got := reflect.ValueOf(*c).FieldByIndex(field.Index).Int(); got < floor || floor == 0 {
			t.Errorf("%s: %d in %d histories, want at least %d", field.Name, got, histories, floor)
		}
	}
}
