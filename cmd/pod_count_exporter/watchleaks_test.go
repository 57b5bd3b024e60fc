package main

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// obstacle holds up or refuses the requests of a cluster that match, and cuts its
// streams.
type obstacle struct {
	next http.Handler

	mu     sync.Mutex
	holds  func(*http.Request) bool // nil: none
	status int                      // of what would be held up, in place of that; 0: none
	met    int                      // requests that were held up or refused
	cuts   []context.CancelFunc
	http2  bool // all requests so far were
}

// ServeHTTP passes the request on, unless it is in the way.
func (o *obstacle) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	o.mu.Lock()
	met, status := o.holds != nil && o.holds(r), o.status
	if met {
		o.met++
	}
	if ofWatch(r) {
		o.cuts = append(o.cuts, cancel)
	}
	o.http2 = o.http2 && r.ProtoMajor == 2
	o.mu.Unlock()
	switch {
	case met && status != 0:
		w.WriteHeader(status)
	case met:
		<-ctx.Done()
	default:
		o.next.ServeHTTP(w, r.WithContext(ctx))
	}
}

// stands puts the obstacle in the way of the requests that match from now on.
func (o *obstacle) stands(holds func(*http.Request) bool, status int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.holds, o.status, o.met = holds, status, 0
}

// cut ends all streams.
func (o *obstacle) cut() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, cut := range o.cuts {
		cut()
	}
	o.cuts = nil
}

// missing is how many requests the obstacle has yet to meet.
func (o *obstacle) missing(of int) func() int {
	return func() int {
		o.mu.Lock()
		defer o.mu.Unlock()
		return of - o.met
	}
}

func ofWatch(r *http.Request) bool { return r.URL.Query().Get("watch") != "" }

func ofPods(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/pods") && !ofWatch(r) }

// TestRemovedWatchedClustersLeaveNothing follows clusters over TLS and HTTP/2, as the API
// server has it, and removes one in each phase: no goroutine and no connection is left.
func TestRemovedWatchedClustersLeaveNothing(t *testing.T) {
	const followed = `pod_count_mode_info{cluster="goes",mode="watch"} 1`
	laterPage := func(r *http.Request) bool { return ofPods(r) && r.URL.Query().Get("continue") != "" }
	var streams atomic.Int64
	sim := simulated(t)
	stays := serveSecure(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if ofWatch(r) {
			streams.Add(1)
		}
		sim.ServeHTTP(w, r)
	}))
	o := &obstacle{next: simulated(t), http2: true}
	goes := serveSecure(t, o)
	dir := t.TempDir()
	withCertificateFiles(t, dir, "stays", stays.URL)
	e := start(t, "--kubeconfig="+dir, "--collector.mode=watch", "--collector.page-size=5", "--collector.max-page-size=5")
	e.await(t, "/metrics", `pod_count_mode_info{cluster="stays",mode="watch"} 1`)
	settle(t, "streams still to open", func() int { return 3 - int(streams.Load()) }, 0)
	settle(t, "connections", stays.connections, 1)
	goroutines := runtime.NumGoroutine()
	for _, tt := range []struct {
		name   string
		holds  func(*http.Request) bool // from the start
		status int
		then   func() // once it is followed; nil: it does not get there
		meets  int
	}{
		{"start with a page held up while the streams are open", laterPage, 0, nil, 1},
		{"start of streams that are not answered", ofWatch, 0, nil, 1},
		{"start of streams that are refused", ofWatch, http.StatusServiceUnavailable, nil, 6},
		{"followed", nil, 0, func() {}, 0},
		{"break and refused", nil, 0, func() { o.stands(ofWatch, http.StatusServiceUnavailable); o.cut() }, 6},
		{"break and not answered", nil, 0, func() { o.stands(ofWatch, 0); o.cut() }, 1},
		{"audit", nil, 0, func() {
			o.stands(laterPage, 0)
			e.get(t, "/api/v1/nodes?cluster=goes&fresh=true&timeout=100ms")
		}, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for range 3 {
				o.stands(tt.holds, tt.status)
				withCertificateFiles(t, dir, "goes", goes.URL)
				e.reload(t, http.StatusOK, "reloaded")
				e.get(t, "/api/v1/nodes?cluster=goes&timeout=100ms") // it is counted from now on
				if tt.then != nil {
					e.await(t, "/metrics?cluster[]=goes", followed)
					tt.then()
				}
				settle(t, "requests still to come", o.missing(tt.meets), 0)
				if err := os.Remove(filepath.Join(dir, "goes")); err != nil {
					t.Fatal(err)
				}
				e.reload(t, http.StatusOK, "reloaded")
				settle(t, "connections", goes.connections, 0)
			}
			settle(t, "goroutines", runtime.NumGoroutine, goroutines)
		})
	}
	if !o.http2 || stays.connections() != 1 {
		t.Errorf("HTTP/2: %t; %d connections of the cluster that stays, want 1", o.http2, stays.connections())
	}
}
