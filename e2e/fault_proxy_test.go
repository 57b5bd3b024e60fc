//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path"
	"slices"
	"sync"
	"testing"
	"time"

	"k8s.io/client-go/rest"
)

// faultProxy stands between the exporter and the API server. It asks the API
// server for every page itself, so a fault can be laid on a page by what the
// true answer is.
type faultProxy struct {
	server   *httptest.Server
	target   *url.URL
	upstream *http.Transport

	mu      sync.Mutex
	numbers map[string]int // of the pages, by the token that asks for them
	log     []entry
	plan    *plan
	hold    *hold
}

// entry is one request and what became of it.
type entry struct {
	page
	at    time.Time
	whole bool // the exporter got the API server's own answer
}

// page says which page was asked for, and with which answer.
type page struct {
	resource string // pods or nodes
	token    string // that asked for it
	number   int    // 1 for the first
	last     bool   // its answer has no token; known once it is there
}

// plan lays a fault on pages.
type plan struct {
	where func(page) bool
	fault fault
	times int // how often it is left; forever does not end
}

const forever = -1

// startFaultProxy serves HTTP/2, as the API server does, or HTTP/1.1 as many a
// load balancer.
func startFaultProxy(t *testing.T, cp *controlPlane, http2 bool) *faultProxy {
	t.Helper()
	target, err := url.Parse(cp.api.cfg.Host)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(cp.api.cfg.CAData)
	p := &faultProxy{target: target, numbers: map[string]int{}, upstream: &http.Transport{
		TLSClientConfig:   &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		ForceAttemptHTTP2: true,
	}}
	t.Cleanup(p.upstream.CloseIdleConnections) // or the API server would wait for them when it stops
	p.server = httptest.NewUnstartedServer(p)
	p.server.EnableHTTP2 = http2
	p.server.Config.ErrorLog = log.New(io.Discard, "", 0) // broken connections are what it is for
	p.server.Config.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		return context.WithValue(ctx, connection{}, c)
	}
	p.server.StartTLS()
	t.Cleanup(p.server.Close)
	return p
}

// kubeconfig leads to the proxy.
func (p *faultProxy) kubeconfig(t *testing.T, token string) string {
	t.Helper()
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.server.Certificate().Raw})
	return writeKubeconfig(t, &rest.Config{
		Host: p.server.URL, TLSClientConfig: rest.TLSClientConfig{CAData: ca},
	}, token)
}

// inject lays a fault on the pages that where chooses, in place of an earlier
// one; heal takes it away.
func (p *faultProxy) inject(where func(page) bool, f fault, times int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.plan = &plan{where: where, fault: f, times: times}
}

func (p *faultProxy) heal() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.plan = nil
}

// requests is what has been asked for so far, in order.
func (p *faultProxy) requests() []entry {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.log)
}

// ServeHTTP answers as the API server does, unless the page has a fault.
func (p *faultProxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	asked, index := p.arrived(r)
	p.wait(r.Context(), asked)
	a, err := p.ask(r)
	switch {
	case r.Context().Err() != nil: // the exporter has given up
		return
	case err != nil:
		reset(w, r, a) // what a server that has died looks like
	}
	if f := p.answered(asked, a, index); f != nil {
		f(w, r, a)
		return
	}
	a.write(w)
}

// arrived notes a request.
func (p *faultProxy) arrived(r *http.Request) (asked page, index int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	asked = page{resource: path.Base(r.URL.Path), token: r.URL.Query().Get("continue"), number: 1}
	if asked.token != "" {
		asked.number = p.numbers[asked.token]
	}
	p.log = append(p.log, entry{page: asked, at: time.Now()})
	return asked, len(p.log) - 1
}

// answered notes the API server's answer, and returns the fault that the
// exporter gets in its place, if any.
func (p *faultProxy) answered(asked page, a answer, index int) fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	next := a.token()
	asked.last = next == ""
	if next != "" {
		p.numbers[next] = asked.number + 1
	}
	if p.plan != nil && p.plan.times != 0 && p.plan.where(asked) {
		p.plan.times--
		return p.plan.fault
	}
	p.log[index].whole = a.status == http.StatusOK
	return nil
}

// answer is the API server's.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// ask passes the request on and takes the whole answer in.
func (p *faultProxy) ask(r *http.Request) (answer, error) {
	out := r.Clone(r.Context())
	out.RequestURI, out.Host = "", p.target.Host
	out.URL.Scheme, out.URL.Host = p.target.Scheme, p.target.Host
	resp, err := p.upstream.RoundTrip(out)
	if err != nil {
		return answer{}, err
	}
	body, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, resp.Header, body}, errors.Join(err, resp.Body.Close())
}

// write passes the answer back. Whether the exporter takes it is its affair.
func (a answer) write(w http.ResponseWriter) {
	for name, values := range a.header {
		w.Header()[name] = values
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body)
}

// token is the one of the next page. Compressed answers have none: only nodes
// come compressed, and they fit on one page.
func (a answer) token() string {
	var list struct {
		Metadata struct {
			Continue string `json:"continue"`
		} `json:"metadata"`
	}
	if !bytes.HasPrefix(a.body, []byte("{")) || json.Unmarshal(a.body, &list) != nil {
		return ""
	}
	return list.Metadata.Continue
}
