package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/exporter-toolkit/web"

	"github.com/kube-node-manager/pod_count_exporter/collector"
	"github.com/kube-node-manager/pod_count_exporter/collector/page"
)

// Paths that the telemetry path must not overlap.
const (
	managementPrefix = "/-/"
	pprofPrefix      = "/debug/pprof/"
	apiPrefix        = "/api/"
	discoveryPath    = "/sd"
)

const (
	// shutdownTimeout leaves one of the five seconds that a stop may take.
	shutdownTimeout = 4 * time.Second
	// lastWait is for counts, which end with the shutdown's beginning, when connections
	// have taken all of the shutdownTimeout.
	lastWait = 100 * time.Millisecond
)

// server is the exporter's HTTP side. Each listener has its own http.Server:
// exporter-toolkit changes the server it is given when there is a web
// configuration file, and two listeners would do so at the same time.
type server struct {
	flags   *web.FlagConfig
	mux     *http.ServeMux
	logger  *slog.Logger
	foreign *foreign // takes what net/http logs of the connections
	ready   atomic.Bool
	sockets []socket
}

type socket struct {
	listener net.Listener
	server   *http.Server
}

func newServer(f *flags, logger *slog.Logger, library *foreign) *server {
	s := &server{flags: f.web, mux: http.NewServeMux(), logger: logger, foreign: library}
	s.mux.HandleFunc("GET "+managementPrefix+"healthy", s.healthy)
	s.mux.HandleFunc("GET "+managementPrefix+"ready", s.isReady)
	if f.pprof {
		addPprof(s.mux)
	}
	return s
}

// serveCollector adds the endpoints that show the clusters.
func (s *server) serveCollector(f *flags, c *collector.Collector, process prometheus.Gatherer) error {
	status, err := c.StatusPage(about(f))
	if err != nil {
		return err
	}
	s.mux.Handle("GET "+page.OverviewPath+"{$}", status)
	s.mux.Handle("GET "+page.ClusterPath, status)
	s.mux.Handle("GET "+page.AssetsPrefix, status)
	s.mux.Handle("GET "+f.telemetryPath, c.Handler(process))
	s.mux.Handle("GET "+discoveryPath, c.Discovery(f.telemetryPath))
	s.mux.Handle(apiPrefix, c.API())
	return nil
}

// ownSite refuses requests that a page of another site has a browser send, except for
// reading. Programs that are not browsers, like curl, do not send the headers that
// show this.
func ownSite(next http.Handler) http.Handler {
	protection := http.NewCrossOriginProtection()
	protection.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusForbidden, "refused: the request comes from a page of another site (Sec-Fetch-Site, Origin)")
	}))
	return protection.Handler(next)
}

// addPprof adds the handlers one by one: importing the package has added them to the
// default mux, which is never served.
func addPprof(mux *http.ServeMux) {
	mux.HandleFunc("GET "+pprofPrefix, pprof.Index)
	mux.HandleFunc("GET "+pprofPrefix+"cmdline", pprof.Cmdline)
	mux.HandleFunc("GET "+pprofPrefix+"profile", withoutDeadline(pprof.Profile))
	mux.HandleFunc("GET "+pprofPrefix+"symbol", pprof.Symbol)
	mux.HandleFunc("GET "+pprofPrefix+"trace", withoutDeadline(pprof.Trace))
}

func (s *server) healthy(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, "healthy")
}

func (s *server) isReady(w http.ResponseWriter, _ *http.Request) {
	if !s.ready.Load() {
		answer(w, http.StatusServiceUnavailable, "not ready")
		return
	}
	answer(w, http.StatusOK, "ready")
}

func answer(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	// A client that has gone needs no answer.
	_, _ = fmt.Fprintln(w, text)
}

// listen opens the sockets. The context of requests is process: when it ends, scrapes
// that wait for a count answer with what there is.
func (s *server) listen(ctx, process context.Context) error {
	listeners, err := listen(ctx, s.flags)
	if err != nil {
		return err
	}
	for _, l := range listeners {
		limited := limitedServer(process, ownSite(withLanding(s.mux)))
		limited.ErrorLog = log.New(s.foreign, "", 0)
		s.sockets = append(s.sockets, socket{listener: l, server: limited})
	}
	return nil
}

// start serves all sockets. The channel returns the errors of those that fail; a
// shutdown is not an error.
func (s *server) start() <-chan error {
	failed := make(chan error, len(s.sockets))
	for _, so := range s.sockets {
		go func() {
			if err := web.Serve(so.listener, so.server, s.flags, s.logger); !errors.Is(err, http.ErrServerClosed) {
				failed <- fmt.Errorf("serving %s: %w", so.listener.Addr(), err)
			}
		}()
	}
	s.ready.Store(true)
	return failed
}

// shutdown waits for running requests until ctx ends, then closes their connections.
func (s *server) shutdown(ctx context.Context) error {
	var errs []error
	for _, so := range s.sockets {
		if err := so.server.Shutdown(ctx); err != nil {
			errs = append(errs, err, so.server.Close())
		}
	}
	return errors.Join(errs...)
}
