package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math"
	"os"
	"runtime"
	"strings"
	"time"

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

// app is a program that is ready to serve: all files have been read, all listeners
// are open.
type app struct {
	flags     *flags
	logger    log.Logger
	collector *collector.Collector
	fleet     *fleet
	server    *server
	// memoryLimit is GOMEMLIMIT in bytes, or math.MaxInt64 when it is not set.
	memoryLimit int64
	// cancel ends the running counts.
	cancel context.CancelFunc
}

// newApp reads the files that the flags name and then opens the listeners, so that
// nothing answers before everything is known to be valid. Nothing is logged until
// then.
func newApp(ctx context.Context, f *flags, env cluster.Env, stderr io.Writer) (*app, error) {
	logger := newLogger(stderr, f.logFormat, f.logLevel)
	adoptLogs(logger)
	if err := web.Validate(*f.web.WebConfigFile); err != nil {
		return nil, fmt.Errorf("--web.config.file=%q: %w", *f.web.WebConfigFile, withoutQuotes(err))
	}
	// The counts outlive ctx until the server has stopped reporting that it is ready.
	process, cancel := context.WithCancel(context.WithoutCancel(ctx))
	a := &app{flags: f, logger: logger, memoryLimit: spareMemory(), cancel: cancel}
	if err := a.open(ctx, process, env); err != nil {
		cancel()
		return nil, err
	}
	return a, nil
}

func (a *app) open(ctx, process context.Context, env cluster.Env) error {
	if err := a.openFleet(ctx, process, env); err != nil {
		return err
	}
	registry, err := processRegistry()
	if err != nil {
		return err
	}
	a.server = newServer(a.flags, toSlog(a.logger, slogLevel(a.flags.logLevel)), newForeign(a.logger, "net/http", time.Now))
	if err := a.server.serveCollector(a.flags, a.collector, registry); err != nil {
		return err
	}
	a.server.mux.HandleFunc("POST "+managementPrefix+"reload", a.reloadHandler)
	return a.server.listen(ctx, process)
}

// openFleet makes the collector and loads the clusters. ctx can end that.
func (a *app) openFleet(ctx, process context.Context, env cluster.Env) error {
	shard := a.flags.share
	cache := a.flags.cache
	cache.Shard, cache.Shards = shard.Index, shard.Count
	cache.Watch = a.flags.mode == string(podcount.ModeWatch)
	a.collector = collector.New(process, a.logger, cache)
	a.flags.pages.Budget = podcount.NewBudget(a.memoryLimit)
	a.flags.pages.Cores = podcount.NewCores(runtime.GOMAXPROCS(0)) // which only reads it
	opts := a.flags.clusters
	opts.Env = env
	opts.UserAgent = userAgent()
	if slogLevel(a.flags.logLevel) <= slog.LevelDebug {
		opts.Plugins = cluster.NewPlugins(a.logPlugin)
	}
	a.fleet = &fleet{
		counting: newCounting(a.flags),
		queue:    reloadQueue{pause: reloadPause},
		loader:   cluster.NewLoader(opts), shard: shard, logger: a.logger, collector: a.collector,
	}
	return a.fleet.start(ctx)
}

// processRegistry has the metrics of the exporter itself.
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

// serve runs until ctx ends or a listener fails, and returns the exit code. On each
// signal in hangups it reads the kubeconfigs again.
func (a *app) serve(ctx context.Context, hangups <-chan os.Signal) int {
	a.logStart()
	failed := a.server.start()
	a.collector.Store.Warm()
	following, stop := context.WithCancel(ctx)
	defer stop()
	go a.follow(following, hangups)
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
	a.log(level.Info(a.logger), "msg", "Clusters", "clusters", len(a.fleet.targets),
		"shard", a.fleet.shard.Index, "shards", a.fleet.shard.Count)
	limits := []any{"msg", "Runtime limits", "gomaxprocs", runtime.GOMAXPROCS(0)}
	if a.memoryLimit < math.MaxInt64 {
		limits = append(limits, "gomemlimit", a.memoryLimit)
	}
	a.log(level.Info(a.logger), limits...)
	if unknown := a.flags.unknownVariables; len(unknown) > 0 {
		a.log(level.Warn(a.logger), "msg", "Ignored variables of the environment that belong to no flag", "variables", strings.Join(unknown, " "))
	}
}

// shutdown ends the counts first: the scrapes that wait for them then answer, and the
// server has nothing left to wait for.
func (a *app) shutdown(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, shutdownTimeout)
	defer cancel()
	a.server.ready.Store(false)
	a.cancel()
	ended := make(chan struct{})
	go func() {
		a.collector.Store.Wait()
		close(ended)
	}()
	if err := a.server.shutdown(ctx); err != nil {
		a.log(level.Warn(a.logger), "msg", "Connections were cut", "err", err)
		ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), lastWait)
		defer cancel()
	}
	select {
	case <-ended:
		a.log(level.Info(a.logger), "msg", "Stopped")
	case <-ctx.Done():
		a.log(level.Warn(a.logger), "msg", "Stopped while a count was running")
	}
}

// logPlugin logs what a credential plugin prints, whatever that is.
func (a *app) logPlugin(cluster, line string) {
	a.log(level.Debug(a.logger), "msg", "Last line of the credential plugin's standard error", "cluster", cluster, "line", line)
}

// log ignores errors: they could only be logged.
func (a *app) log(logger log.Logger, keyvals ...any) { _ = logger.Log(keyvals...) }
