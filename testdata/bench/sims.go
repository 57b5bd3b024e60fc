package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"path/filepath"
	"time"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/kube-node-manager/pod_count_exporter/internal/kubesim"
)

// sims are simulated clusters behind one address over TLS, each at a path of its
// own.
type sims struct {
	server   *http.Server
	url      string
	ca       []byte
	mux      *http.ServeMux
	clusters []sim
}

// sim is one of them, with what an exporter should say of it.
type sim struct {
	name   string
	server *kubesim.Server
	config *clientcmdapi.Config
	truth  kubesim.Truth
}

// startSims serves nothing yet.
func startSims(ctx context.Context) (*sims, error) {
	pair, ca, err := kubesim.Certificate()
	if err != nil {
		return nil, err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("simulated clusters: %w", err)
	}
	s := &sims{url: "https://" + listener.Addr().String(), ca: ca, mux: http.NewServeMux()}
	s.server = &http.Server{
		Handler: s.mux, ReadHeaderTimeout: time.Minute,
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12},
		ErrorLog:  log.New(io.Discard, "", 0), // of connections that the exporter gave up
	}
	go func() { _ = s.server.ServeTLS(listener, "", "") }() // ends with close
	return s, nil
}

func (s *sims) close() { _ = s.server.Close() }

// add makes a cluster.
func (s *sims) add(name string, cfg kubesim.Config) error {
	cfg.Cluster = name
	server, err := kubesim.New(cfg)
	if err != nil {
		return err
	}
	path := "/" + name
	s.mux.Handle(path+"/", http.StripPrefix(path, server))
	s.clusters = append(s.clusters, sim{name: name, server: server, config: server.Kubeconfig(s.url+path, s.ca), truth: server.Truth()})
	return nil
}

// kubeconfig writes those of the first n clusters into a file in dir.
func (s *sims) kubeconfig(dir string, n int) (string, error) {
	all := clientcmdapi.NewConfig()
	for _, c := range s.clusters[:n] {
		all.Clusters[c.name] = c.config.Clusters[c.name]
		all.AuthInfos[c.name] = c.config.AuthInfos[c.name]
		all.Contexts[c.name] = c.config.Contexts[c.name]
	}
	all.CurrentContext = s.clusters[0].name // informers are of one cluster
	path := filepath.Join(dir, fmt.Sprintf("kubeconfig-%d", n))
	if err := clientcmd.WriteToFile(*all, path); err != nil {
		return "", fmt.Errorf("writing a kubeconfig: %w", err)
	}
	return path, nil
}
