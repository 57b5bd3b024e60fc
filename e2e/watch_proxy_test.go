//go:build e2e

package e2e

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"

	"k8s.io/client-go/rest"
)

// streamProxy passes on what the API server says, streams of events too, and cuts
// streams or leaves out an event when it is told to.
type streamProxy struct {
	server *httptest.Server

	mu   sync.Mutex
	open map[*watchBody]bool
	cuts int                                    // at once
	amid int                                    // amid an event
	drop func(watch *url.URL, line []byte) bool // nil: nothing is left out
}

var errCutByProxy = errors.New("the stream was cut by the proxy")

func startStreamProxy(t *testing.T, cp *controlPlane) *streamProxy {
	t.Helper()
	target, err := url.Parse(cp.api.cfg.Host)
	must(t, err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(cp.api.cfg.CAData)
	p := &streamProxy{open: map[*watchBody]bool{}}
	upstream := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true}
	t.Cleanup(upstream.CloseIdleConnections)
	proxy := &httputil.ReverseProxy{
		Rewrite:        func(r *httputil.ProxyRequest) { r.SetURL(target) },
		Transport:      upstream,
		FlushInterval:  -1,
		ModifyResponse: p.wrap,
		ErrorLog:       log.New(io.Discard, "", 0), // broken connections are what it is for
	}
	p.server = httptest.NewUnstartedServer(proxy)
	p.server.EnableHTTP2 = true
	p.server.Config.ErrorLog = log.New(io.Discard, "", 0)
	p.server.StartTLS()
	t.Cleanup(func() {
		p.cut(func(*url.URL) bool { return true }, false)
		p.server.Close()
	})
	return p
}

func (p *streamProxy) kubeconfig(t *testing.T, token string) string {
	t.Helper()
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.server.Certificate().Raw})
	return writeKubeconfig(t, &rest.Config{Host: p.server.URL, TLSClientConfig: rest.TLSClientConfig{CAData: ca}}, token)
}

// wrap takes the answers of watches apart by lines.
func (p *streamProxy) wrap(r *http.Response) error {
	if r.Request.URL.Query().Get("watch") == "" || r.StatusCode != http.StatusOK {
		return nil
	}
	body := &watchBody{proxy: p, url: r.Request.URL, body: r.Body, lines: bufio.NewReaderSize(r.Body, 1<<20), ended: make(chan struct{})}
	p.mu.Lock()
	p.open[body] = true
	p.mu.Unlock()
	r.Body = body
	return nil
}

// cut ends the open streams that fit, and says whether there are any. Amid an event means
// within the next one; until there is one such a stream goes on.
func (p *streamProxy) cut(fits func(watch *url.URL) bool, amid bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	found := false
	for body := range p.open {
		if !fits(body.url) {
			continue
		}
		found = true
		if amid {
			body.amid.Store(true)
		} else if body.end() {
			p.cuts++
		}
	}
	return found
}

// leaveOut drops the next event that fits.
func (p *streamProxy) leaveOut(fits func(watch *url.URL, line []byte) bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.drop = fits
}

// cutSoFar is how many streams were cut at once, and amid an event.
func (p *streamProxy) cutSoFar() (atOnce, amid int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cuts, p.amid
}

// dropped says whether the event that was to be left out has been.
func (p *streamProxy) dropped() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.drop == nil
}

func (p *streamProxy) drops(watch *url.URL, line []byte) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.drop == nil || !p.drop(watch, line) {
		return false
	}
	p.drop = nil
	return true
}

// watchBody is the body of one watch.
type watchBody struct {
	proxy *streamProxy
	url   *url.URL
	amid  atomic.Bool // half of the next event is the last of it
	body  io.ReadCloser
	lines *bufio.Reader
	rest  bytes.Buffer
	once  sync.Once
	ended chan struct{}
}

// end cuts the stream off, and says whether it was open.
func (b *watchBody) end() bool {
	open := false
	b.once.Do(func() {
		open = true
		close(b.ended)
		_ = b.body.Close()
	})
	return open
}

// Read gives whole events, unless the stream is cut amid one.
func (b *watchBody) Read(buffer []byte) (int, error) {
	for b.rest.Len() == 0 {
		line, err := b.lines.ReadBytes('\n')
		select {
		case <-b.ended:
			return 0, errCutByProxy
		default:
		}
		if b.amid.CompareAndSwap(true, false) && len(line) > 1 {
			b.rest.Write(line[:len(line)/2])
			if b.end() {
				b.proxy.mu.Lock()
				b.proxy.amid++
				b.proxy.mu.Unlock()
			}
			break
		}
		if !b.proxy.drops(b.url, line) {
			b.rest.Write(line)
		}
		if err != nil && b.rest.Len() == 0 {
			return 0, err
		}
	}
	return b.rest.Read(buffer)
}

// Close ends the watch at the API server too.
func (b *watchBody) Close() error {
	b.proxy.mu.Lock()
	delete(b.proxy.open, b)
	b.proxy.mu.Unlock()
	b.end()
	return nil
}
