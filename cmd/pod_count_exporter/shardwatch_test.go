package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kube-node-manager/pod_count_exporter/collector/cluster"
)

// visited counts what an exporter asks of one API server, and which streams are open.
type visited struct {
	next http.Handler

	mu       sync.Mutex
	requests int
	open     int
	ended    chan struct{} // has a value when a stream has ended
}

// ServeHTTP passes the request on.
func (v *visited) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	watch := r.URL.Query().Get("watch") != ""
	v.mu.Lock()
	v.requests++
	if watch {
		v.open++
	}
	v.mu.Unlock()
	v.next.ServeHTTP(w, r)
	if !watch {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.open--
	select {
	case v.ended <- struct{}{}:
	default:
	}
}

// state returns how many requests there were, and how many streams are open.
func (v *visited) state() (requests, open int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.requests, v.open
}

// owned returns n names of clusters of a shard.
func owned(of cluster.Shard, n int) []string {
	var names []string
	for i := 0; len(names) < n; i++ {
		if name := fmt.Sprintf("%d-%d", of.Index, i); of.Owns(name) {
			names = append(names, name)
		}
	}
	return names
}

// TestShardIsWatched has one of two replicas in watch mode: the clusters of the other one
// get no request. Then contexts are renamed, so that each server belongs to the other
// replica: of those that have left no stream and no series is left.
func TestShardIsWatched(t *testing.T) {
	first, second := cluster.Shard{Index: 0, Count: 2}, cluster.Shard{Index: 1, Count: 2}
	ours, theirs := owned(first, 3), owned(second, 3)
	s := &sims{t: t, path: write(t, "kubeconfig", ""), urls: map[string]string{}}
	servers := map[string]*visited{}
	for _, name := range append(slices.Clone(ours), theirs...) {
		v := &visited{next: simulated(t), ended: make(chan struct{}, 1)}
		server := httptest.NewServer(v)
		t.Cleanup(server.CloseClientConnections)
		servers[name], s.urls[name] = v, server.URL
	}
	s.rewrite(append(slices.Clone(ours), theirs...)...)
	e := start(t, "--kubeconfig="+s.path, "--kubernetes.all-contexts", "--collector.mode=watch", "--shard=0/2")
	for _, name := range ours {
		e.await(t, "/metrics", fmt.Sprintf(`pod_count_mode_info{cluster=%q,mode="watch"} 1`, name))
	}
	requireShard(t, "at the start", e, servers, ours, theirs)

	for i := range ours { // each name has the other's server from now on
		s.urls[ours[i]], s.urls[theirs[i]] = s.urls[theirs[i]], s.urls[ours[i]]
	}
	s.rewrite(append(slices.Clone(ours[:2]), theirs...)...) // and one of ours is gone
	for _, name := range ours {
		servers[name].mu.Lock()
		servers[name].requests = 0
		servers[name].mu.Unlock()
	}
	e.reload(t, http.StatusOK, "")
	for _, name := range ours {
		awaitNoStream(t, servers[name])
	}
	for _, name := range theirs[:2] {
		e.awaitStreams(t, servers[name])
	}
	for _, name := range ours[:2] {
		e.await(t, "/metrics", fmt.Sprintf(`pod_count_mode_info{cluster=%q,mode="watch"} 1`, name))
	}
	requireShard(t, "after the reload", e, servers, theirs[:2], append(slices.Clone(ours), theirs[2]))
	_, body := e.get(t, "/metrics")
	if strings.Contains(body, fmt.Sprintf("cluster=%q", ours[2])) {
		t.Errorf("%s is still shown", ours[2])
	}
}

// requireShard requires three streams of each server that is followed, and no request to
// the others.
func requireShard(t *testing.T, when string, e *exporter, servers map[string]*visited, followed, others []string) {
	t.Helper()
	for _, name := range followed {
		if _, open := servers[name].state(); open != 3 {
			t.Errorf("%s: %d streams of the server of %s, want 3", when, open, name)
		}
	}
	for _, name := range others {
		if requests, open := servers[name].state(); requests != 0 || open != 0 {
			t.Errorf("%s: %d requests to the server of %s, and %d streams; want none", when, requests, name, open)
		}
	}
	_, body := e.get(t, "/metrics")
	if want := fmt.Sprintf("pod_count_clusters %d", len(followed)); !strings.Contains(body, "\n"+want+"\n") {
		t.Errorf("%s: not %s", when, want)
	}
	for line := range strings.Lines(body) {
		if strings.Contains(line, `cluster="1-`) {
			t.Errorf("%s: a cluster of the other shard: %s", when, line)
		}
	}
}

// awaitNoStream waits until a server's last stream has ended.
func awaitNoStream(t *testing.T, v *visited) {
	t.Helper()
	giveUp := time.After(patience)
	for {
		if _, open := v.state(); open == 0 {
			return
		}
		select {
		case <-v.ended:
		case <-giveUp:
			t.Fatal("streams are left of a cluster that is not ours any more")
		}
	}
}

// awaitStreams scrapes until a server has its three streams.
func (e *exporter) awaitStreams(t *testing.T, v *visited) {
	t.Helper()
	for giveUp := time.Now().Add(patience); time.Now().Before(giveUp); {
		if _, open := v.state(); open == 3 {
			return
		}
		e.get(t, "/metrics")
	}
	t.Fatal("a cluster is not watched after the reload")
}
