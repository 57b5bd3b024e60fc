package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime/debug"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/exporter-toolkit/web"

	"github.com/kube-node-manager/pod_count_exporter/collector/cluster"
	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
)

// timed keeps the deadline that an answer has.
type timed struct {
	*httptest.ResponseRecorder
	until time.Time
}

// SetWriteDeadline is what an http.ResponseController calls.
func (d *timed) SetWriteDeadline(until time.Time) error {
	d.until = until
	return nil
}

// The answers of the listeners have the deadline that is tested elsewhere.
func TestListenersHaveDeadlines(t *testing.T) {
	addresses, systemd := []string{"127.0.0.1:0", "127.0.0.1:0"}, false
	s := &server{flags: &web.FlagConfig{WebListenAddresses: &addresses, WebSystemdSocket: &systemd}, mux: http.NewServeMux(), foreign: &foreign{}}
	if err := s.listen(t.Context(), t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, so := range s.sockets {
		defer func() { _ = so.listener.Close() }()
		if so.server.BaseContext(so.listener) != t.Context() {
			t.Error("requests do not end with the process")
		}
		w := &timed{ResponseRecorder: httptest.NewRecorder()}
		so.server.Handler.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/nowhere", nil))
		if w.until.IsZero() || so.server.HTTP2 == nil {
			t.Error("an answer has no deadline")
		}
	}
}

// Of what is below the path of the profiles, only those that are asked for a time have no
// deadline.
func TestDeadlinesOfProfiles(t *testing.T) {
	mux := http.NewServeMux()
	addPprof(mux)
	served := withDeadline(ownSite(withLanding(mux)))
	for path, limited := range map[string]bool{
		"": true, "heap": true, "cmdline": true, "symbol": true, "nowhere": true,
		"trace?seconds=0.001": false,
	} {
		w := &timed{ResponseRecorder: httptest.NewRecorder()}
		served.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, pprofPrefix+path, nil))
		if w.until.IsZero() == limited {
			t.Errorf("%q, status %d: a deadline %t, want %t", path, w.Code, !w.until.IsZero(), limited)
		}
	}
}

// entered is a Gate with any number of places. It counts who enters.
type entered struct{ atomic.Int64 }

func (e *entered) Enter(context.Context, bool, func()) (podcount.Place, error) {
	e.Add(1)
	return e, nil
}
func (e *entered) Yield()     {}
func (e *entered) Came()      {}
func (e *entered) Leave(bool) {}

// Whoever counts does so through the gate that all share, and in the lanes of its login,
// which are those of the next Counter of that login too.
func TestCountersShareGateAndLanes(t *testing.T) {
	for _, mode := range []string{"list", "watch"} {
		t.Run(mode, func(t *testing.T) {
			f, _, err := parseFlags([]string{"--collector.mode=" + mode}, io.Discard)
			if err != nil {
				t.Fatal(err)
			}
			c := newCounting(f)
			var pages, streams chan struct{}
			sim, alone := simulated(t), atomic.Int64{}
			ctx, cancel := context.WithCancel(t.Context())
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				lane, watches := pages, r.URL.Query().Get("watch") != ""
				if watches {
					lane = streams
				}
				if len(lane) == 0 {
					alone.Add(1)
				}
				if watches {
					cancel() // all has been seen
				}
				sim.ServeHTTP(w, r)
			}))
			t.Cleanup(server.Close)
			one := cluster.NewLoader(cluster.Options{Kubeconfigs: []string{kubeconfig(t, server.URL)}}).Load().Clusters[0]
			pages, streams = c.lanes.of(one), c.streamLanes.of(one)
			gate := &entered{}
			counter, clients, err := c.counter(one, gate)
			if err != nil {
				t.Fatal(err)
			}
			defer release(clients)
			if err := counter.Count(ctx, unseen{}, func(*podcount.Snapshot) {}); err != nil && ctx.Err() == nil {
				t.Fatal(err)
			}
			cancel()
			if gate.Load() == 0 || alone.Load() > 0 {
				t.Errorf("%d answers came through the gate, %d requests were outside of their lane", gate.Load(), alone.Load())
			}
		})
	}
}

// unseen observes nothing.
type unseen struct{}

func (unseen) Started(int)              {}
func (unseen) Page(podcount.Page)       {}
func (unseen) Event(podcount.Event)     {}
func (unseen) Watched(podcount.Watched) {}

// All clusters share the budget that GOMEMLIMIT gives, and have none without it.
func TestClustersShareABudget(t *testing.T) {
	for name, limit := range map[string]int64{"GOMEMLIMIT": 120 << 20, "none": 1<<63 - 1} {
		t.Run(name, func(t *testing.T) {
			before, grown := debug.SetMemoryLimit(limit), debug.SetGCPercent(100)
			defer debug.SetMemoryLimit(before)
			defer debug.SetGCPercent(grown)
			f, _, err := parseFlags([]string{"--web.listen-address=127.0.0.1:0", "--kubeconfig=" + kubeconfig(t, "https://127.0.0.1:1")}, io.Discard)
			if err != nil {
				t.Fatal(err)
			}
			a, err := newApp(t.Context(), f, noEnv(), io.Discard)
			if err != nil {
				t.Fatal(err)
			}
			a.shutdown(t.Context())
			if budget := a.fleet.counting.pages.Budget; (budget != nil) != (name == "GOMEMLIMIT") {
				t.Errorf("the budget is %v", budget)
			}
		})
	}
}
