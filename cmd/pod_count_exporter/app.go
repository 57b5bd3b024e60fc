package main

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	versioncollector "github.com/prometheus/client_golang/prometheus/collectors/version"
	"github.com/prometheus/common/version"
	"github.com/prometheus/exporter-toolkit/web"

	"github.com/kube-node-manager/pod_count_exporter/collector"
	"github.com/kube-node-manager/pod_count_exporter/collector/cluster"
	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
)

// app is a program that is ready to serve: every file is read, every listener
// open.
type app struct {
	flags     *flags
	logger    log.Logger
	collector *collector.Collector
	server    *server
	// cancel ends the running counts.
	cancel context.CancelFunc
}

// newApp reads the files that the flags name and opens the listeners, in this
// order, so that nothing answers before everything is known to be right.
// Nothing is logged until then.
func newApp(ctx context.Context, f *flags, env cluster.Env, stderr io.Writer) (*app, error) {
	logger := newLogger(stderr, f.logFormat, f.logLevel)
	adoptLogs(logger, nil)
	if err := web.Validate(*f.web.WebConfigFile); err != nil {
		return nil, fmt.Errorf("--web.config.file=%q: %w", *f.web.WebConfigFile, withoutQuotes(err))
	}
	// The counts outlive ctx by the moment in which the readiness is taken back.
	process, cancel := context.WithCancel(context.WithoutCancel(ctx))
	a := &app{flags: f, logger: logger, cancel: cancel}
	if err := a.open(ctx, process, env); err != nil {
		cancel()
		return nil, err
	}
	return a, nil
}

func (a *app) open(ctx, process context.Context, env cluster.Env) error {
	a.collector = collector.New(process, a.logger, a.flags.cache)
	if err := a.addClusters(env); err != nil {
		return err
	}
	registry, err := processRegistry()
	if err != nil {
		return err
	}
	a.server, err = newServer(a.flags, a.collector.Handler(registry), toSlog(a.logger, slogLevel(a.flags.logLevel)))
	if err != nil {
		return err
	}
	return a.server.listen(ctx, process)
}

// addClusters loads the clusters and hands a counter for each to the collector.
func (a *app) addClusters(env cluster.Env) error {
	opts := a.flags.clusters
	opts.Env = env
	opts.UserAgent = userAgent()
	clusters, err := cluster.Load(opts)
	if err != nil {
		return err
	}
	adoptLogs(a.logger, clusters)
	for _, c := range clusters {
		client, base, err := c.Client()
		if err != nil {
			return err
		}
		pages := a.flags.pages
		pages.Redact = c.Redact
		counter, err := podcount.New(pages, client, base)
		if err != nil {
			return fmt.Errorf("%s: %w", c.Source, err)
		}
		a.collector.Add(c.Name, counter)
	}
	return nil
}

func userAgent() string {
	v := version.Version
	if v == "" {
		v = "unknown"
	}
	return fmt.Sprintf("%s/%s (%s/%s)", program, v, runtime.GOOS, runtime.GOARCH)
}

// processRegistry holds what the exporter says of itself.
func processRegistry() (*prometheus.Registry, error) {
	registry := prometheus.NewRegistry()
	for _, c := range []prometheus.Collector{
		versioncollector.NewCollector(program),
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	} {
		if err := registry.Register(c); err != nil {
			return nil, fmt.Errorf("registering the process metrics: %w", err)
		}
	}
	return registry, nil
}

// serve runs until ctx ends or a listener fails, and returns the exit code.
func (a *app) serve(ctx context.Context) int {
	a.logStart()
	failed := a.server.start()
	a.collector.Warm()
	code := exitOK
	select {
	case <-ctx.Done():
		a.log(level.Info(a.logger), "msg", "Shutting down", "cause", context.Cause(ctx))
	case err := <-failed:
		a.log(level.Error(a.logger), "msg", "Serving failed", "err", err)
		code = exitFailed
	}
	a.shutdown(context.WithoutCancel(ctx))
	return code
}

func (a *app) logStart() {
	a.log(level.Info(a.logger), "msg", "Starting "+program, "version", version.Info())
	a.log(level.Info(a.logger), "msg", "Build context", "build", version.BuildContext())
	a.log(level.Info(a.logger), "msg", "Runtime limits",
		"gomaxprocs", runtime.GOMAXPROCS(0), "gomemlimit", debug.SetMemoryLimit(-1))
}

// shutdown ends the counts first: the scrapes that wait for them answer then,
// and the server has nothing left to wait for.
func (a *app) shutdown(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, shutdownTimeout)
	defer cancel()
	a.server.ready.Store(false)
	a.cancel()
	if err := a.server.shutdown(ctx); err != nil {
		a.log(level.Warn(a.logger), "msg", "Connections were cut", "err", err)
	}
	ended := make(chan struct{})
	go func() {
		a.collector.Wait()
		close(ended)
	}()
	select {
	case <-ended:
		a.log(level.Info(a.logger), "msg", "Stopped")
	case <-ctx.Done():
		a.log(level.Warn(a.logger), "msg", "Stopped while a count was running")
	}
}

// log has nobody to tell when the log itself cannot be written.
func (a *app) log(logger log.Logger, keyvals ...any) { _ = logger.Log(keyvals...) }
