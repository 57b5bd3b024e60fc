package podcount

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// nodeEvent is an event of a node, in a Table whose first column is its name.
func nodeEvent(i int, kind, name string) string {
	return fmt.Sprintf(`{"type":%q,"object":{"kind":"Table","metadata":{"resourceVersion":"%d"},"columnDefinitions":[{"name":"Name"},{"name":"Status"}],"rows":[{"cells":[%q,"Ready"]}]}}`+"\n",
		kind, 1_000_000+i, name)
}

// endlessly makes a body of so many parts.
func endlessly(times int, make func(i int) string) func(check func()) io.ReadCloser {
	return func(check func()) io.ReadCloser {
		return io.NopCloser(&repeated{times, func(i int) string {
			if i%10_000 == 0 {
				check()
			}
			return make(i)
		}, 0, strings.Reader{}})
	}
}

// heldBytes is what the process holds, without garbage.
func heldBytes() int64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

// TestHostileStreamsOfNodes has streams of nodes that would fill memory, or lead to wrong
// nodes, beside a well cluster that shares their budget: that one is followed all the
// while, memory stays within the budget, and when they end the cluster is right.
func TestHostileStreamsOfNodes(t *testing.T) {
	const limit = 24 << 20 // of which names may take half
	for _, tt := range []struct {
		name  string
		times int   // streams that are so
		why   error // that is told of; nil: none of these
		body  func(check func()) io.ReadCloser
	}{
		{"names that never repeat", 3, errNoRoom, endlessly(100_000, func(i int) string { return nodeEvent(i, "ADDED", fmt.Sprintf("made-up-%d", i)) })},
		{"long names that never repeat", 3, errNoRoom, endlessly(50_000, func(i int) string {
			return nodeEvent(i, "ADDED", fmt.Sprintf("%0*d", maxNodeName, i))
		})},
		{"names that are too long", 3, errLongName, endlessly(1000, func(i int) string { return nodeEvent(i, "ADDED", fmt.Sprintf("%0*d", maxNodeName+1, i)) })},
		{"names that come and go", 1, nil, endlessly(100_000, func(i int) string {
			return nodeEvent(i, []string{"ADDED", "DELETED"}[i%2], fmt.Sprintf("made-up-%d", i/2))
		})},
		{"nodes go that were not there", 1, nil, endlessly(50_000, func(i int) string { return nodeEvent(i, "DELETED", fmt.Sprintf("made-up-%d", i)) })},
		{"all nodes go", 1, nil, endlessly(10, func(i int) string { return nodeEvent(i, "DELETED", fmt.Sprintf("n%d", i)) })},
		{"a storm of events that change nothing", 1, nil, endlessly(100_000, func(i int) string { return nodeEvent(i, "MODIFIED", "n0") })},
		{"a storm of bookmarks", 1, nil, endlessly(100_000, func(i int) string {
			return fmt.Sprintf(`{"type":"BOOKMARK","object":{"kind":"Table","metadata":{"resourceVersion":"%d"}}}`, i)
		})},
		{"a storm of bookmarks that bring nothing", 1, nil, endlessly(100_000, func(int) string {
			return `{"type":"BOOKMARK","object":{"kind":"Table","metadata":{"resourceVersion":"1"}}}`
		})},
		{"the names move to another column in the middle", 2, nil, endlessly(1000, func(i int) string {
			event := nodeEvent(i, "ADDED", fmt.Sprintf("made-up-%d", i))
			if i >= 500 {
				event = strings.Replace(event, `{"name":"Name"},{"name":"Status"}`, `{"name":"Status"},{"name":"Name"}`, 1)
			}
			return event
		})},
		{"the names lose their column in the middle", 4, errNoColumn, endlessly(1000, func(i int) string {
			event := nodeEvent(i, "MODIFIED", "n0")
			if i == 500 {
				event = strings.Replace(event, `"Name"`, `"Title"`, 1)
			}
			return event
		})},
		{"columns that never repeat", 4, errNoColumn, endlessly(1000, func(i int) string {
			return strings.Replace(nodeEvent(i, "ADDED", "n0"), `"Name"`, fmt.Sprintf(`"Name%d"`, i), 1)
		})},
		{"an event without end", 3, errTooLarge, endlessly(10_000, func(i int) string {
			if i == 0 {
				return `{"type":"ADDED","object":{"a":"`
			}
			return strings.Repeat("a", 1000)
		})},
		{"rows without columns", 3, errNoColumns, endlessly(50_000, func(i int) string {
			return fmt.Sprintf(`{"type":"ADDED","object":{"kind":"Table","metadata":{"resourceVersion":"%d"},"rows":[{"cells":["n0","Ready"]}]}}`, 1_000_000+i)
		})},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				budget := NewBudget(limit)
				before, checks := heldBytes(), 0
				check := func() {
					checks++
					budget.mu.Lock()
					defer budget.mu.Unlock()
					if taken := budget.total - budget.free; taken > budget.total*5/4 {
						t.Errorf("%d bytes of names, more than the budget of %d", taken, budget.total)
					}
					if grown := heldBytes() - before; grown > limit {
						t.Errorf("the heap has grown by %d bytes", grown)
					}
				}
				cfg := DefaultConfig()
				cfg.Jitter = func() float64 { return 0.5 }
				cfg.Budget = budget
				api, beside := newFakeAPI(3), newFakeAPI(5)
				beside.forgetful = false
				server := &hostileAPI{fakeAPI: api, nodes: true, times: tt.times, body: func() io.ReadCloser { return tt.body(check) }}
				w, well := &watching{t: t, api: api, seen: &coverage{}}, &watching{t: t, api: beside, seen: &coverage{}}
				stop := counting(t, newWatcher(t, cfg, server, DefaultWatchConfig()), w, w.keep)
				defer stop()
				stopWell := counting(t, newWatcher(t, cfg, beside, DefaultWatchConfig()), well, well.publish)
				defer stopWell()
				for range 90 {
					time.Sleep(time.Minute)
					well.shows(ModeWatch)
					beside.do(beside.change)
				}
				synctest.Wait()
				if server.read != tt.times || checks == 0 {
					t.Errorf("%d streams were opened while they were hostile, want %d; %d checks", server.read, tt.times, checks)
				}
				w.toldOf(tt.why, errNoRoom, errLongName, errNoColumn, errTooLarge, errNoColumns)
				w.mu.Lock()
				w.why = nil // a server that is ahead of itself is what some are about
				w.mu.Unlock()
				w.atTheEnd()
				for _, e := range well.told() {
					if e.Restart != nil || e.Fallback != nil {
						t.Errorf("the well cluster: %+v", e)
					}
				}
			})
		})
	}
}

// toldOf requires that of all these errors want alone is told of.
func (w *watching) toldOf(want error, all ...error) {
	w.t.Helper()
	text := ""
	for _, e := range w.told() {
		switch {
		case e.Restart != nil:
			text += fmt.Sprintln(e.Restart.Err)
		case e.Fallback != nil:
			text += fmt.Sprintln(e.Fallback)
		case e.Ended != nil && e.Ended.Failure != nil:
			text += fmt.Sprintln(e.Ended.Failure)
		}
	}
	for _, one := range all {
		if told := strings.Contains(text, one.Error()); told != errors.Is(want, one) {
			w.t.Errorf("%q is told of: %t, want %q:\n%s", one, told, want, text)
		}
	}
}
