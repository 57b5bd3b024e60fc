package main

import (
	"net/http"
	"strings"
	"sync"
	"testing"
)

// connections notes by which connections the requests of a cluster come, and hangs at a
// page when it is told to.
type connections struct {
	next http.Handler

	mu      sync.Mutex
	streams map[string]int // that are open, by their connection
	ended   int            // streams
	hang    bool           // at the next page of pods
	hung    string         // the connection of the page that hung
	pages   []string       // the connections of the pages since
	proto   string
}

// ServeHTTP passes the request on.
func (c *connections) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	watch, pods := r.URL.Query().Get("watch") != "", strings.HasSuffix(r.URL.Path, "/pods")
	c.mu.Lock()
	c.proto = r.Proto
	hang := c.hang && pods && !watch
	switch {
	case watch:
		c.streams[r.RemoteAddr]++
		defer c.streamEnds(r.RemoteAddr)
	case hang:
		c.hang, c.hung = false, r.RemoteAddr
	case c.hung != "":
		c.pages = append(c.pages, r.RemoteAddr)
	}
	c.mu.Unlock()
	if hang {
		<-r.Context().Done()
		return
	}
	c.next.ServeHTTP(w, r)
}

func (c *connections) streamEnds(connection string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.streams[connection]--
	c.ended++
}

func (c *connections) set(hang bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.hang = hang
}

// TestStreamsHaveConnectionsOfTheirOwn lets a page of an audit time out, which closes its
// connection. Over HTTP/2, all requests of a client share one, and the streams must not be
// among them.
func TestStreamsHaveConnectionsOfTheirOwn(t *testing.T) {
	c := &connections{next: simulated(t), streams: make(map[string]int)}
	server := serveSecure(t, c)
	dir := t.TempDir()
	withCertificateFiles(t, dir, "one", server.URL)
	e := start(t, "--kubeconfig="+dir, "--collector.mode=watch", "--collector.page-timeout=500ms")
	e.await(t, "/metrics", `pod_count_mode_info{cluster="one",mode="watch"} 1`)
	c.set(true)
	e.get(t, "/api/v1/nodes?cluster=one&fresh=true&timeout=20s") // an audit
	e.log.await(t, `msg="Audit: the watch and a paged count agree"`)
	body := e.await(t, "/metrics", `pod_count_watch_audits_total{cluster="one",result="equal"} 1`)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.proto != "HTTP/2.0" || c.hung == "" || !strings.Contains(body, `pod_count_page_failures_total{cluster="one",reason="timeout"} 1`) {
		t.Fatalf("no page timed out over HTTP/2, but over %s at %q", c.proto, c.hung)
	}
	for _, page := range c.pages {
		if page == c.hung {
			t.Error("the connection of the page that timed out is used again")
		}
		if c.streams[page] != 0 {
			t.Errorf("page and streams share the connection %s", page)
		}
	}
	open := 0
	for _, n := range c.streams {
		open += n
	}
	if open != 3 || c.ended != 0 || c.streams[c.hung] != 0 {
		t.Errorf("%d streams are open, %d have ended, by connections %v; want 3, none, and not by %s", open, c.ended, c.streams, c.hung)
	}
	if strings.Contains(e.log.String(), "A watch failed") || sample(body, `pod_count_success{cluster="one"}`) != "1" {
		t.Errorf("the streams have broken:\n%s", e.log)
	}
}
