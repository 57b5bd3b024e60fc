package main

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
	"github.com/kube-node-manager/pod_count_exporter/collector/store"
)

func reading(name string, pods, expected int) progress {
	return progress{
		name: name, expected: expected, begun: true,
		Progress: store.Progress{Resource: podcount.Pods, Page: 9, Attempt: 1, Pods: pods},
	}
}

func TestProgressLine(t *testing.T) {
	half := strings.Repeat("█", 12) + strings.Repeat("░", 12)
	again := reading("production", 4000, 0)
	again.Attempt, again.Reason = 3, podcount.Timeout
	done := reading("done", 1000, 1000)
	done.ended = true
	failed := progress{name: "failed", ended: true, failed: true}
	tests := []struct {
		name string
		all  []progress
		want string
	}{
		{"nodes", []progress{{name: "production"}}, "production  reading the nodes"},
		{"nodes, of a cluster that was counted before", []progress{{name: "production", expected: 8000}},
			"production  " + strings.Repeat("░", 24) + "  0%  reading the nodes"},
		{"the first page", []progress{reading("production", 0, 0)}, "production  0 pods  page 9  time left unknown"},
		{"nothing is known of the last count", []progress{reading("production", 4000, 0)},
			"production  4,000 pods  page 9  2,000/s  time left unknown"},
		{"as in the last count", []progress{reading("production", 4000, 8000)},
			"production  " + half + "  50%  4,000 pods  page 9  2,000/s  2s left"},
		{"more than in the last count", []progress{reading("production", 4000, 3000)},
			"production  " + strings.Repeat("█", 24) + "  100%  4,000 pods  page 9  2,000/s  time left unknown"},
		{"a page again", []progress{again}, "production  4,000 pods  page 9  2,000/s  time left unknown  attempt 3 after timeout"},
		{"several", []progress{done, failed, reading("a", 1000, 3000)},
			"2 of 3 clusters (1 failed)  " + half + "  50%  2,000 pods  1,000/s  2s left  a"},
		{"several, one of them unknown", []progress{done, reading("a", 1000, 0), {name: "b"}, again, {name: "c"}, {name: "d"}},
			"1 of 6 clusters  6,000 pods  3,000/s  time left unknown  a, b, production (attempt 3 after timeout), 2 more"},
		{"a name that is none", []progress{{name: "a\x1b[2J"}}, `a\u001b[2J  reading the nodes`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			began := time.Unix(1_800_000_000, 0)
			bar := progressBar{since: began}
			got := bar.line(tt.all, began.Add(2*time.Second), 200)
			if got != tt.want {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
			for most := range 40 {
				if narrow := bar.line(tt.all, began.Add(2*time.Second), most+1); columns(narrow) > most+1 {
					t.Errorf("%q takes %d columns of %d", narrow, columns(narrow), most+1)
				}
			}
		})
	}
}

// slow counts 3,000 pods within two seconds.
type slow struct{}

func (slow) Count(_ context.Context, observer podcount.Observer, publish func(*podcount.Snapshot)) error {
	observer.Started(5)
	time.Sleep(50 * time.Millisecond) // so that no page comes just when a line is drawn
	for page := 1; page <= 20; page++ {
		time.Sleep(100 * time.Millisecond)
		observer.Page(podcount.Page{Resource: podcount.Pods, Number: page, Attempt: 1, Rows: 150, Total: page * 150})
	}
	publish(&podcount.Snapshot{Consistent: true, Time: time.Now(), UnscheduledPods: 3000})
	return nil
}

// drawn is what a count of these counters writes to standard error.
func drawn(t *testing.T, err screen, counter store.Counter) string {
	var out buffer
	synctest.Test(t, func(t *testing.T) {
		f := &fleet{
			opts: &options{}, counted: make(map[string]*result),
			around: surroundings{stderr: &out, err: err, now: time.Now, cacheDir: func() (string, error) { return "", context.Canceled }},
		}
		f.last = newLastCounts(f.around)
		ctx, stop := context.WithCancel(t.Context())
		f.store, f.stop = store.New(ctx, store.DefaultOptions(), f), stop
		r := &result{name: "production", ended: make(chan struct{})}
		f.results, f.counted["production"] = []*result{r}, r
		f.store.Set(store.Target{Name: "production", Counter: counter})
		f.count(ctx)
		if r.snapshot == nil {
			t.Errorf("the count failed: %v", r.err)
		}
	})
	return out.String()
}

func TestProgressIsDrawn(t *testing.T) {
	got := drawn(t, screen{terminal: true, width: 80}, slow{})
	lines := strings.Split(got, "\x1b[K")
	if n := len(lines); n < 15 || n > 21 || lines[n-1] != "" || lines[n-2] != "\r" {
		t.Errorf("%d lines, the last of which are to clear the first: %q", n, lines)
	}
	if !strings.Contains(got, "\rproduction  1,500 pods  page 11  ") {
		t.Errorf("no line of the tenth page: %q", got)
	}
}

// TestProgressOfAMoment holds that a count that is over at once leaves no trace.
func TestProgressOfAMoment(t *testing.T) {
	if got := drawn(t, screen{terminal: true, width: 80}, quick{}); got != "\r\x1b[K" {
		t.Errorf("%q", got)
	}
}

type quick struct{}

func (quick) Count(_ context.Context, _ podcount.Observer, publish func(*podcount.Snapshot)) error {
	publish(&podcount.Snapshot{})
	return nil
}

func TestNoProgressInAPipe(t *testing.T) {
	if got := drawn(t, screen{width: 80}, slow{}); got != "" {
		t.Errorf("%q", got)
	}
}
