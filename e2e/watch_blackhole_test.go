//go:build e2e

package e2e

import (
	"context"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
	"time"

	"k8s.io/client-go/rest"
)

// silentPipe passes connections on, until it is told to swallow what passes on those
// that there are, as a firewall that has forgotten them does.
type silentPipe struct {
	address string
	mu      sync.Mutex
	open    []*swallower
}

// swallower writes on until it swallows.
type swallower struct {
	io.Writer
	mu        sync.Mutex
	swallowed bool
}

// Write never fails while it swallows: nobody learns of it.
func (s *swallower) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.swallowed {
		return len(p), nil
	}
	return s.Writer.Write(p)
}

func startSilentPipe(t *testing.T, target string) *silentPipe {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	must(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(func() {
		cancel()
		_ = listener.Close()
	})
	p := &silentPipe{address: listener.Addr().String()}
	go func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			go p.join(ctx, near, target)
		}
	}()
	return p
}

func (p *silentPipe) join(ctx context.Context, near net.Conn, target string) {
	far, err := new(net.Dialer).DialContext(ctx, "tcp", target)
	if err != nil {
		_ = near.Close()
		return
	}
	up, down := &swallower{Writer: far}, &swallower{Writer: near}
	p.mu.Lock()
	p.open = append(p.open, up, down)
	p.mu.Unlock()
	context.AfterFunc(ctx, func() { _, _ = near.Close(), far.Close() })
	go func() { _, _ = io.Copy(up, near) }() // the ends are what the test looks at
	_, _ = io.Copy(down, far)
}

// swallow makes all connections that there are silent.
func (p *silentPipe) swallow() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.open {
		s.mu.Lock()
		s.swallowed = true
		s.mu.Unlock()
	}
	p.open = nil
}

// TestWatchDeadConnection has the exporter's connections swallowed without a sign:
// HTTP/2 pings find out, and the streams go on over others with nothing missed.
func TestWatchDeadConnection(t *testing.T) {
	t.Parallel()
	cp := startControlPlane(t, clusterArgs(34, 5, 100)...)
	target, err := url.Parse(cp.api.cfg.Host)
	must(t, err)
	pipe := startSilentPipe(t, target.Host)
	kubeconfig := writeKubeconfig(t, &rest.Config{Host: "https://" + pipe.address, TLSClientConfig: rest.TLSClientConfig{CAData: cp.api.cfg.CAData}}, watcherToken(t, cp))
	e := startExporter(t, kubeconfig, "--collector.mode=watch", "--watch.audit-interval=0s")
	followed(t, cp, e)
	pipe.swallow()
	swallowed := time.Now()
	writer := podWriter{api: cp.api, names: names("unseen")}
	for range 10 {
		_, err := writer.create(t.Context(), anyNode(cp))
		must(t, err)
	}
	followed(t, cp, e)
	t.Logf("pods that came after the connection died were there %s later", time.Since(swallowed).Round(time.Second))
	got := e.scrape(t)
	if restarts := got.by(t, "pod_count_watch_restarts_total", "reason"); restarts["network"] == 0 || restarts["expired"]+restarts["drift"] > 0 {
		t.Errorf("restarts %v, want some for the network, and no new list", restarts)
	}
}
