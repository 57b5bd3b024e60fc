package store

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
)

// TestAwaitTakesNoGoroutines has many requests wait for many clusters that hang: anybody
// may ask for the metrics, with any timeout. When they are gone, nothing is kept of them.
func TestAwaitTakesNoGoroutines(t *testing.T) {
	bubble(t, func(t *testing.T) {
		const clusters, requests = 50, 40
		s, _ := newStore(t, nil)
		var targets []Target
		hangs := counting(func(ctx context.Context, _ func(*podcount.Snapshot)) error {
			<-ctx.Done()
			return ctx.Err()
		})
		for i := range clusters {
			targets = append(targets, Target{Name: fmt.Sprint(i), Counter: &hangs})
		}
		s.Set(targets...)
		s.Warm()
		synctest.Wait()
		before := runtime.NumGoroutine()
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		var all sync.WaitGroup
		for range requests {
			all.Go(func() { Await(ctx, s.Clusters(), func(*Cluster) { t.Error("a count has ended") }) })
		}
		synctest.Wait()
		if more := runtime.NumGoroutine() - before; more > requests+5 {
			t.Errorf("%d goroutines for %d requests", more, requests)
		}
		all.Wait()
		for _, c := range s.Clusters() {
			if len(c.run.heard) > 0 {
				t.Errorf("%d requests that are gone are to be told", len(c.run.heard))
			}
		}
	})
}

// TestAwaitTellsWhichEnd has counts end one after the other, one of them before the
// request and one never.
func TestAwaitTellsWhichEnd(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s, _ := newStore(t, nil)
		takes := func(d time.Duration) Counter {
			counter := counting(func(ctx context.Context, publish func(*podcount.Snapshot)) error {
				select {
				case <-ctx.Done():
					return ctx.Err()
				case <-time.After(d):
				}
				publish(snapshotOf(1))
				return nil
			})
			return &counter
		}
		s.Set(Target{Name: "a", Counter: takes(3 * time.Second)}, Target{Name: "b", Counter: takes(2 * time.Second)},
			Target{Name: "c", Counter: takes(time.Hour)}, Target{Name: "d", Counter: takes(0)})
		await(t, s.Find("d"))
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		began, got := time.Now(), ""
		Await(ctx, s.Clusters(), func(c *Cluster) { got += fmt.Sprintf("%s %s, ", c.Name(), time.Since(began)) })
		got += time.Since(began).String()
		if want := "b 2s, a 3s, 10s"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}
