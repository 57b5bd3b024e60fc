package store

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
	"github.com/kube-node-manager/pod_count_exporter/internal/kubesim"
)

// listCounter counts the lists of pods that pass.
type listCounter struct {
	next  http.RoundTripper
	lists atomic.Int64
}

// RoundTrip passes the request on.
func (l *listCounter) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasSuffix(r.URL.Path, "/pods") && r.URL.Query().Get("watch") == "" {
		l.lists.Add(1)
	}
	return l.next.RoundTrip(r)
}

func newWatcher(t *testing.T, transport http.RoundTripper, host string) *podcount.Watcher {
	t.Helper()
	base, err := url.Parse(host)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: transport}
	counter, err := podcount.New(podcount.DefaultConfig(), client, base)
	if err != nil {
		t.Fatal(err)
	}
	watcher, err := podcount.NewWatcher(counter, client, podcount.DefaultWatchConfig())
	if err != nil {
		t.Fatal(err)
	}
	return watcher
}

// TestStreamsOutliveReloads replaces the credentials of a cluster that is followed, twice
// and without a count in between: the last Watcher goes on where the first one was, and
// nothing is listed.
func TestStreamsOutliveReloads(t *testing.T) {
	fault := Unusable(errors.New("its kubeconfig is wrong"))
	for name, stopped := range map[string]struct {
		before []Counter // the two Watchers, while nothing counts
		after  []Counter // and amid them
	}{
		"while it is followed": {},
		"after a fault":        {before: []Counter{fault}},
		"with a fault amid":    {after: []Counter{fault}},
		"with faults":          {before: []Counter{fault}, after: []Counter{fault}},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				sim, err := kubesim.New(kubesim.Config{Cluster: "a", Nodes: 3, Pods: 30, Seed: 1})
				if err != nil {
					t.Fatal(err)
				}
				tap := &listCounter{}
				config, stop := sim.Start()
				defer stop()
				config.Wrap(func(next http.RoundTripper) http.RoundTripper { tap.next = next; return tap })
				transport, err := rest.TransportFor(config)
				if err != nil {
					t.Fatal(err)
				}
				s, _ := newStore(t, nil)
				defer s.Set()
				set := func(counters ...Counter) {
					for _, counter := range counters {
						s.Set(Target{"a", config.Host, counter})
					}
				}
				set(newWatcher(t, transport, config.Host))
				s.Warm()
				time.Sleep(10 * time.Second)
				lists := tap.lists.Load()
				set(stopped.before...)
				time.Sleep(time.Duration(len(stopped.before)) * time.Second) // a fault ends the count
				set(newWatcher(t, transport, config.Host))
				set(stopped.after...)
				set(newWatcher(t, transport, config.Host))
				sim.CreatePod(sim.NodeNames()[1])
				s.Warm()
				time.Sleep(10 * time.Second)
				view := s.Find("a").View()
				if view.Progress != (Progress{}) {
					t.Errorf("a count is said to run: %+v", view.Progress)
				}
				got := view.Snapshot
				if got == nil || got.Mode != podcount.ModeWatch || got.Interrupted != nil || got.ActivePods() != sim.Truth().ActivePods {
					t.Errorf("it shows %d pods, interrupted by %v, want one that is followed, with %d", got.ActivePods(), got.Interrupted, sim.Truth().ActivePods)
				}
				if n := tap.lists.Load() - lists; n != 0 || lists == 0 {
					t.Errorf("pods were listed %d times, and %d times again", lists, n)
				}
			})
		})
	}
}
