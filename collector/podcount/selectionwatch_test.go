package podcount

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// followed keeps the last snapshot, and fails at whatever ends the streams.
type followed struct {
	*recorder
	t      *testing.T
	mu     sync.Mutex
	last   *Snapshot
	audits int
}

func (f *followed) Event(Event) {}

// Watched wants audits that find nothing.
func (f *followed) Watched(w Watched) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if w.Audit != nil {
		f.audits++
	}
	if w.Restart != nil || w.Fallback != nil || w.Audit != nil && (w.Audit.Err != nil || len(w.Audit.Differences) > 0) {
		f.t.Errorf("restart %+v, fallback %v, audit %+v", w.Restart, w.Fallback, w.Audit)
	}
}

// asking notes what streams are asked for.
type asking struct {
	*fakeAPI
	mu      sync.Mutex
	streams map[string]bool
}

func (a *asking) RoundTrip(r *http.Request) (*http.Response, error) {
	if query := r.URL.Query(); query.Get("watch") != "" {
		a.mu.Lock()
		fields := strings.TrimSuffix(query.Get("fieldSelector"), activeSelector)
		a.streams[fmt.Sprintf("%s %s%s", strings.TrimPrefix(r.URL.Path, "/api/v1/"), fields, query.Get("labelSelector"))] = true
		a.mu.Unlock()
	}
	return a.fakeAPI.RoundTrip(r)
}

// TestSelectionIsFollowed has a cluster change for two hours, of which some nodes are
// followed: the server is asked for their events only, and the sums are true.
func TestSelectionIsFollowed(t *testing.T) {
	all := []string{"pods spec.nodeName!=,", "pods spec.nodeName=,"}
	tests := []struct {
		name      string
		selection Selection
		shows     func(node string) bool
		streams   []string
	}{
		{"all", Selection{}, func(string) bool { return true }, append(all, "nodes ")},
		{"one", Selection{Names: []string{"n2"}}, func(name string) bool { return name == "n2" },
			[]string{"nodes metadata.name=n2", "pods spec.nodeName=n2,"}},
		{"several", Selection{Names: []string{"n2", "n0"}}, func(name string) bool { return name == "n2" || name == "n0" }, append(all, "nodes ")},
		{"labels", Selection{Labels: "zone=x"}, func(name string) bool { return name == labelled }, append(all, "nodes zone=x")},
		{"labels, and one without them", Selection{Labels: "zone=x", Names: []string{"n2"}}, func(string) bool { return false },
			[]string{"nodes metadata.name=n2zone=x", "pods spec.nodeName=n2,"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := &asking{fakeAPI: newFakeAPI(7), streams: make(map[string]bool)}
				cfg := DefaultConfig()
				cfg.PageSize, cfg.MaxPageSize, cfg.Nodes = 5, 5, tt.selection
				f := &followed{recorder: &recorder{}, t: t}
				ctx, cancel := context.WithCancel(t.Context())
				ended := make(chan error)
				go func() {
					ended <- newWatcher(t, cfg, server, DefaultWatchConfig()).Count(ctx, f, func(s *Snapshot) {
						f.mu.Lock()
						defer f.mu.Unlock()
						f.last = s
					})
				}()
				for range 240 {
					time.Sleep(30 * time.Second)
					server.fakeAPI.mu.Lock()
					server.change()
					server.fakeAPI.mu.Unlock()
				}
				time.Sleep(10 * time.Second) // so that what changed last is published
				cancel()
				if err := <-ended; !errors.Is(err, context.Canceled) {
					t.Errorf("it ended with %v", err)
				}
				f.want(server.fakeAPI, tt.shows, tt.selection.some())
				if got := slices.Sorted(maps.Keys(server.streams)); !slices.Equal(got, slices.Sorted(slices.Values(tt.streams))) {
					t.Errorf("streams %q, want %q", got, tt.streams)
				}
			})
		})
	}
}

// want holds the last snapshot against the truth of the nodes that are shown.
func (f *followed) want(w *fakeAPI, shows func(string) bool, some bool) {
	f.t.Helper()
	bound, unbound := w.truth(w.version)
	want, got := make(map[string]int), make(map[string]int)
	for name := range w.at(w.version, true) {
		if shows(name) {
			want[name] = bound[name]
		}
	}
	for _, node := range f.last.Nodes {
		got[node.Name] = node.ActivePods
	}
	if !maps.Equal(got, want) || f.last.Selected != some || f.last.Interrupted != nil {
		f.t.Errorf("nodes %v, Selected %v, interrupted by %v; want %v", got, f.last.Selected, f.last.Interrupted, want)
	}
	if f.last.Selected && (f.last.UnscheduledPods != 0 || f.last.UnknownNodePods != 0) || !f.last.Selected && f.last.UnscheduledPods != unbound {
		f.t.Errorf("%d unscheduled pods, %d on unknown nodes", f.last.UnscheduledPods, f.last.UnknownNodePods)
	}
	if f.audits < 3 {
		f.t.Errorf("%d audits in two hours", f.audits)
	}
}
