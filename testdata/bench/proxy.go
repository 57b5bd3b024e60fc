package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"path"
	"path/filepath"
	"sync"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// proxy stands in front of the API server and counts the bodies of its answers,
// compressed ones as they come. It takes time of its own, so what goes through
// it is not timed.
type proxy struct {
	kubeconfig string // of the API server behind the proxy
	server     *http.Server

	mu    sync.Mutex
	bytes map[string]int64 // by resource: pods, nodes
}

// startProxy listens on loopback and writes a kubeconfig for it to dir.
func startProxy(ctx context.Context, kubeconfig, dir string) (*proxy, error) {
	target, transport, err := upstream(kubeconfig)
	if err != nil {
		return nil, fmt.Errorf("proxy: %w", err)
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("proxy: %w", err)
	}
	p := &proxy{
		kubeconfig: filepath.Join(dir, "proxy.kubeconfig"),
		bytes:      map[string]int64{},
	}
	if err := rewriteKubeconfig(kubeconfig, p.kubeconfig, "http://"+listener.Addr().String()); err != nil {
		return nil, errors.Join(fmt.Errorf("proxy: %w", err), listener.Close())
	}
	p.server = &http.Server{Handler: &httputil.ReverseProxy{
		Rewrite:        func(r *httputil.ProxyRequest) { r.SetURL(target) },
		Transport:      transport,
		ModifyResponse: p.watch,
	}}
	go func() { _ = p.server.Serve(listener) }() // ends with stop
	return p, nil
}

func (p *proxy) stop() { _ = p.server.Close() }

// upstream gives the way to the API server that kubeconfig names.
func upstream(kubeconfig string) (*url.URL, http.RoundTripper, error) {
	cfg, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, nil, err
	}
	target, err := url.Parse(cfg.Host)
	if err != nil {
		return nil, nil, err
	}
	cfg.DisableCompression = true // whether to compress is between the two ends
	transport, err := rest.TransportFor(cfg)
	return target, transport, err
}

// rewriteKubeconfig copies a kubeconfig, with another server and no TLS.
func rewriteKubeconfig(from, to, server string) error {
	cfg, err := clientcmd.LoadFromFile(from)
	if err != nil {
		return err
	}
	for _, cluster := range cfg.Clusters {
		cluster.Server = server
		cluster.CertificateAuthorityData = nil
		cluster.CertificateAuthority = ""
	}
	return clientcmd.WriteToFile(*cfg, to)
}

// take returns the bytes by resource since the last call.
func (p *proxy) take() map[string]int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	taken := p.bytes
	p.bytes = map[string]int64{}
	return taken
}

func (p *proxy) watch(response *http.Response) error {
	resource := path.Base(response.Request.URL.Path)
	response.Body = &countedBody{ReadCloser: response.Body, count: func(n int) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.bytes[resource] += int64(n)
	}}
	return nil
}

// countedBody tells how much is read of it.
type countedBody struct {
	io.ReadCloser
	count func(n int)
}

// Read implements io.Reader.
func (b *countedBody) Read(buf []byte) (int, error) {
	n, err := b.ReadCloser.Read(buf)
	b.count(n)
	return n, err
}
