package store

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
)

// keeping is a Counter that keeps something until it is closed. Its counts take their time to
// end, also when they are cancelled.
type keeping struct {
	name   string
	closed *notes
	takes  time.Duration
	runs   bool
}

func (k *keeping) Count(_ context.Context, _ podcount.Observer, publish func(*podcount.Snapshot)) error {
	k.runs = true
	time.Sleep(k.takes)
	k.runs = false
	publish(snapshotOf(1))
	return nil
}

func (k *keeping) Close() {
	k.closed.add("%s", k.name)
	if k.runs {
		k.closed.add("amid its count")
	}
}

// A cluster that is gone gives up all that it keeps, although a request may still know it. One
// that stays, with the same server, and those of a process that ends give up nothing.
func TestClustersThatAreGoneKeepNothing(t *testing.T) {
	for _, tt := range []struct {
		name    string
		runs    bool   // a count runs when it happens
		changed bool   // its credentials, before
		server  string // of the cluster's name after; empty if it is gone
		closed  []string
	}{
		{"gone", false, false, "", []string{"first"}},
		{"gone amid its count", true, false, "", []string{"first"}},
		{"gone after a change of credentials", false, true, "", []string{"first", "second"}},
		{"gone amid a count, after a change of credentials", true, true, "", []string{"first", "second"}},
		{"another server", false, false, "other", []string{"first"}},
		{"another server, amid a count", true, false, "other", []string{"first"}},
		{"the same server", false, false, "same", nil},
		{"the same server, other credentials", false, true, "same", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s, _ := newStore(t, nil)
				closed := &notes{}
				last := &keeping{name: "first", closed: closed, takes: time.Second}
				s.Set(Target{Name: "a", Server: "same", Counter: last})
				known := s.Find("a")
				await(t, known)
				if tt.changed {
					last = &keeping{name: "second", closed: closed, takes: time.Second}
					s.Set(Target{Name: "a", Server: "same", Counter: last})
				}
				if tt.runs {
					time.Sleep(DefaultOptions().CacheTTL)
					known.Refresh()
					synctest.Wait()
				}
				switch tt.server {
				case "":
					s.Set()
				case "same":
					s.Set(Target{Name: "a", Server: "same", Counter: last})
				default:
					s.Set(Target{Name: "a", Server: tt.server, Counter: &keeping{name: "other", closed: closed}})
				}
				early := closed.take()
				time.Sleep(time.Minute)
				if got := slices.Concat(early, closed.take()); !slices.Equal(got, tt.closed) || tt.runs && early != nil {
					t.Errorf("closed %q, want %q; before the end of the count %q", got, tt.closed, early)
				}
				if v := known.View(); (v.Snapshot == nil) != (tt.closed != nil) || v.Counting {
					t.Errorf("keeps %v, counting %t", v.Snapshot, v.Counting)
				}
			})
		})
	}
}

// Requests at the end of the process show what there is.
func TestSnapshotsStayAtTheEnd(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s, _ := newStore(t, nil)
		closed := &notes{}
		for i := range 3 {
			s.Set(Target{Name: "a", Server: "same", Counter: &keeping{name: fmt.Sprint(i), closed: closed}})
			await(t, s.Find("a"))
		}
		s.Wait()
		if v := s.Find("a").View(); v.Snapshot == nil || !v.Success || closed.take() != nil {
			t.Errorf("%+v, or it was closed", v)
		}
	})
}
