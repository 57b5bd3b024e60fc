package store

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
)

// calls counts what an Observer is told.
type calls struct{ started, pages, events, watched int }

func (c *calls) Started(int)              { c.started++ }
func (c *calls) Page(podcount.Page)       { c.pages++ }
func (c *calls) Event(podcount.Event)     { c.events++ }
func (c *calls) Watched(podcount.Watched) { c.watched++ }

// TestProgress follows one count through failed pages and other resources. All is
// passed on.
func TestProgress(t *testing.T) {
	bubble(t, func(t *testing.T) {
		began := time.Now()
		told := &calls{}
		p := &progress{next: told}
		pages := func(resource string, number, attempt, total int, reason podcount.Reason) func() {
			page := podcount.Page{Resource: resource, Number: number, Attempt: attempt, Total: total}
			if reason != "" {
				page.Err = &podcount.PageError{Reason: reason}
			}
			return func() { p.Page(page) }
		}
		for _, tt := range []struct {
			name string
			do   func()
			want Progress
		}{
			{"none runs", func() {}, Progress{}},
			{"begun", p.begin, Progress{began, podcount.Nodes, 1, 1, 0, ""}},
			{"a page of nodes", pages(podcount.Nodes, 1, 1, 500, ""), Progress{began, podcount.Nodes, 2, 1, 0, ""}},
			{"a failed page of nodes", pages(podcount.Nodes, 2, 1, 500, podcount.Timeout), Progress{began, podcount.Nodes, 2, 2, 0, podcount.Timeout}},
			{"the last of nodes", pages(podcount.Nodes, 2, 2, 700, ""), Progress{began, podcount.Nodes, 3, 1, 0, ""}},
			{"the pods come next", func() { p.Started(700) }, Progress{began, podcount.Pods, 1, 1, 0, ""}},
			{"a page of pods", pages(podcount.Pods, 1, 1, 400, ""), Progress{began, podcount.Pods, 2, 1, 400, ""}},
			{"a failed page of pods", pages(podcount.Pods, 2, 3, 400, podcount.Throttled), Progress{began, podcount.Pods, 2, 4, 400, podcount.Throttled}},
			{"it comes", pages(podcount.Pods, 2, 4, 900, ""), Progress{began, podcount.Pods, 3, 1, 900, ""}},
			{"a namespace is looked up", pages(podcount.Namespaces, 1, 1, 0, ""), Progress{began, podcount.Namespaces, 2, 1, 900, ""}},
			{"a node is looked up", pages(podcount.Nodes, 1, 1, 1, ""), Progress{began, podcount.Nodes, 2, 1, 900, ""}},
			{"an event", func() { p.Event(podcount.Event{}) }, Progress{began, podcount.Nodes, 2, 1, 900, ""}},
			{"the cluster is followed", func() { p.Watched(podcount.Watched{Following: true}) }, Progress{began, podcount.Nodes, 2, 1, 900, ""}},
			{"a restart", func() {
				time.Sleep(time.Minute)
				p.Watched(podcount.Watched{Restart: &podcount.Restart{}})
			}, Progress{began.Add(time.Minute), podcount.Nodes, 1, 1, 0, ""}},
			{"ended", p.end, Progress{}},
			{"a fallback", func() {
				time.Sleep(time.Minute)
				p.Watched(podcount.Watched{Fallback: errors.New("a stream stays closed")})
			}, Progress{began.Add(2 * time.Minute), podcount.Nodes, 1, 1, 0, ""}},
			{"the fallback's count has ended", p.end, Progress{}},
			{"an audit", func() { p.Watched(podcount.Watched{Audit: &podcount.Audit{}}) }, Progress{}},
		} {
			if tt.do(); p.current() != tt.want {
				t.Errorf("%s: got %+v, want %+v", tt.name, p.current(), tt.want)
			}
		}
		if want := (calls{1, 8, 1, 4}); *told != want {
			t.Errorf("passed on %+v, want %+v", *told, want)
		}
	})
}

// TestProgressOfACluster shows it while a count runs, and not after it.
func TestProgressOfACluster(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s, _ := newStore(t, nil)
		counter := counting(func(_ context.Context, publish func(*podcount.Snapshot)) error {
			time.Sleep(time.Minute)
			publish(snapshotOf(1))
			return nil
		})
		s.Set(Target{"a", "1", &counter})
		one, none := s.Find("a"), Progress{}
		if v := one.View(); v.Progress != none || v.Counting {
			t.Errorf("before the count: %+v", v)
		}
		began := time.Now()
		one.Refresh()
		time.Sleep(30 * time.Second)
		if v, want := one.View(), (Progress{began, podcount.Nodes, 1, 1, 0, ""}); v.Progress != want || !v.Counting {
			t.Errorf("within the count: %+v, want %+v", v, want)
		}
		time.Sleep(30 * time.Second)
		synctest.Wait()
		if v := one.View(); v.Progress != none || v.Counting {
			t.Errorf("after the count: %+v", v)
		}
	})
}
